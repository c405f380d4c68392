"""Which column is made of which, in memory: read at the first question, then only what is newer.

Columns are many and mostly have few descendants: they are followed when asked, and the answer kept until something
changes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

import orjson
from sqlalchemy import Connection, Engine, select, tuple_

from mesh_orchestration.catalog import tables_lineage as tables
from mesh_orchestration.catalog.collection import no_collection
from mesh_orchestration.catalog.derived import sources_of
from mesh_orchestration.catalog.fold import COLUMNS
from mesh_orchestration.catalog.held import Held
from mesh_orchestration.catalog.known import AT_ONCE, chunks
from mesh_orchestration.catalog.lineage_model import ColumnKey, NodeKey
from mesh_orchestration.catalog.nodes import keys_of
from mesh_orchestration.catalog.texts import facet_query, fields_by_dataset

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
        for part in chunks(now, AT_ONCE):
            self._read(conn, held, part)

    def _read(self, conn: Connection, held: Held, tellers: Sequence[Teller]) -> None:
        place = tuple_(tables.facets.c.node_id, tables.facets.c.job_id)
        query = facet_query().where(tables.facets.c.name == COLUMNS, place.in_(tellers))
        told = {(row.node_id, row.job_id): sources_of(orjson.loads(row.body)) for row in conn.execute(query)}
        names = keys_of(conn, {held.canonical(dataset) for dataset, _ in told})
        of_rows = {dataset for (dataset, _), sources in told.items() if any(one.field is None for one in sources)}
        all_of = fields_by_dataset(conn, of_rows)
        for teller, sources in told.items():
            dataset, job = teller
            target = names[held.canonical(dataset)]
            for one in sources:
                source = self._number(ColumnKey(*held.name_of(one.dataset)[1:], one.column))
                fields = [field.name for field in all_of.get(dataset, ())] if one.field is None else [one.field]
                for name in fields:
                    column = self._number(ColumnKey(*target[1:], name))
                    self._add(teller, source, column, (job, one.transformations))

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


_HELD: WeakKeyDictionary[Engine, HeldColumns] = WeakKeyDictionary()


def columns_of(conn: Connection, held: Held) -> HeldColumns:
    """What this process holds of the database's columns, fresh; the caller has ``held``'s lock and refreshed it."""
    found = _HELD.get(conn.engine)
    if found is None or found.mark != held.mark:
        found = _HELD[conn.engine] = HeldColumns()
    found.refresh(conn, held)
    return found
