"""From Dagster's events to the events that incidents are made from."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

import dagster as dg
from dagster import DagsterEventType, EventLogEntry

from mesh_orchestration.contract.address import Address
from mesh_orchestration.incidents.events import (
    CheckEvaluated,
    Event,
    Finding,
    FreshnessChanged,
    Published,
    RunEnded,
    StepFailed,
)
from mesh_orchestration.orchestration.reasons import error_text

TYPES = (
    DagsterEventType.ASSET_CHECK_EVALUATION,
    DagsterEventType.ASSET_MATERIALIZATION,
    DagsterEventType.FRESHNESS_STATE_CHANGE,
    DagsterEventType.RUN_SUCCESS,
    DagsterEventType.RUN_FAILURE,
)
_STEP_EVENTS = {
    DagsterEventType.STEP_FAILURE,
    DagsterEventType.STEP_SUCCESS,
    DagsterEventType.ASSET_MATERIALIZATION_PLANNED,
}

_DRIFTED = re.compile(r"column \S+: (not in the file|found .+), expected |drifted from its contract")
"""How input ports and engines say that something has not the shape that its contract expects."""


def alert_events(instance: dg.DagsterInstance, entries: tuple[tuple[int, EventLogEntry], ...]) -> Iterator[Event]:
    """The events among ``entries`` that concern products or runs, in the same order."""
    for number, entry in entries:
        event = entry.dagster_event
        data: Any = event.event_specific_data if event else None
        match entry.dagster_event_type:
            case DagsterEventType.ASSET_CHECK_EVALUATION:
                if address := address_of(data.asset_key):
                    yield _check(number, entry, address, data)
            case DagsterEventType.ASSET_MATERIALIZATION:
                if address := address_of(data.materialization.asset_key):
                    yield Published(number, entry.timestamp, address, entry.run_id)
            case DagsterEventType.FRESHNESS_STATE_CHANGE:
                if address := address_of(data.key):
                    yield _freshness(instance, number, data, address)
            case _:
                yield _run(instance, number, entry)


def address_of(key: dg.AssetKey | None) -> str:
    """The address of the product that ``key`` stands for; empty when it is no product."""
    try:
        return str(Address.parse(".".join(key.path))) if key else ""
    except ValueError:
        return ""


def _check(number: int, entry: EventLogEntry, address: str, data: Any) -> CheckEvaluated:
    blocking = data.severity == dg.AssetCheckSeverity.ERROR and data.blocking is not False
    finding = _finding(data.check_name, data.metadata)
    return CheckEvaluated(number, entry.timestamp, address, entry.run_id, bool(data.passed), blocking, finding)


def _finding(check: str, metadata: Mapping[str, Any]) -> Finding:
    def value(name: str) -> Any:
        return getattr(metadata.get(name), "value", None)

    def number(name: str) -> int | None:
        found = value(name)
        return int(found) if isinstance(found, int | float) and not math.isnan(found) else None

    def text(name: str) -> str:
        found = value(name)
        return "" if found is None else str(found)

    sample = value("sample")
    return Finding(
        check,
        expectation=text("expectation"),
        column=text("column"),
        observed=text("observed_value"),
        threshold=text("threshold"),
        rows=number("rows"),
        unexpected=number("unexpected_count"),
        sample=len(sample) if isinstance(sample, list | tuple) else 0,
        exception=text("exception"),
    )


def _freshness(instance: dg.DagsterInstance, number: int, data: Any, address: str) -> FreshnessChanged:
    last = instance.get_latest_materialization_event(data.key)
    at = last.timestamp if last else None
    return FreshnessChanged(number, data.state_change_timestamp, address, data.new_state.value, at)


def _run(instance: dg.DagsterInstance, number: int, entry: EventLogEntry) -> RunEnded:
    """What the run's steps did. A run that was purged meanwhile says only that it ended."""
    run = instance.get_run_by_id(entry.run_id)
    origin = run.remote_job_origin if run else None
    location = origin.location_name if origin else ""
    job = f"{location}/{entry.job_name}" if location else str(entry.job_name)
    assets: dict[str, list[dg.AssetKey]] = {}
    errors: dict[str, str] = {}
    done: list[str] = []
    for record in instance.get_records_for_run(entry.run_id, of_type=_STEP_EVENTS).records:
        event = record.event_log_entry.dagster_event
        if event is None:
            continue
        step = str(event.step_key)
        if event.event_type == DagsterEventType.ASSET_MATERIALIZATION_PLANNED and event.asset_key:
            assets.setdefault(step, []).append(event.asset_key)
        elif event.event_type == DagsterEventType.STEP_FAILURE:
            errors[step] = _error(event)
        elif event.event_type == DagsterEventType.STEP_SUCCESS:
            done.append(step)
    failed = entry.dagster_event_type == DagsterEventType.RUN_FAILURE
    failures = tuple(_step(step, assets.get(step, []), error, job) for step, error in errors.items())
    if failed and not failures:
        message = entry.dagster_event.message if entry.dagster_event else ""
        failures = (StepFailed(job, (), message or "the run failed before its first step"),)
    finished = tuple("/".join(key.path) for step in done for key in assets.get(step, []))
    return RunEnded(number, entry.timestamp, entry.run_id, job, failures if failed else (), finished)


def _step(step: str, keys: list[dg.AssetKey], error: str, job: str) -> StepFailed:
    """A step that makes one product is that product's; one that makes more is its domain's."""
    names = tuple(sorted("/".join(key.path) for key in keys))
    address = address_of(keys[0]) if len(keys) == 1 else ""
    domains = {key.path[0] for key in keys}
    subject = address or (domains.pop() if len(domains) == 1 else job)
    return StepFailed(subject, names, f"Step {step}: {error}", drift=bool(_DRIFTED.search(error)))


def _error(event: dg.DagsterEvent) -> str:
    return error_text(getattr(event.event_specific_data, "error", None)) or event.message or "failed"
