"""The queue of letters: put in with the decision, taken out when the channel takes them.

A letter is claimed before it is sent and written down after: a process that dies in between sends that one letter
again, once its claim has lapsed, and loses none. Several processes may deliver at once.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, Row, func, insert, select, update

from mesh_orchestration.incidents.channels import Channel, DeliveryError, Routes
from mesh_orchestration.incidents.notice import Letter, together
from mesh_orchestration.incidents.policy import Policy
from mesh_orchestration.incidents.store import Store
from mesh_orchestration.incidents.tables import DELIVERIES

CLAIM_SECONDS = 60.0
FIRST_WAIT, LONGEST_WAIT = 10.0, 600.0
LIMIT = 1000
_PROMPT = ("log", "webhook")  # programs read these; neither has a night
_log = logging.getLogger("mesh.alerts")


Waiting = Row[tuple[int, str, float, int, str]]


@dataclass(frozen=True)
class Delivered:
    """What a round of deliveries did: letters sent, and one sentence for each that has to be tried again."""

    sent: int
    waiting: tuple[str, ...]


def enqueue(
    connection: Connection, letter: Letter, channels: Sequence[Channel], *, incident: str, policy: Policy, now: float
) -> None:
    """Put ``letter`` into the queue of each channel, due now, after quiet hours, or with others after a storm."""
    table = DELIVERIES.c
    for channel in channels:
        key = f"{letter.key} {channel.name}"
        if connection.execute(select(table.number).where(table.key == key)).first():
            continue
        lately = (table.channel == channel.name) & (table.queued_at > now - policy.storm_seconds)
        many = connection.execute(select(func.count()).select_from(DELIVERIES).where(lately)).scalar_one()
        due = now + policy.storm_seconds if many >= policy.storm else now
        if policy.quiet and letter.tone != "failure" and channel.name.split(" ")[0] not in _PROMPT:
            due = policy.quiet.over(due)
        connection.execute(
            insert(DELIVERIES).values(
                key=key,
                incident=incident,
                channel=channel.name,
                notice=letter.plain,
                state="waiting",
                queued_at=now,
                due_at=due,
                attempts=0,
                error="",
            )
        )


def deliver(store: Store, routes: Routes, policy: Policy, *, now: float) -> Delivered:
    """Send what is due. Where more than ``policy.storm`` letters wait for one channel they become one. A letter
    that was refused ``policy.attempts`` times is given up and logged; one channel in trouble holds up no other."""
    waiting: dict[str, list[Waiting]] = {}
    for row in _due(store, now):
        waiting.setdefault(row.channel, []).append(row)
    sent, troubles = 0, list[str]()
    down: dict[str, DeliveryError] = {}
    for rows in waiting.values():
        parts = [rows] if len(rows) > policy.storm else [[row] for row in rows]
        for part in parts:
            claimed = _claimed(store, part, now)
            if not claimed:
                continue
            letters = [Letter.of(row.notice) for row in claimed]
            letter = letters[0]
            if len(letters) > 1:
                letter = together(letters, page=routes.page, templates=routes.templates)
            error = _attempt(routes, claimed[0].channel, letter, down)
            _note(store, claimed, error, policy=policy, now=now)
            sent += error is None
            troubles += [f"{letter.title}: {error}"] if error else []
            if error and claimed[0].attempts + 1 >= policy.attempts:
                _log.error("gave up after %d attempts: %s\n%s", policy.attempts, error, letter.text)
    return Delivered(sent, tuple(troubles))


def _due(store: Store, now: float) -> Sequence[Waiting]:
    table = DELIVERIES.c
    wanted = select(table.number, table.channel, table.due_at, table.attempts, table.notice)
    with store.reading() as connection:
        return connection.execute(
            wanted.where(table.state == "waiting", table.due_at <= now).order_by(table.number).limit(LIMIT)
        ).all()


def _claimed(store: Store, rows: Sequence[Waiting], now: float) -> list[Waiting]:
    """Those of ``rows`` that no other process has taken meanwhile; they are ours until the claim lapses."""
    table = DELIVERIES.c
    with store.writing() as connection:
        return [
            row
            for row in rows
            if connection.execute(
                update(DELIVERIES)
                .where(table.number == row.number, table.state == "waiting", table.due_at == row.due_at)
                .values(due_at=now + CLAIM_SECONDS)
            ).rowcount
        ]


def _attempt(routes: Routes, name: str, letter: Letter, down: dict[str, DeliveryError]) -> DeliveryError | None:
    """Send, unless the channel's service was found down a moment ago; the error when that failed."""
    channel = next((one for one in routes.channels(letter.to) if one.name == name), None)
    if channel is None:
        return DeliveryError(f"{name} is no longer set up")
    if error := down.get(channel.service):
        return error
    try:
        channel.send(letter)
    except DeliveryError as failed:
        if failed.down:
            down[channel.service] = failed
        return failed
    return None


def _note(
    store: Store,
    rows: Sequence[Waiting],
    error: DeliveryError | None,
    *,
    policy: Policy,
    now: float,
) -> None:
    """Write down how the sending of ``rows`` went."""
    with store.writing() as connection:
        for row in rows:
            attempts = row.attempts + 1
            if error is None:
                said = {"state": "sent", "sent_at": now, "attempts": attempts, "error": ""}
            elif attempts >= policy.attempts:
                said = {"state": "given up", "attempts": attempts, "error": str(error)}
            else:
                wait = min(LONGEST_WAIT, FIRST_WAIT * 2 ** min(attempts - 1, 10))
                said = {"attempts": attempts, "error": str(error), "due_at": now + wait}
            connection.execute(update(DELIVERIES).where(DELIVERIES.c.number == row.number).values(**said))
