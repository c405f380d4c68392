"""Reading facets and events, whose long facets are kept once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import orjson
from sqlalchemy import Connection, Select, func, select

from mesh_orchestration.catalog import tables_lineage as tables
from mesh_orchestration.catalog.derived import NamedField, fields_of
from mesh_orchestration.catalog.facets import references, resolve
from mesh_orchestration.catalog.known import AT_ONCE, chunks

_facets, _texts = tables.facets.c, tables.texts.c


def facet_query() -> Select[Any]:
    """Reads ``node_id, name, job_id, generation, body`` of what is said of nodes."""
    body = func.coalesce(_facets.body, _texts.body).label("body")
    query = select(_facets.node_id, _facets.name, _facets.job_id, _facets.generation, body)
    return query.select_from(tables.facets.outerjoin(tables.texts, _texts.digest == _facets.digest))


def fields_by_dataset(conn: Connection, ids: Iterable[int]) -> dict[int, list[NamedField]]:
    """The fields that the schema facets of datasets name; nested ones by their path."""
    found: dict[int, list[NamedField]] = {}
    for part in chunks(ids, AT_ONCE):
        for row in conn.execute(facet_query().where(_facets.node_id.in_(part), _facets.name == "schema")):
            found[row.node_id] = fields_of(orjson.loads(row.body))
    return found


def documents(conn: Connection, bodies: Sequence[str]) -> list[dict[str, Any]]:
    """Events as they were sent, from what is kept of them."""
    told = [orjson.loads(body) for body in bodies]
    texts: dict[bytes, Any] = {}
    for part in chunks({one for event in told for one in references(event)}, AT_ONCE):
        for row in conn.execute(select(tables.texts).where(_texts.digest.in_(part))):
            texts[bytes(row.digest)] = orjson.loads(row.body)
    for event in told:
        resolve(event, texts)
    return told
