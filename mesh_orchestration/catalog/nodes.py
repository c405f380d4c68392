"""Reading datasets, jobs, namespaces and tags, also those of foreign producers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

import orjson
from sqlalchemy import ColumnElement, Connection, Row, Table, and_, func, or_, select, tuple_

from mesh_orchestration.catalog import tables_lineage as tables
from mesh_orchestration.catalog.known import AT_ONCE, chunks
from mesh_orchestration.catalog.lineage_model import (
    Dataset,
    Field,
    Job,
    Kind,
    Namespace,
    NodeKey,
    Owner,
    Page,
    Tag,
)
from mesh_orchestration.catalog.runs import latest_runs
from mesh_orchestration.catalog.texts import facet_query, fields_by_dataset
from mesh_orchestration.moments import moment

_LEAST = -(2**62)
nodes = tables.nodes


def resolve(conn: Connection, text: str) -> NodeKey | None:
    """The node written ``dataset:<namespace>:<name>`` or ``job:…``; both parts may hold colons."""
    kind, _, rest = text.partition(":")
    parts = rest.split(":")
    ways = [(":".join(parts[:cut]), ":".join(parts[cut:])) for cut in range(1, len(parts))][:50]
    if kind not in {"dataset", "job"} or not ways:
        return None
    named = or_(*(and_(nodes.c.namespace == namespace, nodes.c.name == name) for namespace, name in ways))
    row = conn.execute(select(nodes.c.namespace, nodes.c.name).where(nodes.c.kind == kind, named)).first()
    return NodeKey("job" if kind == "job" else "dataset", row[0], row[1]) if row else None


def namespaces(conn: Connection, *, limit: int = 100, offset: int = 0) -> Page[Namespace]:
    """All namespaces, by name."""
    first, last = func.min(nodes.c.created_at), func.max(nodes.c.updated_at)
    query = select(nodes.c.namespace, first, last).group_by(nodes.c.namespace).order_by(nodes.c.namespace)
    total = conn.execute(select(func.count(nodes.c.namespace.distinct()))).scalar_one()
    rows = conn.execute(query.limit(limit).offset(offset))
    return Page(tuple(Namespace(row[0], moment(row[1]), moment(max(row[1], row[2]))) for row in rows), total)


def datasets(
    conn: Connection, namespace: str = "", *, tag: str = "", dropped: bool = False, limit: int = 100, offset: int = 0
) -> Page[Dataset]:
    """Datasets by namespace and name; all namespaces when none is given; those dropped or renamed only on request."""
    wanted = [nodes.c.kind == "dataset", *([nodes.c.namespace == namespace] if namespace else [])]
    if tag:
        wanted.append(nodes.c.id.in_(select(tables.tags.c.node_id).where(tables.tags.c.key == tag)))
    if not dropped:
        written = func.coalesce(nodes.c.written_at, _LEAST)
        wanted.append(func.coalesce(nodes.c.dropped_at, _LEAST - 1) < written)
        wanted.append(func.coalesce(nodes.c.renamed_at, _LEAST - 1) < written)
    rows, total = _page(conn, wanted, limit, offset)
    return Page(_datasets(conn, rows), total)


def dataset(conn: Connection, namespace: str, name: str) -> Dataset | None:
    """One dataset, also when it was dropped."""
    key = NodeKey("dataset", namespace, name)
    return datasets_named(conn, [key]).get(key)


def datasets_named(conn: Connection, keys: Iterable[NodeKey]) -> dict[NodeKey, Dataset]:
    """Those datasets among the nodes that there are, also when they were dropped."""
    return {one.key: one for one in _datasets(conn, _named(conn, "dataset", keys))}


def jobs(conn: Connection, namespace: str = "", *, limit: int = 100, offset: int = 0) -> Page[Job]:
    """Jobs by namespace and name; all namespaces when none is given."""
    wanted = [nodes.c.kind == "job", *([nodes.c.namespace == namespace] if namespace else [])]
    rows, total = _page(conn, wanted, limit, offset)
    return Page(_jobs(conn, rows), total)


def job(conn: Connection, namespace: str, name: str) -> Job | None:
    """One job."""
    key = NodeKey("job", namespace, name)
    return jobs_named(conn, [key]).get(key)


def jobs_named(conn: Connection, keys: Iterable[NodeKey]) -> dict[NodeKey, Job]:
    """Those jobs among the nodes that there are."""
    return {one.key: one for one in _jobs(conn, _named(conn, "job", keys))}


def tags(conn: Connection, *, limit: int = 100, offset: int = 0) -> Page[Tag]:
    """Each tag once, with how often it is used."""
    table = tables.tags
    grouped = select(table.c.key, table.c.value, func.count().label("uses")).group_by(table.c.key, table.c.value)
    total = conn.execute(select(func.count()).select_from(grouped.subquery())).scalar_one()
    rows = conn.execute(grouped.order_by(table.c.key, table.c.value).limit(limit).offset(offset))
    return Page(tuple(Tag(row[0], row[1], uses=row[2]) for row in rows), total)


def _named(conn: Connection, kind: Kind, keys: Iterable[NodeKey]) -> list[Row[Any]]:
    found: list[Row[Any]] = []
    for part in chunks((key for key in keys if key.kind == kind), AT_ONCE):
        place = tuple_(nodes.c.kind, nodes.c.namespace, nodes.c.name)
        found += conn.execute(select(nodes).where(place.in_([tuple(key) for key in part])))
    return found


def _page(
    conn: Connection, wanted: Sequence[ColumnElement[bool]], limit: int, offset: int
) -> tuple[Sequence[Row[Any]], int]:
    total = conn.execute(select(func.count()).select_from(nodes).where(*wanted)).scalar_one()
    query = select(nodes).where(*wanted).order_by(nodes.c.namespace, nodes.c.name).limit(limit).offset(offset)
    return conn.execute(query).all(), total


def keys_of(conn: Connection, ids: Iterable[int | None]) -> dict[int, NodeKey]:
    """The names of nodes by their number."""
    found: dict[int, NodeKey] = {}
    for part in chunks({one for one in ids if one is not None}, AT_ONCE):
        query = select(nodes.c.id, nodes.c.kind, nodes.c.namespace, nodes.c.name).where(nodes.c.id.in_(part))
        found.update({row.id: NodeKey(_kind(row.kind), row.namespace, row.name) for row in conn.execute(query)})
    return found


def _kind(text: str) -> Kind:
    return "job" if text == "job" else "dataset"


def _datasets(conn: Connection, rows: Sequence[Row[Any]]) -> tuple[Dataset, ...]:
    ids = [row.id for row in rows]
    said, labels, people = _facets(conn, ids), _tags(conn, ids), _owners(conn, ids)
    fields, others = fields_by_dataset(conn, ids), _lists(conn, tables.aliases, ids)
    renamed = keys_of(conn, [row.renamed_to for row in rows])
    return tuple(
        Dataset(
            key=NodeKey("dataset", row.namespace, row.name),
            created_at=moment(row.created_at), updated_at=moment(max(row.created_at, row.updated_at)),
            written_at=moment(row.written_at) if row.written_at is not None else None,
            description=row.description or "",
            fields=tuple(
                Field(one.name, one.type or "", one.description or "",
                      tuple(tag.label for tag in labels[row.id] if tag.field == one.name))
                for one in fields.get(row.id, ())
            ),
            tags=tuple(labels[row.id]), owners=tuple(people[row.id]),
            aliases=tuple(NodeKey("dataset", one.namespace, one.name) for one in others[row.id]),
            facets=said[row.id], version=row.version or "", lifecycle=row.lifecycle or "",
            dropped=_gone(row.dropped_at, row) or _gone(row.renamed_at, row),
            renamed_to=renamed[row.renamed_to] if _gone(row.renamed_at, row) else None,
        )
        for row in rows
    )  # fmt: skip


def _gone(at: int | None, row: Row[Any]) -> bool:
    return at is not None and (row.written_at is None or at >= row.written_at)


def _jobs(conn: Connection, rows: Sequence[Row[Any]]) -> tuple[Job, ...]:
    ids = [row.id for row in rows]
    said, labels, people = _facets(conn, ids), _tags(conn, ids), _owners(conn, ids)
    ends, above, last = _edges(conn, ids), keys_of(conn, [row.parent_id for row in rows]), latest_runs(conn, ids)
    return tuple(
        Job(
            key=NodeKey("job", row.namespace, row.name),
            created_at=moment(row.created_at), updated_at=moment(max(row.created_at, row.updated_at)),
            description=row.description or "", type=row.job_type or "", location=row.location or "",
            parent=above.get(row.parent_id), tags=tuple(labels[row.id]), owners=tuple(people[row.id]),
            inputs=tuple(ends[row.id, False]), outputs=tuple(ends[row.id, True]),
            facets={name: one for name, one in said[row.id].items() if name != "parent"},
            latest_run=last.get(row.id),
        )
        for row in rows
    )  # fmt: skip


def _edges(conn: Connection, jobs: Sequence[int]) -> defaultdict[tuple[int, bool], list[NodeKey]]:
    """What jobs read and write now, by name."""
    table = tables.edges
    found: defaultdict[tuple[int, bool], list[NodeKey]] = defaultdict(list)
    for part in chunks(jobs, AT_ONCE):
        query = (
            select(table.c.job_id, table.c.writes, nodes.c.namespace, nodes.c.name)
            .join(nodes, nodes.c.id == table.c.dataset_id)
            .where(table.c.job_id.in_(part), table.c.current.is_(True))
            .order_by(nodes.c.namespace, nodes.c.name)
        )
        for row in conn.execute(query):
            found[row.job_id, bool(row.writes)].append(NodeKey("dataset", row.namespace, row.name))
    return found


def _facets(conn: Connection, ids: Sequence[int]) -> dict[int, dict[str, Any]]:
    """The facets of nodes; of a dataset's column lineage that of the last job that wrote it."""
    table = tables.facets
    found: dict[int, dict[str, Any]] = {one: {} for one in ids}
    for part in chunks(ids, AT_ONCE):
        query = facet_query().where(table.c.node_id.in_(part)).order_by(table.c.name, table.c.generation)
        for row in conn.execute(query):
            facet = orjson.loads(row.body)
            if not facet.get("_deleted"):
                found[row.node_id][row.name] = facet
    return found


def _tags(conn: Connection, ids: Sequence[int]) -> defaultdict[int, list[Tag]]:
    rows = _lists(conn, tables.tags, ids)
    return defaultdict(list, {
        node: [Tag(one.key, one.value, one.field or "", one.source or "") for one in found]
        for node, found in rows.items()
    })  # fmt: skip


def _owners(conn: Connection, ids: Sequence[int]) -> defaultdict[int, list[Owner]]:
    rows = _lists(conn, tables.owners, ids)
    return defaultdict(list, {node: [Owner(one.name, one.type or "") for one in found] for node, found in rows.items()})


def _lists(conn: Connection, table: Table, ids: Sequence[int]) -> defaultdict[int, list[Row[Any]]]:
    """The rows of a table that belong to each node, in their order."""
    owner, *rest = table.primary_key.columns
    found: defaultdict[int, list[Row[Any]]] = defaultdict(list)
    for part in chunks(ids, AT_ONCE):
        for row in conn.execute(select(table).where(owner.in_(part)).order_by(owner, *rest)):
            found[row[0]].append(row)
    return found
