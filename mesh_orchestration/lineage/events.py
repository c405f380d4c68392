"""RunEvents as documents: one START and one end for each run, and the same document whenever it is made again.

A whole Dagster run is a run of the job ``<location>.<job>``. Below it each asset that a step made, or should
have made, is a run of the job named as the asset; the checks of an asset are a run of ``<asset>.audit`` that
reads it. Documents are plain data, ready for JSON.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from mesh_orchestration.lineage.atlas import Atlas, Node
from mesh_orchestration.lineage.facets import EVENT_SCHEMA, Facets, facet, producer, version
from mesh_orchestration.lineage.names import Key, Name, parent_id, task_id
from mesh_orchestration.lineage.products import contract_facet
from mesh_orchestration.lineage.quality import Checked, quality_facets

Document = dict[str, Any]
State = Literal["START", "COMPLETE", "FAIL", "ABORT"]
ENGINE = "dagster"
_MOST_SQL = 100_000


@dataclass(frozen=True)
class Parent:
    """A Dagster run: ``job`` is ``<location>.<job>``; ``scheduled`` the time it was planned for (ISO 8601), if any;
    ``engine`` Dagster's version."""

    run_id: str
    job: str
    engine: str
    scheduled: str = ""


@dataclass(frozen=True)
class Task:
    """What one step did for one asset. Times are epoch seconds; ``said`` is the plain metadata of the
    materialisation or of the failure; ``sources`` maps each column to the columns it comes from, ``columns`` are
    those written with their types, ``read`` the rows of inputs that the same run wrote. ``parent`` is None for what
    was reported outside any run."""

    key: Key
    parent: Parent | None
    step: str
    began: float
    ended: float
    state: State = "COMPLETE"
    said: Mapping[str, Any] = field(default_factory=dict)
    sources: Mapping[str, Sequence[tuple[Key, str]]] = field(default_factory=dict)
    columns: Sequence[tuple[str, str]] = ()
    read: Mapping[Key, int] = field(default_factory=dict)
    error: str = ""

    def id(self, role: str = "") -> str:
        """The run's UUID; what was reported outside any run is known by its time."""
        run = self.parent.run_id if self.parent else f"{self.ended:.6f}"
        return task_id(run, self.step, self.key, role=role)


def run_event(atlas: Atlas, parent: Parent, state: State, *, at: float, error: str = "") -> Document:
    """The start or the end of a whole Dagster run. It reads and writes nothing itself: its tasks do."""
    facets = _run_facets(parent, error)
    kind = facet("jobType", processingType="BATCH", integration="DAGSTER", jobType="JOB")
    run = {"runId": parent_id(parent.run_id), "facets": facets}
    return _document(state, at, run, _job(atlas, parent.job, {"jobType": kind}))


def task_events(atlas: Atlas, task: Task) -> tuple[Document, Document]:
    """Start and end of what a step did for an asset: it names its inputs and its output also when it failed."""
    node = atlas.node(task.key)
    facets = _parented(atlas, task.parent)
    job = _job(atlas, ".".join(task.key), node.job)
    started = _document(
        "START", task.began, {"runId": task.id(), "facets": facets}, job,
        inputs=_inputs(atlas, node, task, ended=False), outputs=[_output(atlas, node, task, ended=False)],
    )  # fmt: skip
    ended = _document(
        task.state, task.ended, {"runId": task.id(), "facets": facets | _ended(task)},
        _job(atlas, ".".join(task.key), node.job | _sql(atlas, task)),
        inputs=_inputs(atlas, node, task, ended=True), outputs=[_output(atlas, node, task, ended=True)],
    )  # fmt: skip
    return started, ended


def audit_events(atlas: Atlas, task: Task, checks: Sequence[Checked]) -> tuple[Document, Document]:
    """Start and end of the audit of an asset. It is complete when every check was evaluated, whatever they found."""
    node = atlas.node(task.key)
    name = f"{'.'.join(task.key)}.audit"
    kind = facet("jobType", processingType="BATCH", integration="MESH", jobType="AUDIT")
    shared = {key: value for key, value in node.job.items() if key in {"ownership", "sourceCodeLocation"}}
    job = _job(atlas, name, {"jobType": kind, **shared})
    run = {"runId": task.id("audit"), "facets": _parented(atlas, task.parent)}
    dataset = _dataset(node.name, node.facets)
    times = [check.at for check in checks]
    judged = dataset | {"inputFacets": quality_facets(checks, node.product)}
    return (
        _document("START", min([task.began, *times]), run, job, inputs=[dataset]),
        _document("COMPLETE", max(times), run, job, inputs=[judged]),
    )


def _document(
    state: State, at: float, run: Document, job: Document, *,
    inputs: Sequence[Document] = (), outputs: Sequence[Document] = (),
) -> Document:  # fmt: skip
    moment = datetime.fromtimestamp(at, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    return {
        "eventType": state,
        "eventTime": moment,
        "producer": producer(),
        "schemaURL": EVENT_SCHEMA,
        "run": run,
        "job": job,
        "inputs": list(inputs),
        "outputs": list(outputs),
    }


def _job(atlas: Atlas, name: str, facets: Facets) -> Document:
    return {"namespace": atlas.places.namespace, "name": name, "facets": facets}


def _run_facets(parent: Parent, error: str) -> Facets:
    engine = facet("processing_engine", name=ENGINE, version=parent.engine, openlineageAdapterVersion=version())
    found = {"processing_engine": engine}
    if parent.scheduled:
        found["nominalTime"] = facet("nominalTime", nominalStartTime=parent.scheduled)
    return found | _error(error)


def _error(text: str) -> Facets:
    return {"errorMessage": facet("errorMessage", message=text, programmingLanguage="PYTHON")} if text else {}


def _parented(atlas: Atlas, parent: Parent | None) -> Facets:
    if parent is None:
        return {}
    run = {"runId": parent_id(parent.run_id)}
    job = {"namespace": atlas.places.namespace, "name": parent.job}
    above = facet("parent", run=run, job=job, root={"run": run, "job": job})
    return _run_facets(parent, "") | {"parent": above}


def _ended(task: Task) -> Facets:
    found = _error(task.error)
    if policy := task.said.get("mesh/policy_hash"):
        decision = task.said.get("mesh/decision") or None
        found["mesh_policy"] = facet("mesh_policy", policyHash=policy, decision=decision)
    return found


def _sql(atlas: Atlas, task: Task) -> Facets:
    query = task.said.get("mesh/sql")
    if not isinstance(query, str) or len(query) > _MOST_SQL:
        return {}
    return {"sql": facet("sql", query=query, dialect=atlas.places.dialect(task.key[0]))}


def _dataset(name: Name, facets: Facets) -> Document:
    return {"namespace": name.namespace, "name": name.name, "facets": facets}


def _inputs(atlas: Atlas, node: Node, task: Task, *, ended: bool) -> list[Document]:
    known: dict[Name, Key | None] = dict(node.inputs)
    for source in (key for deps in task.sources.values() for key, _ in deps):
        known.setdefault(atlas.places.asset(source), source)
    return [_input(atlas, node, task, name, key, ended=ended) for name, key in known.items()]


def _input(atlas: Atlas, node: Node, task: Task, name: Name, key: Key | None, *, ended: bool) -> Document:
    facets = atlas.facets(name, key)
    if node.port and (snapshot := task.said.get("mesh/input_snapshot")) and ended:
        facets = facets | {"version": facet("version", datasetVersion=str(snapshot))}
    found = _dataset(name, facets)
    rows = task.read.get(key) if key else None
    if node.port:
        rows = task.said.get("mesh/rows_landed")
    elif node.product:
        rows = task.said.get("dagster/row_count", rows)
    measured: Facets = {}
    if ended and isinstance(rows, int):
        measured["inputStatistics"] = facet("inputStatistics", rowCount=rows)
    batches = task.said.get("mesh/batches")
    if ended and node.port and key is None and batches:
        condition = {"type": "location", "locations": [str(batch) for batch in batches]}
        measured["subset"] = facet("subset", inputCondition=condition)
    return found | ({"inputFacets": measured} if measured else {})


def _output(atlas: Atlas, node: Node, task: Task, *, ended: bool) -> Document:
    facets = dict(node.facets)
    if task.columns and not node.product:
        facets["schema"] = facet("schema", fields=[{"name": name, "type": kind} for name, kind in task.columns])
    if lineage := _column_lineage(atlas, node, task):
        facets["columnLineage"] = lineage
    found = _dataset(node.name, facets)
    if not ended:
        return found
    if node.product:
        facets["mesh_contract"] = contract_facet(node.product, task.said)
        if task.state == "COMPLETE":
            facets |= _published(task.said)
    if task.state == "COMPLETE" and (statistics := _statistics(task.said)):
        found["outputFacets"] = {"outputStatistics": facet("outputStatistics", **statistics)}
    return found


def _published(said: Mapping[str, Any]) -> Facets:
    """The Iceberg snapshot, and whether the product began or was written anew with it."""
    snapshot = said.get("mesh/snapshot_id")
    if not snapshot:
        return {}
    change = "OVERWRITE" if said.get("mesh/previous_snapshot_id") else "CREATE"
    return {
        "version": facet("version", datasetVersion=str(snapshot)),
        "lifecycleStateChange": facet("lifecycleStateChange", lifecycleStateChange=change),
    }


def _statistics(said: Mapping[str, Any]) -> dict[str, int]:
    names = {
        "rowCount": ("dagster/row_count", "mesh/rows_landed"),
        "size": ("mesh/bytes",),
        "fileCount": ("mesh/files",),
    }
    found = {word: next((said[key] for key in keys if key in said), None) for word, keys in names.items()}
    return {word: value for word, value in found.items() if isinstance(value, int)}


def _column_lineage(atlas: Atlas, node: Node, task: Task) -> dict[str, Any] | None:
    fields = {
        column: {"inputFields": [_field(atlas.places.asset(key), source) for key, source in deps]}
        for column, deps in (task.sources or _copied(node)).items()
        if deps
    }
    if not fields and node.port:
        (source,) = node.inputs
        names = node.port.options.get("names", {})
        columns = node.port.options.get("columns", {})
        fields = {name: {"inputFields": [_field(source, names.get(name, name), "IDENTITY")]} for name in columns}
    return facet("columnLineage", fields=fields) if fields else None


def _copied(node: Node) -> Mapping[str, Sequence[tuple[Key, str]]]:
    """A product holds each column as its mart does."""
    mart = next(iter(node.inputs.values()), None)
    return {name: [(mart, name)] for name in node.product.columns} if node.product and mart else {}


def _field(name: Name, column: str, subtype: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {"namespace": name.namespace, "name": name.name, "field": column}
    return found | ({"transformations": [{"type": "DIRECT", "subtype": subtype}]} if subtype else {})
