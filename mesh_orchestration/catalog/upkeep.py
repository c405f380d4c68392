"""Writing what a batch of events changed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import Connection, Delete, Insert, Table, bindparam, delete
from sqlalchemy.dialects import postgresql, sqlite

from mesh_orchestration.catalog import tables_lineage as tables
from mesh_orchestration.catalog.derived import aliases_of, owners_of, sources_named, tags_of, text_of
from mesh_orchestration.catalog.facets import Facet
from mesh_orchestration.catalog.fold import PARENT, Fold
from mesh_orchestration.catalog.known import Known, Node
from mesh_orchestration.catalog.lineage_model import NodeKey
from mesh_orchestration.catalog.openlineage import LIFECYCLE, named

_NAME, _RUN = frozenset({"kind", "namespace", "name"}), frozenset({"run"})
Row = tuple[Any, ...]
Json = Mapping[str, Any]
Require = Callable[[Iterable[tuple[NodeKey, int]]], None]
"""Makes sure that nodes are known; those that are new begin at the time given."""


def write(conn: Connection, fold: Fold, known: Known, require: Require, generation: int) -> bool:
    """Write what the fold changed; returns whether other names mean one dataset than before."""
    _mentioned(fold, known, require)
    facets = [(node, name, facet.value) for (_, name, _), (node, facet) in fold.facets.items() if name in _READ]
    reshaped = fold.reshaped | _rename(fold, known)
    for node, name, facet in facets:
        _describe(node, name, facet, known)
    edges = [(job, dataset, writes, current, generation) for (job, dataset, writes), current in fold.edges().items()]
    upsert(conn, tables.nodes, [node.row() for node in (fold.touched | known.fresh).values()], constant=_NAME)
    known.fresh.clear()
    upsert(conn, tables.edges, edges)
    upsert(conn, tables.runs, [run.row() for run in fold.runs.values()], constant=_RUN)
    _versions(conn, fold)
    _facets(conn, fold, known, generation)
    _lists(conn, facets)
    return reshaped or any(name == "symlinks" for _, name, _ in fold.facets)


def insert(conn: Connection, table: Table, rows: Sequence[Row]) -> None:
    """Insert rows, each in the order of the table's columns."""
    if rows:
        _execute(conn, table, _insert(table, conn.dialect.name), rows)


def keep(conn: Connection, known: set[bytes], facets: Iterable[Facet]) -> None:
    """Keep the texts of facets, each once; ``known`` are those that are kept, and becomes it."""
    new = {facet.digest: facet for facet in facets if facet.digest not in known}
    if new:
        statement = _add(tables.texts, conn.dialect.name)
        _execute(conn, tables.texts, statement, [(digest, facet.text.decode()) for digest, facet in new.items()])
        known.update(new)


def upsert(
    conn: Connection, table: Table, rows: Sequence[Row], *, constant: frozenset[str] = frozenset(), earliest: str = ""
) -> None:
    """Insert the rows or replace those with their key, all but the columns ``constant``; with ``earliest`` only where
    that column is less."""
    if rows:
        _execute(conn, table, _upsert(table, conn.dialect.name, constant, earliest), rows)


def _execute(conn: Connection, table: Table, statement: Insert | str, rows: Sequence[Row]) -> None:
    if isinstance(statement, str):
        conn.exec_driver_sql(statement, list(rows))
    else:
        names = [column.name for column in table.c]
        conn.execute(statement, [dict(zip(names, row, strict=True)) for row in rows])


@cache
def _insert(table: Table, dialect: str) -> Insert | str:
    return _ready(table.insert(), dialect)


@cache
def _add(table: Table, dialect: str) -> Insert | str:
    statement = (sqlite.insert if dialect == "sqlite" else postgresql.insert)(table)
    return _ready(statement.on_conflict_do_nothing(), dialect)


@cache
def _upsert(table: Table, dialect: str, constant: frozenset[str], earliest: str) -> Insert | str:
    statement = (sqlite.insert if dialect == "sqlite" else postgresql.insert)(table)
    keys = [column.name for column in table.primary_key]
    others = {
        one.name: statement.excluded[one.name] for one in table.c if one.name not in keys and one.name not in constant
    }
    where = statement.excluded[earliest] < table.c[earliest] if earliest else None
    return _ready(statement.on_conflict_do_update(index_elements=keys, set_=others, where=where), dialect)


def _ready(statement: Insert, dialect: str) -> Insert | str:
    """As text for SQLite: its driver takes rows as they are, in half the time of a statement with names."""
    return str(statement.compile(dialect=sqlite.dialect())) if dialect == "sqlite" else statement


@cache
def _delete(table: Table, *keys: str) -> Delete:
    """Deletes the rows with these keys, which are given by their names."""
    return delete(table).where(*(table.c[key] == bindparam(key) for key in keys))


def _mentioned(fold: Fold, known: Known, require: Require) -> None:
    """Make sure of the nodes that facets name; each begins when it was first named."""
    found: dict[NodeKey, int] = {}
    for at, name, facet in fold.mentions:
        above = named(facet.value, "job") if name == PARENT else None
        for key in [above] if above else sources_named(facet.value):
            found[key] = min(at, found.get(key, at))
    for at, key, _ in fold.renames:
        found[key] = min(at, found.get(key, at))
    require(found.items())
    for key, at in found.items():
        node = known.nodes[key]
        if at < node.created_at:
            node.created_at = at
            fold.touched[node.id] = node


def _rename(fold: Fold, known: Known) -> bool:
    """Give renamed datasets their new names; returns whether any got one."""
    changed = False
    for at, key, new in fold.renames:
        old = known.nodes[key]
        said = (at, new.id)
        if old.id != new.id and (old.renamed_at is None or said > (old.renamed_at, old.renamed_to or 0)):
            old.renamed_at, old.renamed_to = said
            fold.touched[old.id] = old
            changed = True
    return changed


def _describe(node: Node, name: str, facet: Json, known: Known) -> None:
    """Set the columns of the node that follow from one facet."""
    if name == "documentation":
        node.description = text_of(facet.get("description"))
    elif name == LIFECYCLE:
        node.lifecycle = text_of(facet.get(LIFECYCLE), 40)
    elif name == "jobType":
        node.job_type = text_of(facet.get("integration"), 200)
    elif name == "sourceCodeLocation":
        node.location = text_of(facet.get("url"))
    elif name == PARENT and node.kind == "job" and (above := named(facet, "job")):
        node.parent_id = known.nodes[above].id


def _versions(conn: Connection, fold: Fold) -> None:
    upsert(conn, tables.versions, [(*key, *said) for key, said in fold.versions.items()], earliest="at")


def _facets(conn: Connection, fold: Fold, known: Known, generation: int) -> None:
    keep(conn, known.texts, (facet for _, facet in fold.facets.values() if facet.is_long))
    rows = [
        (node, name, job, generation, facet.digest, None if facet.is_long else facet.text.decode())
        for (node, name, job), (_, facet) in fold.facets.items()
    ]
    upsert(conn, tables.facets, rows)


_LISTS: Mapping[str, tuple[Table, Callable[[Json], Sequence[Row]]]] = {
    "tags": (tables.tags, tags_of),
    "ownership": (tables.owners, owners_of),
    "symlinks": (
        tables.aliases,
        lambda said: [(key.namespace, key.name, kind) for key, kind in aliases_of(said).items()],
    ),
}
_READ = {"documentation", LIFECYCLE, "jobType", "sourceCodeLocation", PARENT, *_LISTS}


def _lists(conn: Connection, facets: Sequence[tuple[Node, str, Json]]) -> None:
    """Write the lists that facets hold in place of those that they held before."""
    for word, (table, rows_of) in _LISTS.items():
        owner = next(iter(table.primary_key)).name
        found = [(node, facet) for node, name, facet in facets if name == word]
        if not found:
            continue
        conn.execute(_delete(table, owner), [{owner: node.id} for node, _ in found])
        numbered = "position" in table.c
        rows = [
            (node.id, position, *row) if numbered else (node.id, *row)
            for node, facet in found
            for position, row in enumerate(rows_of(facet))
        ]
        insert(conn, table, rows)
