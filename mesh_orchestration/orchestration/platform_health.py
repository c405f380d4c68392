"""Whether Dagster's own parts do their work: daemons that beat, sensors and schedules that tick."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import dagster as dg
from dagster._core.scheduler.instigation import InstigatorState, InstigatorStatus, InstigatorTick, TickStatus

from mesh_orchestration.incidents.signals import Signal

FAILURES = 3
"""Ticks in a row that have to fail before it is an incident: one may have met a restart."""
START_SECONDS = 300.0
_RUNNING = {InstigatorStatus.RUNNING, InstigatorStatus.DECLARED_IN_CODE}


def unwell(instance: dg.DagsterInstance, awake: float, now: float) -> Iterator[Signal]:
    """The daemons that once beat and no longer do, and the sensors and schedules whose last ticks all failed. Daemons
    are given time to beat after ``awake``, when the whole process began (seconds since 1970, as ``now``)."""
    statuses = instance.get_daemon_statuses() if now - awake > START_SECONDS else {}
    for name, status in sorted(statuses.items()):
        if status.required and not status.healthy and status.last_heartbeat is not None:
            errors = "; ".join(error.message.strip() for error in status.last_heartbeat.errors or [])
            text = f"Dagster's daemon {name} is not healthy: {errors or 'it no longer beats'}"
            yield Signal(f"platform/{name.lower()}", "platform", "error", now, "daemon", failing=(name,), error=text)
    for state in instance.all_instigator_state(instigator_statuses=_RUNNING):
        ticks = instance.get_ticks(state.instigator_origin_id, state.selector_id, limit=FAILURES + 1)
        over = [tick for tick in ticks if tick.status != TickStatus.STARTED][:FAILURES]
        failing = len(over) == FAILURES and all(tick.status == TickStatus.FAILURE for tick in over)
        if failing and not _gone(over, now):
            yield _failing(state, over[0])


def _gone(ticks: Sequence[InstigatorTick], now: float) -> bool:
    """Whether so much more time than between ``ticks`` has gone by that what ticked must be gone."""
    return bool(now - ticks[0].timestamp > 5 * (ticks[0].timestamp - ticks[-1].timestamp) + START_SECONDS)


def _failing(state: InstigatorState, tick: InstigatorTick) -> Signal:
    location = state.origin.repository_origin.code_location_origin.location_name
    error = tick.error.message.strip() if tick.error else "no error was kept"
    kind = state.instigator_type.value.lower()
    text = f"The {kind} {state.name} of {location} failed {FAILURES} times in a row: {error}"
    return Signal(
        f"{location}/{state.name}", "platform", "error", tick.timestamp, kind, failing=(state.name,), error=text
    )
