"""From Dagster's event log to OpenLineage's documents.

Only what both of Dagster's stores keep in one log starts a document: the start and the end of runs, and
materialisations. Everything else of a run (when steps began, why they failed, what was planned, what checks
found) is looked up in the run, so a document depends on nothing but the log and is the same when it is made again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import dagster as dg
from dagster import DagsterEventType as Type
from dagster import EventLogEntry
from dagster._core.definitions.asset_checks.asset_check_evaluation import AssetCheckEvaluation
from dagster._core.storage.tags import SCHEDULED_EXECUTION_TIME_TAG

from mesh_orchestration.contract.mesh import load_mesh
from mesh_orchestration.impact.readers import readers
from mesh_orchestration.lineage.atlas import Atlas
from mesh_orchestration.lineage.events import Document, Parent, State, Task, audit_events, run_event, task_events
from mesh_orchestration.lineage.names import Key
from mesh_orchestration.lineage.quality import Checked
from mesh_orchestration.orchestration.reasons import failure_text
from mesh_orchestration.settings import Settings

TYPES = (
    Type.RUN_START,
    Type.ASSET_MATERIALIZATION,
    Type.ASSET_CHECK_EVALUATION,
    Type.RUN_SUCCESS,
    Type.RUN_FAILURE,
    Type.RUN_CANCELED,
)
_LOOKED_UP = {
    Type.ASSET_MATERIALIZATION_PLANNED,
    Type.ASSET_CHECK_EVALUATION,
    Type.ASSET_MATERIALIZATION,
    Type.STEP_START,
    Type.STEP_FAILURE,
    Type.RUN_START,
}
_ENDS: Mapping[Type, State] = {
    Type.RUN_SUCCESS: "COMPLETE",
    Type.RUN_FAILURE: "FAIL",
    Type.RUN_CANCELED: "ABORT",
}
ASSETS = "assets"
"""The job that Dagster makes of assets by itself has no name but one with underscores around it."""
Step = tuple[str, Key]


def atlas_of(settings: Settings) -> Atlas:
    """The atlas of the mesh as its contracts and models are now."""
    mesh = load_mesh(settings)
    reading = readers(mesh, settings.root, settings.home)
    return Atlas(settings, mesh, lambda domain: reading.domain(domain).models)


@dataclass
class RunLog:
    """What the log holds of one run: times are epoch seconds, keys are paths."""

    parent: Parent
    began: float | None = None
    planned: dict[Step, None] = field(default_factory=dict)
    started: dict[str, float] = field(default_factory=dict)
    failed: dict[str, EventLogEntry] = field(default_factory=dict)
    made: dict[Step, EventLogEntry] = field(default_factory=dict)
    checks: dict[Step, list[EventLogEntry]] = field(default_factory=dict)

    @cached_property
    def rows(self) -> Mapping[Key, int]:
        """How many rows the run left in each asset, where it told."""
        found: dict[Key, int] = {}
        for (_, key), entry in self.made.items():
            rows = _said(_materialization(entry).metadata).get("dagster/row_count")
            if isinstance(rows, int):
                found[key] = rows
        return found

    def note(self, entry: EventLogEntry) -> None:
        """Take in one event."""
        event = entry.dagster_event
        if event is None:
            return
        step = str(event.step_key or "")
        match event.event_type:
            case Type.RUN_START:
                self.began = entry.timestamp
            case Type.ASSET_MATERIALIZATION_PLANNED if event.asset_key:
                self.planned[step, tuple(event.asset_key.path)] = None
            case Type.STEP_START:
                self.started.setdefault(step, entry.timestamp)
            case Type.STEP_FAILURE:
                self.failed[step] = entry
            case Type.ASSET_MATERIALIZATION:
                self.made[step, tuple(_materialization(entry).asset_key.path)] = entry
            case Type.ASSET_CHECK_EVALUATION:
                self.checks.setdefault((step, tuple(_evaluation(entry).asset_key.path)), []).append(entry)


class Teller:
    """Makes documents of events. It reads each run once, so it lives no longer than the events it is given."""

    def __init__(self, instance: dg.DagsterInstance, atlas: Callable[[], Atlas]) -> None:
        self._instance, self._find_atlas = instance, atlas
        self._runs: dict[str, RunLog] = {}

    @cached_property
    def _atlas(self) -> Atlas:
        return self._find_atlas()

    def documents(self, entry: EventLogEntry) -> Iterator[Document]:
        """The documents that one event stands for, in order; most checks stand for none of their own."""
        kind = entry.dagster_event_type
        if kind == Type.RUN_START:
            yield run_event(self._atlas, self._run(entry).parent, "START", at=entry.timestamp)
        elif kind == Type.ASSET_MATERIALIZATION:
            yield from task_events(self._atlas, self._task(entry))
        elif kind == Type.ASSET_CHECK_EVALUATION and not entry.run_id:
            yield from self._audit("", tuple(_evaluation(entry).asset_key.path), [entry], None)
        elif kind in _ENDS:
            yield from self._end(entry, _ENDS[kind])

    def _end(self, entry: EventLogEntry, state: State) -> Iterator[Document]:
        log = self._run(entry)
        if log.began is None:  # it ended before it began: its process never came up
            yield run_event(self._atlas, log.parent, "START", at=entry.timestamp)
        for (step, key), checks in log.checks.items():
            yield from self._audit(step, key, checks, log)
        why = _why(entry, log) if state != "COMPLETE" else ""
        for step, key in log.planned:
            if (step, key) not in log.made:
                yield from task_events(self._atlas, self._unmade(log, step, key, entry, state))
        yield run_event(self._atlas, log.parent, state, at=entry.timestamp, error=why)

    def _task(self, entry: EventLogEntry) -> Task:
        """The task of a materialisation."""
        found = _materialization(entry)
        key = tuple(found.asset_key.path)
        step = str(entry.step_key or "")
        log = self._run(entry) if entry.run_id else None
        return Task(
            key,
            log.parent if log else None,
            step,
            log.started.get(step, entry.timestamp) if log else entry.timestamp,
            entry.timestamp,
            said=_said(found.metadata),
            sources=_sources(found.metadata),
            columns=_columns(found.metadata),
            read={asset: rows for asset, rows in log.rows.items() if asset != key} if log else {},
        )

    def _unmade(self, log: RunLog, step: str, key: Key, end: EventLogEntry, state: State) -> Task:
        """The task of what a step should have made: failed with its step, or stopped with its run."""
        began = log.started.get(step)
        failure = log.failed.get(step)
        if failure and failure.dagster_event:
            data = failure.dagster_event.step_failure_data.user_failure_data
            said = _said(data.metadata) if data else {}
            told = failure_text(failure.dagster_event)
            return Task(key, log.parent, step, began or failure.timestamp, failure.timestamp, "FAIL", said, error=told)
        if began is None:
            why = f"it was not begun, because the run ended before: {_why(end, log)}"
            return Task(key, log.parent, step, end.timestamp, end.timestamp, "ABORT", error=why)
        if state == "COMPLETE":
            why = f"step {step} ended without making it"
            return Task(key, log.parent, step, began, end.timestamp, "ABORT", error=why)
        return Task(key, log.parent, step, began, end.timestamp, state, error=_why(end, log))

    def _audit(self, step: str, key: Key, entries: list[EventLogEntry], log: RunLog | None) -> Iterator[Document]:
        checks = tuple(_checked(entry) for entry in entries)
        times = [check.at for check in checks]
        began = log.started.get(step, min(times)) if log else min(times)
        yield from audit_events(self._atlas, Task(key, log.parent if log else None, step, began, max(times)), checks)

    def _run(self, entry: EventLogEntry) -> RunLog:
        if entry.run_id not in self._runs:
            log = RunLog(_parent(self._instance, entry))
            for record in self._instance.get_records_for_run(entry.run_id, of_type=_LOOKED_UP).records:
                log.note(record.event_log_entry)
            self._runs[entry.run_id] = log
        return self._runs[entry.run_id]


def _parent(instance: dg.DagsterInstance, entry: EventLogEntry) -> Parent:
    """The run of an event; one that was purged meanwhile is known by what the event says."""
    run = instance.get_run_by_id(entry.run_id)
    origin = run.remote_job_origin if run else None
    named = str(entry.job_name or "")
    job = named if named.strip("_") == named and named else ASSETS
    name = f"{origin.location_name}.{job}" if origin else job
    scheduled = run.tags.get(SCHEDULED_EXECUTION_TIME_TAG, "") if run else ""
    return Parent(entry.run_id, name, dg.__version__, scheduled)


def _why(entry: EventLogEntry, log: RunLog) -> str:
    """Why the run ended: the reason of its first failed step, else what the event says."""
    for step, failure in log.failed.items():
        if failure.dagster_event:
            return f"step {step}: {failure_text(failure.dagster_event)}"
    event = entry.dagster_event
    return (event.message if event else "") or "the run ended"


def _materialization(entry: EventLogEntry) -> dg.AssetMaterialization:
    found = entry.asset_materialization
    if found is None:
        raise TypeError(f"event {entry.dagster_event_type} holds no materialization")
    return found


def _evaluation(entry: EventLogEntry) -> AssetCheckEvaluation:
    event = entry.dagster_event
    data: Any = event.event_specific_data if event else None
    found: AssetCheckEvaluation = data
    return found


def _checked(entry: EventLogEntry) -> Checked:
    found = _evaluation(entry)
    blocks = found.severity == dg.AssetCheckSeverity.ERROR
    said = _said(found.metadata)
    return Checked(found.check_name, bool(found.passed), "error" if blocks else "warn", entry.timestamp, said)


def _said(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Metadata as plain values."""
    return {name: getattr(value, "value", value) for name, value in metadata.items()}


def _sources(metadata: Mapping[str, Any]) -> dict[str, list[tuple[Key, str]]]:
    value = getattr(metadata.get("dagster/column_lineage"), "value", None)
    if not isinstance(value, dg.TableColumnLineage):
        return {}
    return {
        column: [(tuple(dep.asset_key.path), dep.column_name) for dep in deps]
        for column, deps in value.deps_by_column.items()
    }


def _columns(metadata: Mapping[str, Any]) -> list[tuple[str, str]]:
    value = getattr(metadata.get("dagster/column_schema"), "value", None)
    return [(column.name, column.type) for column in value.columns] if isinstance(value, dg.TableSchema) else []
