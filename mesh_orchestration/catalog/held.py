"""The current graph in memory: read once for each database, then only what is newer than what it has."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from threading import Lock, RLock
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, Engine, Row, and_, func, select

from mesh_orchestration.catalog import tables_lineage as tables
from mesh_orchestration.catalog.closure import Closure
from mesh_orchestration.catalog.collection import no_collection
from mesh_orchestration.catalog.lineage_model import NodeKey
from mesh_orchestration.catalog.nodes import keys_of

_BEFORE = -1


@dataclass(eq=False)
class Held:
    """The graph of one database; use it while holding ``lock``. One vertex stands for all names of a dataset."""

    lock: RLock = field(default_factory=RLock)
    mark: tuple[str, int] = ("", 0)
    generation: int = _BEFORE
    closure: Closure = field(default_factory=Closure)
    keys: list[NodeKey] = field(default_factory=list)
    other_names: Mapping[NodeKey, NodeKey] = field(default_factory=dict)
    vertices: dict[NodeKey, int] = field(default_factory=dict)
    _numbers: dict[int, int] = field(default_factory=dict)
    _same: Mapping[int, int] = field(default_factory=dict)
    _current: set[tuple[int, int, bool]] = field(default_factory=set)

    def refresh(self, conn: Connection) -> None:
        """Take in what was written since the last time."""
        state = conn.execute(select(tables.state)).one()
        if self.mark != (state.epoch, state.shape):
            self._begin(conn)
        elif self.generation == state.generation:
            return
        with no_collection():
            self._take(conn)
        self.mark, self.generation = (state.epoch, state.shape), state.generation

    def canonical(self, node_id: int) -> int:
        """The node that stands for all names of a dataset."""
        return self._same.get(node_id, node_id)

    def name_of(self, node: NodeKey) -> NodeKey:
        """The name under which the graph has the node."""
        return self.other_names.get(node, node)

    def writes(self, job: int, dataset: int) -> bool:
        """Whether the job writes the dataset now."""
        return (job, dataset, True) in self._current

    def _begin(self, conn: Connection) -> None:
        self.closure, self.keys, self.vertices, self._numbers = Closure(), [], {}, {}
        self._current, self.generation = set(), _BEFORE
        self._same = same_datasets(conn)
        names = keys_of(conn, {*self._same, *self._same.values()})
        self.other_names = {names[one]: names[other] for one, other in self._same.items()}

    def _take(self, conn: Connection) -> None:
        table = tables.edges
        query = select(table.c.job_id, table.c.dataset_id, table.c.writes, table.c.current)
        rows = conn.execute(query.where(table.c.generation > self.generation)).all()
        self._name(conn, rows)
        added: list[tuple[int, int]] = []
        removed: list[tuple[int, int]] = []
        for row in rows:
            edge = (row.job_id, row.dataset_id, bool(row.writes))
            if row.current == (edge in self._current):
                continue
            job, dataset = self._numbers[row.job_id], self._numbers[self.canonical(row.dataset_id)]
            (added if row.current else removed).append((job, dataset) if row.writes else (dataset, job))
            self._current ^= {edge}
        self.closure.change(added, removed)

    def _name(self, conn: Connection, rows: list[Row[Any]] | Any) -> None:
        """Give every node of the rows a vertex."""
        seen = {row.job_id for row in rows} | {row.dataset_id for row in rows}
        new = {self.canonical(one) for one in seen} - self._numbers.keys()
        names = keys_of(conn, new | (seen - self._numbers.keys()))
        for number in sorted(new):
            self._numbers[number] = self.closure.vertex()
            self.keys.append(names[number])
        for number in seen:
            if number in names:
                self.vertices[names[number]] = self._numbers[self.canonical(number)]
        for number in new:
            self.vertices[names[number]] = self._numbers[number]


def same_datasets(conn: Connection) -> dict[int, int]:
    """Datasets that are another one by another name: renamed, or named by another's symlinks facet and by no second."""
    nodes, aliases = tables.nodes, tables.aliases
    other = and_(
        nodes.c.kind == "dataset", nodes.c.namespace == aliases.c.namespace, nodes.c.name == aliases.c.name,
        nodes.c.id != aliases.c.dataset_id,
    )  # fmt: skip
    claims: defaultdict[int, set[int]] = defaultdict(set)
    for row in conn.execute(select(nodes.c.id, aliases.c.dataset_id).join(aliases, other)):
        claims[row.id].add(row.dataset_id)
    above = {one: next(iter(claimed)) for one, claimed in claims.items() if len(claimed) == 1}
    renamed = select(nodes.c.id, nodes.c.renamed_to).where(
        nodes.c.renamed_at >= func.coalesce(nodes.c.written_at, nodes.c.renamed_at)
    )
    above |= {row.id: row.renamed_to for row in conn.execute(renamed)}
    return {one: found for one in above if (found := _root(above, one)) != one}


def _root(above: Mapping[int, int], node: int) -> int:
    seen = [node]
    while (node := above.get(node, node)) not in seen:
        seen.append(node)
    circle = seen[seen.index(node) :]
    return min(circle) if len(circle) > 1 else node


_HELD: WeakKeyDictionary[Engine, Held] = WeakKeyDictionary()
_FIRST = Lock()


def held_of(conn: Connection) -> Held:
    """What this process holds of the database's graph."""
    with _FIRST:
        return _HELD.setdefault(conn.engine, Held())
