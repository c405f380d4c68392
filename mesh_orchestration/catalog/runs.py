"""Reading runs, the versions that they wrote, and the events that told of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, func, select

from mesh_orchestration.catalog import tables_lineage as tables
from mesh_orchestration.catalog.known import AT_ONCE, chunks
from mesh_orchestration.catalog.lineage_model import DatasetVersion, Facets, NodeKey, Page, Run, RunDataset
from mesh_orchestration.catalog.texts import documents
from mesh_orchestration.moments import microseconds, moment

_MOST_EVENTS = 200  # of one run: the newest, of a run that never ends
_runs, _nodes, _events, _versions = tables.runs, tables.nodes, tables.events, tables.versions


def runs(conn: Connection, namespace: str, job: str, *, limit: int = 100, offset: int = 0) -> Page[Run]:
    """Runs of a job, the newest first."""
    named = (_nodes.c.kind == "job", _nodes.c.namespace == namespace, _nodes.c.name == job)
    total = conn.execute(
        select(func.count()).select_from(_runs).join(_nodes, _nodes.c.id == _runs.c.job_id).where(*named)
    ).scalar_one()
    newest = _run_query().where(*named).order_by(_runs.c.first_at.desc(), _runs.c.id.desc())
    return Page(tuple(_run(row) for row in conn.execute(newest.limit(limit).offset(offset))), total)


def run(conn: Connection, run_id: str) -> Run | None:
    """One run with its facets, inputs and outputs."""
    row = conn.execute(_run_query().where(_runs.c.run == run_id.lower())).first()
    if row is None:
        return None
    said = select(_events.c.body).where(_events.c.run_id == row.id)
    rows = conn.execute(said.order_by(_events.c.at.desc(), _events.c.id.desc()).limit(_MOST_EVENTS))
    told = documents(conn, [row.body for row in rows])[::-1]
    facets = _merged(one["run"].get("facets") for one in told)
    return _run(row, facets, _touched(told, "inputs"), _touched(told, "outputs"))


def latest_runs(conn: Connection, jobs: Sequence[int]) -> dict[int, Run]:
    """The newest run of each job (by the job's number)."""
    found: dict[int, Run] = {}
    for part in chunks(jobs, AT_ONCE):
        last = select(_runs.c.job_id, func.max(_runs.c.first_at).label("at")).where(_runs.c.job_id.in_(part))
        newest = last.group_by(_runs.c.job_id).subquery()
        same = and_(_runs.c.job_id == newest.c.job_id, _runs.c.first_at == newest.c.at)
        rows = conn.execute(_run_query().join(newest, same).order_by(_runs.c.id))
        found.update({row.job_id: _run(row) for row in rows})
    return found


def dataset_versions(
    conn: Connection, namespace: str, name: str, *, limit: int = 100, offset: int = 0
) -> Page[DatasetVersion]:
    """What was written to a dataset, the newest first."""
    key = NodeKey("dataset", namespace, name)
    owner = _id_of(key)
    total = conn.execute(select(func.count()).where(_versions.c.dataset_id == owner)).scalar_one()
    query = _version_query().where(_versions.c.dataset_id == owner)
    rows = conn.execute(query.order_by(_versions.c.at.desc(), _versions.c.event_id.desc()).limit(limit).offset(offset))
    return Page(_versions_of(conn, key, rows.all()), total)


def dataset_version(conn: Connection, namespace: str, name: str, version: str) -> DatasetVersion | None:
    """One version of a dataset."""
    key = NodeKey("dataset", namespace, name)
    query = _version_query().where(_versions.c.dataset_id == _id_of(key), _versions.c.version == version)
    return next(iter(_versions_of(conn, key, conn.execute(query).all())), None)


def events(
    conn: Connection, *, after: datetime | None = None, before: datetime | None = None, newest_first: bool = True,
    limit: int = 100, offset: int = 0,
) -> Page[dict[str, Any]]:  # fmt: skip
    """The events themselves, by event time; ``after`` counts in, ``before`` does not."""
    wanted = [
        *([_events.c.at >= microseconds(after)] if after else []),
        *([_events.c.at < microseconds(before)] if before else []),
    ]
    total = conn.execute(select(func.count()).select_from(_events).where(*wanted)).scalar_one()
    order = (_events.c.at.desc(), _events.c.id.desc()) if newest_first else (_events.c.at, _events.c.id)
    rows = conn.execute(select(_events.c.body).where(*wanted).order_by(*order).limit(limit).offset(offset))
    return Page(tuple(documents(conn, [row.body for row in rows])), total)


def _run_query() -> Select[Any]:
    return select(_runs, _nodes.c.namespace, _nodes.c.name).join(_nodes, _nodes.c.id == _runs.c.job_id)


def _run(
    row: Row[Any], facets: Facets | None = None,
    inputs: tuple[RunDataset, ...] = (), outputs: tuple[RunDataset, ...] = (),
) -> Run:  # fmt: skip
    return Run(
        id=row.run, job=NodeKey("job", row.namespace, row.name), state=row.state,
        started_at=moment(row.first_at), updated_at=moment(row.last_at), ended_at=_moment(row.ended_at),
        nominal_start=_moment(row.nominal_start), nominal_end=_moment(row.nominal_end),
        parent=row.parent_run or "", inputs=inputs, outputs=outputs, facets=facets or {},
    )  # fmt: skip


def _touched(told: Sequence[dict[str, Any]], part: str) -> tuple[RunDataset, ...]:
    """Datasets that any event of the run names, with what they say together; what was said last counts."""
    found: dict[NodeKey, dict[str, Any]] = {}
    for event in told:
        for said in event.get(part) or ():
            facets = found.setdefault(NodeKey("dataset", said["namespace"], said["name"]), {})
            facets.update(_all_facets(said))
    return tuple(
        RunDataset(key, str((facets.get("version") or {}).get("datasetVersion") or ""), _merged([facets]))
        for key, facets in found.items()
    )


def _all_facets(said: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for place in ("facets", "inputFacets", "outputFacets"):
        facets = said.get(place)
        if isinstance(facets, dict):
            found |= {name: facet for name, facet in facets.items() if isinstance(facet, dict)}
    return found


def _merged(said: Iterable[dict[str, Any] | None]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for facets in said:
        found |= facets or {}
    return {name: facet for name, facet in found.items() if not facet.get("_deleted")}


def _version_query() -> Select[Any]:
    return (
        select(_versions, _runs.c.run, _events.c.body)
        .join(_events, _events.c.id == _versions.c.event_id)
        .outerjoin(_runs, _runs.c.id == _versions.c.run_id)
    )


def _versions_of(conn: Connection, key: NodeKey, rows: Sequence[Row[Any]]) -> tuple[DatasetVersion, ...]:
    told = documents(conn, [row.body for row in rows])
    return tuple(_version(key, row, event) for row, event in zip(rows, told, strict=True))


def _version(key: NodeKey, row: Row[Any], event: dict[str, Any]) -> DatasetVersion:
    said = [event["dataset"]] if "dataset" in event else event.get("outputs") or ()
    own = [_all_facets(one) for one in said if (one["namespace"], one["name"]) == key[1:]]
    job = event.get("job")
    made_by = NodeKey("job", job["namespace"], job["name"]) if job else None
    return DatasetVersion(key, row.version, moment(row.at), row.run or "", made_by, row.lifecycle or "", _merged(own))


def _id_of(key: NodeKey) -> Any:
    named = (_nodes.c.kind == key.kind, _nodes.c.namespace == key.namespace, _nodes.c.name == key.name)
    return select(_nodes.c.id).where(*named).scalar_subquery()


def _moment(at: int | None) -> datetime | None:
    return moment(at) if at is not None else None
