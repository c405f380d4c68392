"""Read Dagster's event log from a cursor on: every event once, none lost, on SQLite and PostgreSQL."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass

from dagster import DagsterEventType, DagsterInstance, EventLogEntry

SETTLE_SECONDS = 3.0
LIMIT = 500


@dataclass(frozen=True)
class Tail:
    """Events by ascending storage id, and the id to go on from (-1: nothing was read yet)."""

    entries: tuple[tuple[int, EventLogEntry], ...]
    cursor: int


def tail(
    instance: DagsterInstance,
    cursor: int,
    types: Iterable[DagsterEventType],
    *,
    settle: float = SETTLE_SECONDS,
    limit: int = LIMIT,
) -> Tail:
    """The events of ``types`` with an id above ``cursor``; at most about ``limit`` of each type at once.

    PostgreSQL gives ids before it commits, so that a lower id can appear after a higher one: events younger
    than ``settle`` seconds are left for the next call, and so is everything behind them. Types are read one
    by one; where one was cut off at ``limit``, no other type is read past that point. SQLite gives the ids
    of deleted newest rows out again: a cursor beyond the newest id steps back to it.
    """
    horizon = time.time() - settle  # before the first read, so that a slow read cannot settle what it missed
    newest = instance.event_log_storage.get_maximum_record_id()
    cursor = min(cursor, -1 if newest is None else newest)
    found: dict[int, EventLogEntry] = {}
    ceiling: int | None = None
    for kind in types:
        rows = instance.event_log_storage.get_logs_for_all_runs_by_log_id(
            after_cursor=cursor, dagster_event_type={kind}, limit=limit
        )
        found.update(rows)
        if len(rows) >= limit:
            ceiling = min(max(rows), max(rows) if ceiling is None else ceiling)
    settled = []
    for number in sorted(found):
        if (ceiling is not None and number > ceiling) or found[number].timestamp > horizon:
            break
        settled.append((number, found[number]))
    return Tail(tuple(settled), settled[-1][0] if settled else cursor)
