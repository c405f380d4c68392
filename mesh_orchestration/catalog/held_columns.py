"""Which column is made of which, in memory: read at the first question, then only what is newer.

Columns are many and mostly have few descendants: they are followed when asked, and the answer kept until something
changes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

from sqlalchemy import ColumnElement, Connection, Engine, select, tuple_

from mesh_orchestration.catalog import tables_lineage as tables
from mesh_orchestration.catalog.collection import no_collection
from mesh_orchestration.catalog.fold import COLUMNS
from mesh_orchestration.catalog.held import Held
from mesh_orchestration.catalog.known import AT_ONCE, chunks
from mesh_orchestration.catalog.lineage_model import ColumnKey, NodeKey
from mesh_orchestration.catalog.nodes import keys_of

_BEFORE = -1
_MOST_KEPT = 20_000

Teller = tuple[int, int]
"""A dataset, and the job that tells where its columns come from (0: an event about the dataset itself)."""
Told = tuple[int, str | None]
"""Which job tells that one column is made of another (0: none), and how (JSON)."""
Adjacent = defaultdict[int, dict[int, list[Told]]]


@dataclass(eq=False)
class HeldColumns:
    """The columns of one database; use it while holding the lock of ``Held``. Columns are numbers."""

    mark: tuple[str, int] = ("", 0)
    generation: int = _BEFORE
    keys: list[ColumnKey] = field(default_factory=list)
    numbers: dict[ColumnKey, int] = field(default_factory=dict)
    ahead: Adjacent = field(default_factory=lambda: defaultdict(dict))
    behind: Adjacent = field(default_factory=lambda: defaultdict(dict))
    _tellers: dict[Teller, list[tuple[int, int, Told]]] = field(default_factory=dict)
    _of: dict[NodeKey, list[int]] = field(default_factory=dict)
    _reached: dict[int, tuple[ColumnKey, ...]] = field(default_factory=dict)

    def reached(self, column: ColumnKey) -> tuple[ColumnKey, ...]:
        """All columns that are made of the column."""
        start = self.numbers.get(column)
        if start is None:
            return ()
        if start not in self._reached:
            if len(self._reached) >= _MOST_KEPT:
                self._reached.clear()
            found = _reach(start, self.ahead)
            self._reached[start] = tuple(map(self.keys.__getitem__, found))
        return self._reached[start]

    def of_dataset(self, dataset: NodeKey, field: str = "") -> list[int]:
        """The columns of a dataset that are made of others or that others are made of; one of them if it is named."""
        if field:
            number = self.numbers.get(ColumnKey(dataset.namespace, dataset.name, field))
            return [] if number is None else [number]
        return self._of.get(dataset, [])

    def refresh(self, conn: Connection, held: Held) -> None:
        """Take in what was written since the last time; ``held`` is fresh."""
        if self.generation != held.generation:
            with no_collection():
                self._take(conn, held)
            self.mark, self.generation = held.mark, held.generation
            self._reached.clear()

    def _take(self, conn: Connection, held: Held) -> None:
        facets, edges = tables.facets, tables.edges
        newer = select(facets.c.node_id, facets.c.job_id).where(
            facets.c.generation > self.generation, facets.c.name == COLUMNS
        )
        turned = select(edges.c.dataset_id, edges.c.job_id).where(
            edges.c.generation > self.generation, edges.c.writes.is_(True)
        )
        changed = {(row[0], row[1]) for query in (newer, turned) for row in conn.execute(query)}
        for teller in changed & self._tellers.keys():
            self._forget(teller)
        now = {(dataset, job) for dataset, job in changed if not job or held.writes(job, dataset)}
        place = tuple_(tables.columns.c.dataset_id, tables.columns.c.job_id)
        if self.generation == _BEFORE:
            self._read(conn, held, now, None)
        else:
            for part in chunks(now, AT_ONCE):
                self._read(conn, held, now, place.in_(part))

    def _read(self, conn: Connection, held: Held, now: set[Teller], where: ColumnElement[bool] | None) -> None:
        query = select(tables.columns)
        rows = [
            row
            for row in conn.execute(query if where is None else query.where(where)).all()
            if (row.dataset_id, row.job_id) in now
        ]
        names = keys_of(conn, {held.canonical(one) for row in rows for one in (row.dataset_id, row.source_id)})
        all_of = _fields_of(conn, {row.dataset_id for row in rows if row.field is None})
        for row in rows:
            target, source = names[held.canonical(row.dataset_id)], names[held.canonical(row.source_id)]
            from_column = self._number(ColumnKey(*source[1:], row.source_field))
            for name in [row.field] if row.field is not None else all_of[row.dataset_id]:
                to_column = self._number(ColumnKey(*target[1:], name))
                told = (row.job_id, row.transformations)
                self._add((row.dataset_id, row.job_id), from_column, to_column, told)

    def _number(self, key: ColumnKey) -> int:
        number = self.numbers.setdefault(key, len(self.keys))
        if number == len(self.keys):
            self.keys.append(key)
            self._of.setdefault(key.dataset, []).append(number)
        return number

    def _add(self, teller: Teller, source: int, column: int, told: Told) -> None:
        self._tellers.setdefault(teller, []).append((source, column, told))
        tellings = self.ahead[source].setdefault(column, [])
        tellings.append(told)
        self.behind[column][source] = tellings

    def _forget(self, teller: Teller) -> None:
        for source, column, told in self._tellers.pop(teller):
            tellings = self.ahead[source][column]
            tellings.remove(told)
            if not tellings:
                del self.ahead[source][column], self.behind[column][source]


def _reach(start: int, place: Adjacent) -> list[int]:
    seen, waiting = {start}, [start]
    while waiting:
        for other in place.get(waiting.pop(), ()):
            if other not in seen:
                seen.add(other)
                waiting.append(other)
    seen.discard(start)
    return sorted(seen)


def _fields_of(conn: Connection, datasets: Iterable[int]) -> defaultdict[int, list[str]]:
    """The names of the fields of datasets, as their schema facets have them."""
    found: defaultdict[int, list[str]] = defaultdict(list)
    table = tables.fields
    for part in chunks(datasets, AT_ONCE):
        query = select(table.c.dataset_id, table.c.name).where(table.c.dataset_id.in_(part))
        for row in conn.execute(query.order_by(table.c.dataset_id, table.c.position)):
            found[row.dataset_id].append(row.name)
    return found


_HELD: WeakKeyDictionary[Engine, HeldColumns] = WeakKeyDictionary()


def columns_of(conn: Connection, held: Held) -> HeldColumns:
    """What this process holds of the database's columns, fresh; the caller has ``held``'s lock and refreshed it."""
    found = _HELD.get(conn.engine)
    if found is None or found.mark != held.mark:
        found = _HELD[conn.engine] = HeldColumns()
    found.refresh(conn, held)
    return found
