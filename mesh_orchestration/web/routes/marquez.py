"""Reading lineage as from Marquez: namespaces, datasets and their versions, jobs, runs, tags, events, search."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import Annotated, Any, Literal, cast

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from sqlalchemy import Connection
from starlette.responses import Response

from mesh_orchestration.catalog import nodes, runs
from mesh_orchestration.catalog.found import Looked, find
from mesh_orchestration.catalog.found import namespace as one_namespace
from mesh_orchestration.catalog.lineage_model import DatasetVersion, Job, NodeKey, Page, Run
from mesh_orchestration.moments import in_utc
from mesh_orchestration.web import marquez as shape
from mesh_orchestration.web.context import CurrentCatalog
from mesh_orchestration.web.errors import as_json, not_found
from mesh_orchestration.web.names import EncodedName

router = APIRouter(prefix="/api/v1", tags=["Marquez"])

Limit = Annotated[int, Query(ge=0, le=1000)]
Offset = Annotated[int, Query(ge=0, le=10_000_000)]


@router.get("/namespaces")
def namespaces(catalog: CurrentCatalog, limit: Limit = 100, offset: Offset = 0) -> Response:
    """Every namespace that an event named."""
    with catalog.reading() as conn:
        found = nodes.namespaces(conn, limit=limit, offset=offset)
    said = [_namespace(one.name, one.created_at, one.updated_at) for one in found.items]
    return as_json({"namespaces": said, "totalCount": found.total})


@router.get("/namespaces/{namespace}")
def namespace(catalog: CurrentCatalog, namespace: EncodedName) -> Response:
    """One namespace."""
    with catalog.reading() as conn:
        found = one_namespace(conn, namespace)
    if found is None:
        raise not_found(f"there is no namespace '{namespace}'")
    return as_json(_namespace(found.name, found.created_at, found.updated_at))


@router.get("/namespaces/{namespace}/datasets")
def datasets(catalog: CurrentCatalog, namespace: EncodedName, limit: Limit = 100, offset: Offset = 0) -> Response:
    """The datasets of a namespace, but for those dropped or renamed."""
    with catalog.reading() as conn:
        found = nodes.datasets(conn, namespace, limit=limit, offset=offset)
    return as_json({"datasets": list(map(shape.dataset_json, found.items)), "totalCount": found.total})


@router.get("/namespaces/{namespace}/datasets/{name}")
def dataset(catalog: CurrentCatalog, namespace: EncodedName, name: EncodedName) -> Response:
    """One dataset."""
    with catalog.reading() as conn:
        found = nodes.dataset(conn, namespace, name)
    if found is None:
        raise not_found(f"there is no dataset '{name}' in namespace '{namespace}'")
    return as_json(shape.dataset_json(found))


@router.get("/namespaces/{namespace}/datasets/{name}/versions")
def dataset_versions(
    catalog: CurrentCatalog, namespace: EncodedName, name: EncodedName, limit: Limit = 100, offset: Offset = 0
) -> Response:
    """What was written to a dataset, the newest first."""
    with catalog.reading() as conn:
        if nodes.dataset(conn, namespace, name) is None:
            raise not_found(f"there is no dataset '{name}' in namespace '{namespace}'")
        found = runs.dataset_versions(conn, namespace, name, limit=limit, offset=offset)
        said = [shape.version_json(one, runs.run(conn, one.run) if one.run else None) for one in found.items]
    return as_json({"versions": said, "totalCount": found.total})


@router.get("/namespaces/{namespace}/datasets/{name}/versions/{version}")
def dataset_version(
    catalog: CurrentCatalog, namespace: EncodedName, name: EncodedName, version: EncodedName
) -> Response:
    """One version, by its own name or by the UUID that stands for it."""
    with catalog.reading() as conn:
        found = runs.dataset_version(conn, namespace, name, version) or _by_id(conn, namespace, name, version)
        if found is None:
            raise not_found(f"there is no version '{version}' of dataset '{name}'")
        run = runs.run(conn, found.run) if found.run else None
    return as_json(shape.version_json(found, run))


@router.get("/jobs")
def all_jobs(catalog: CurrentCatalog, limit: Limit = 100, offset: Offset = 0) -> Response:
    """Jobs of every namespace."""
    return _jobs(catalog, "", limit, offset)


@router.get("/namespaces/{namespace}/jobs")
def jobs(catalog: CurrentCatalog, namespace: EncodedName, limit: Limit = 100, offset: Offset = 0) -> Response:
    """The jobs of a namespace."""
    return _jobs(catalog, namespace, limit, offset)


@router.get("/namespaces/{namespace}/jobs/{name}")
def job(catalog: CurrentCatalog, namespace: EncodedName, name: EncodedName) -> Response:
    """One job with its newest runs."""
    with catalog.reading() as conn:
        found = _job(conn, namespace, name)
        latest = runs.runs(conn, namespace, name, limit=10).items
    return as_json(shape.job_json(found, latest))


@router.get("/namespaces/{namespace}/jobs/{name}/versions")
def job_versions(catalog: CurrentCatalog, namespace: EncodedName, name: EncodedName) -> Response:
    """The job as it is now; earlier versions are not kept."""
    with catalog.reading() as conn:
        found = _job(conn, namespace, name)
    return as_json({"versions": [shape.job_version_json(found)], "totalCount": 1})


@router.get("/namespaces/{namespace}/jobs/{name}/runs")
def job_runs(
    catalog: CurrentCatalog, namespace: EncodedName, name: EncodedName, limit: Limit = 100, offset: Offset = 0
) -> Response:
    """The runs of a job, the newest first."""
    with catalog.reading() as conn:
        _job(conn, namespace, name)
        found = runs.runs(conn, namespace, name, limit=limit, offset=offset)
    return as_json({"runs": list(map(shape.run_json, found.items)), "totalCount": found.total})


@router.get("/jobs/runs/{run_id}")
def run(catalog: CurrentCatalog, run_id: EncodedName) -> Response:
    """One run with what it read and wrote."""
    with catalog.reading() as conn:
        return as_json(shape.run_json(_run(conn, run_id)))


@router.get("/jobs/runs/{run_id}/facets")
def run_facets(catalog: CurrentCatalog, run_id: EncodedName, type: Literal["run", "job"]) -> Response:  # noqa: A002
    """The facets of a run, or those of its job."""
    with catalog.reading() as conn:
        found = _run(conn, run_id)
        facets = found.facets if type == "run" else _job(conn, found.job.namespace, found.job.name).facets
    return as_json({"runId": found.id, "facets": facets})


@router.get("/tags")
def tags(catalog: CurrentCatalog, limit: Limit = 100, offset: Offset = 0) -> Response:
    """Every tag that is used."""
    with catalog.reading() as conn:
        found = nodes.tags(conn, limit=limit, offset=offset)
    said = [{"name": one.label, "description": None, "uses": one.uses} for one in found.items]
    return as_json({"tags": said, "totalCount": found.total})


@router.get("/events", include_in_schema=False)
@router.get("/events/lineage")
def events(
    catalog: CurrentCatalog,
    before: datetime | None = None,
    after: datetime | None = None,
    sortDirection: Literal["asc", "desc", "ASC", "DESC"] = "desc",  # noqa: N803
    limit: Limit = 100,
    offset: Offset = 0,
) -> Response:
    """The events as they came, by their own time."""
    newest_first = sortDirection.lower() == "desc"
    with catalog.reading() as conn:
        found: Page[dict[str, Any]] = runs.events(
            conn,
            after=after and in_utc(after),
            before=before and in_utc(before),
            newest_first=newest_first,
            limit=limit,
            offset=offset,
        )
    return as_json({"events": list(found.items), "totalCount": found.total})


class Search(BaseModel):
    """What ``/search`` may be asked, in Marquez's words."""

    q: str = Field(min_length=1, max_length=1024)
    filter: Literal["", "dataset", "job", "DATASET", "JOB"] = ""
    sort: Literal["name", "updated_at", "NAME", "UPDATE_AT"] = "name"
    namespace: str = ""
    after: date | None = None
    before: date | None = None
    limit: int = Field(default=10, ge=0, le=1000)


@router.get("/search")
def search(catalog: CurrentCatalog, asked: Annotated[Search, Query()]) -> Response:
    """Datasets and jobs whose name is like ``q``; ``%`` stands for any text, ``_`` for one character."""
    kind = cast('Literal["", "dataset", "job"]', asked.filter.lower())
    looked = Looked(asked.q, kind, asked.namespace, _midnight(asked.after), _midnight(asked.before))
    with catalog.reading() as conn:
        found = find(conn, looked, newest_first=asked.sort.lower() != "name", limit=asked.limit)
    said = [
        {
            "type": one.key.kind.upper(),
            "name": one.key.name,
            "updatedAt": one.updated_at,
            "namespace": one.key.namespace,
            "nodeId": str(one.key),
        }
        for one in found.items
    ]
    return as_json({"totalCount": found.total, "results": said})


def _namespace(name: str, created: datetime, updated: datetime) -> dict[str, Any]:
    return {"name": name, "createdAt": created, "updatedAt": updated, "ownerName": "", "description": None,
            "isHidden": False}  # fmt: skip


def _jobs(catalog: CurrentCatalog, namespace: str, limit: int, offset: int) -> Response:
    with catalog.reading() as conn:
        found = nodes.jobs(conn, namespace, limit=limit, offset=offset)
    return as_json({"jobs": list(map(shape.job_json, found.items)), "totalCount": found.total})


def _job(conn: Connection, namespace: str, name: str) -> Job:
    found = nodes.job(conn, namespace, name)
    if found is None:
        raise not_found(f"there is no job '{name}' in namespace '{namespace}'")
    return found


def _run(conn: Connection, run_id: str) -> Run:
    found = runs.run(conn, run_id)
    if found is None:
        raise not_found(f"there is no run '{run_id}'")
    return found


def _by_id(conn: Connection, namespace: str, name: str, ident: str) -> DatasetVersion | None:
    """The version that a UUID of ours stands for."""
    key, offset, step = NodeKey("dataset", namespace, name), 0, 500
    while page := runs.dataset_versions(conn, namespace, name, limit=step, offset=offset).items:
        for one in page:
            if shape.version_id(key, one.version) == ident:
                return one
        offset += step
    return None


def _midnight(day: date | None) -> datetime | None:
    return datetime.combine(day, time(), UTC) if day else None
