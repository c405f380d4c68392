"""Incidents: one for each cause, opened once, escalated once, closed with a word about how long it took.

``fold`` is pure: the same open incidents and the same events give the same messages with the same keys,
so that a batch which is read again after a failed delivery is recognised.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from mesh_orchestration.incidents.events import (
    CheckEvaluated,
    Event,
    Finding,
    FreshnessChanged,
    Published,
    RunEnded,
)

Kind = Literal["contract", "check", "freshness", "run"]
Level = Literal["warn", "error"]
Transition = Literal["opened", "escalated", "recovered"]
_NAMESPACE = uuid.UUID("6d657368-0000-4000-8000-616c65727473")


@dataclass(frozen=True)
class Incident:
    """An open cause. ``subject`` is a product's address, a domain or ``location/job``; ``failing`` are the
    checks or assets that must pass again; ``event`` and ``opened_at`` are the event that opened it."""

    subject: str
    kind: Kind
    level: Level
    event: int
    opened_at: float
    run_id: str = ""
    check: str = ""
    failing: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """What makes it the same incident: subject, kind and, for a check that does not block, the check."""
        return f"{self.subject} {self.kind}" + (f" {self.check}" if self.check else "")

    @property
    def id(self) -> str:
        """A UUID that is the same whenever the same event opens the same incident."""
        return str(uuid.uuid5(_NAMESPACE, f"{self.key} {self.event}"))


@dataclass(frozen=True)
class Message:
    """One thing to tell: an incident opened, got worse or is over. ``at`` is when, in seconds since 1970."""

    incident: Incident
    transition: Transition
    at: float
    run_id: str = ""
    findings: tuple[Finding, ...] = ()
    error: str = ""
    last_published: float | None = None

    @property
    def key(self) -> str:
        """The idempotency key: equal for every attempt to say the same thing."""
        return f"{self.incident.id}:{self.transition}"


Incidents = Mapping[str, Incident]


def fold(incidents: Incidents, events: Iterable[Event]) -> tuple[dict[str, Incident], tuple[Message, ...]]:
    """The open incidents after ``events`` (in the order of their ids), and what must be told."""
    ordered = sorted(events, key=lambda event: event.id)
    state = _Fold(dict(incidents), [], _refusals(ordered))
    for event in ordered:
        state.take(event)
    return state.open, tuple(state.messages)


def _refusals(events: Iterable[Event]) -> dict[tuple[str, str], tuple[Finding, ...]]:
    """The failed blocking checks of each (run, address): together they are one cause."""
    found: dict[tuple[str, str], tuple[Finding, ...]] = {}
    for event in events:
        if isinstance(event, CheckEvaluated) and event.blocking and not event.passed:
            key = (event.run_id, event.address)
            found[key] = (*found.get(key, ()), event.finding)
    return found


@dataclass
class _Fold:
    open: dict[str, Incident]
    messages: list[Message]
    refusals: Mapping[tuple[str, str], tuple[Finding, ...]]

    def take(self, event: Event) -> None:
        if isinstance(event, CheckEvaluated):
            self._check(event)
        elif isinstance(event, Published):
            self._published(event)
        elif isinstance(event, FreshnessChanged):
            self._freshness(event)
        else:
            self._run(event)

    def _check(self, event: CheckEvaluated) -> None:
        name = event.finding.check
        if event.passed:
            self._passed(event, name)
        elif event.blocking:
            findings = self.refusals[event.run_id, event.address]
            self._open(
                Incident(
                    event.address,
                    "contract",
                    "error",
                    event.id,
                    event.at,
                    run_id=event.run_id,
                    failing=tuple(sorted({finding.check for finding in findings})),
                ),
                findings=findings,
            )
        else:
            incident = Incident(
                event.address, "check", "warn", event.id, event.at, run_id=event.run_id, check=name, failing=(name,)
            )
            self._open(incident, findings=(event.finding,))

    def _passed(self, event: CheckEvaluated, name: str) -> None:
        self._close(f"{event.address} check {name}", event, event.run_id)
        key = f"{event.address} contract"
        incident = self.open.get(key)
        if incident is None or (event.run_id, event.address) in self.refusals or incident.run_id == event.run_id:
            return
        failing = tuple(check for check in incident.failing if check != name)
        self.open[key] = replace(incident, failing=failing)
        if not failing:
            self._close(key, event, event.run_id)

    def _published(self, event: Published) -> None:
        self._close(f"{event.address} run", event, event.run_id)
        if (event.run_id, event.address) not in self.refusals:
            self._close(f"{event.address} contract", event, event.run_id)

    def _freshness(self, event: FreshnessChanged) -> None:
        key = f"{event.address} freshness"
        if event.state in ("WARN", "FAIL"):
            level: Level = "warn" if event.state == "WARN" else "error"
            incident = Incident(event.address, "freshness", level, event.id, event.at)
            self._open(incident, last_published=event.last_published)
        elif event.state == "PASS":
            self._close(key, event)
        elif event.state == "NOT_APPLICABLE":
            self.open.pop(key, None)

    def _run(self, event: RunEnded) -> None:
        done = {*event.done} if event.failures else {*event.done, event.job}
        for key, incident in list(self.open.items()):
            if incident.kind == "run":
                left = tuple(name for name in incident.failing if name not in done)
                self.open[key] = replace(incident, failing=left)
                if not left:
                    self._close(key, event, event.run_id)
        for failure in event.failures:
            refused = self.open.get(f"{failure.subject} contract")
            if refused and refused.run_id == event.run_id:
                continue  # the refused publication is the cause, and it was told
            failing = failure.assets or (event.job,)
            incident = Incident(
                failure.subject, "run", "error", event.id, event.at, run_id=event.run_id, failing=failing
            )
            self._open(incident, error=failure.error)

    def _open(self, new: Incident, **facts: Any) -> None:
        known = self.open.get(new.key)
        if known is None:
            self.open[new.key] = new
            self.messages.append(Message(new, "opened", new.opened_at, run_id=new.run_id, **facts))
            return
        worse = known.level == "warn" and new.level == "error"
        failing = {*known.failing, *new.failing} if new.kind == "run" else new.failing
        merged = replace(
            known,
            level=new.level if worse else known.level,  # it never gets better while it is open
            run_id=new.run_id or known.run_id,
            failing=tuple(sorted(failing)),
        )
        self.open[new.key] = merged
        if worse:
            self.messages.append(Message(merged, "escalated", new.opened_at, run_id=new.run_id, **facts))

    def _close(self, key: str, event: Event, run_id: str = "") -> None:
        incident = self.open.pop(key, None)
        if incident is not None:
            self.messages.append(Message(incident, "recovered", event.at, run_id=run_id))
