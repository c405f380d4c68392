"""The graph near a node, in steps between the nodes that somebody wants to see; the rest is passed over.

Unlike ``graph.lineage`` it costs what it shows, however large the graph is behind that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from sqlalchemy import Connection

from mesh_orchestration.catalog.held import Held, held_of
from mesh_orchestration.catalog.held_columns import HeldColumns, columns_of
from mesh_orchestration.catalog.lineage_model import ColumnKey, NodeKey

Wanted = Callable[[NodeKey, bool], bool]
"""Whether a node is to be seen; the second value says whether no way leads on from it, or none to it."""
Step = Callable[[int], Iterable[int]]
_ENOUGH = 10


@dataclass(frozen=True)
class Sight:
    """What is to be seen. ``table_of`` and ``product_of`` say to which domain a table or a product belongs: a table
    from which one job makes a product of the same domain is shown as that product, as it holds the same rows."""

    wanted: Wanted
    table_of: Callable[[NodeKey], str] = lambda _: ""
    product_of: Callable[[NodeKey], str] = lambda _: ""


@dataclass(frozen=True)
class Near:
    """The nodes, the nearest first, and each edge between two of them, over whatever is not wanted. The first node is
    the one asked for, by its newest name; ``hidden`` counts those that were too many, at least."""

    nodes: tuple[NodeKey, ...]
    edges: tuple[tuple[NodeKey, NodeKey], ...] = ()
    hidden: int = 0


def near(conn: Connection, node: NodeKey, sight: Sight, *, up: int, down: int, most: int) -> Near:
    """At most ``most`` wanted nodes up to so many steps up and down from ``node``, which is always one of them."""
    held = held_of(conn)
    with held.lock:
        held.refresh(conn)
        start = held.vertices.get(node)
        if start is None:
            return Near((node,))
        ways, keys = _Ways(held, sight, start), held.keys
        stop = _stop(held, sight.wanted, start)
        found = _reached(start, ways.ahead, stop, down, most) | _reached(start, ways.behind, stop, up, most)
        ordered = sorted(found, key=lambda one: (found[one], keys[one]))
        shown = dict.fromkeys(ordered[:most])
        edges = tuple((keys[one], keys[two]) for one in shown for two in _next(one, ways.ahead, stop) if two in shown)
        return Near(tuple(keys[one] for one in shown), edges, len(ordered) - len(shown))


def columns_near(
    conn: Connection, node: NodeKey, field: str, sight: Sight, shown: Iterable[NodeKey]
) -> tuple[tuple[ColumnKey, ColumnKey], ...]:
    """What is made of which column among the datasets ``shown``, over tables that are not wanted: on the way of one
    column of ``node``, or of all when ``field`` is empty. Names are those that ``near`` gave."""
    held, among = held_of(conn), frozenset(shown)
    with held.lock:
        held.refresh(conn)
        columns, start = columns_of(conn, held), held.vertices.get(node, -1)
        ways, stops = _ColumnWays(columns, _Ways(held, sight, start)), _stop(held, sight.wanted, start)
        keys = columns.keys

        def stop(column: int) -> bool:
            dataset = held.vertices.get(keys[column].dataset)
            return dataset is None or stops(dataset)

        begin, pairs = columns.of_dataset(node, field), set()
        for step, turned in ((ways.ahead, False), (ways.behind, True)):
            waiting, seen = list(begin), set(begin)
            while waiting:
                one = waiting.pop()
                for other in _next(one, step, stop):
                    if keys[other].dataset not in among:
                        continue
                    pairs.add((other, one) if turned else (one, other))
                    if other not in seen:
                        seen.add(other)
                        waiting.append(other)
        return tuple(sorted((keys[one], keys[two]) for one, two in pairs))


@dataclass(frozen=True)
class _Ways:
    """The steps from vertex to vertex, with a table and the product made from it as one; ``start`` is itself."""

    held: Held
    sight: Sight
    start: int
    _products: dict[int, tuple[int, ...]] = field(default_factory=dict)

    def ahead(self, vertex: int) -> Iterator[int]:
        for one in self.parts(vertex):
            for other in self.held.closure.ahead[one]:
                yield from self.products(other) or (other,)

    def behind(self, vertex: int) -> Iterator[int]:
        for one in self.parts(vertex):
            for other in self.held.closure.behind[one]:
                yield from self.products(other) or (other,)

    def parts(self, vertex: int) -> Iterator[int]:
        """The vertex, and the tables that are shown as it."""
        yield vertex
        if self.sight.product_of(self.held.keys[vertex]):
            for job in self.held.closure.behind[vertex]:
                yield from (one for one in self.held.closure.behind[job] if vertex in self.products(one))

    def products(self, vertex: int) -> tuple[int, ...]:
        """The products as which a table is shown; none for everything else."""
        if vertex not in self._products:
            domain = self.sight.table_of(self.held.keys[vertex]) if vertex != self.start else ""
            made = (two for job in self.held.closure.ahead[vertex] for two in self.held.closure.ahead[job])
            found = (two for two in made if self.sight.product_of(self.held.keys[two]) == domain) if domain else ()
            self._products[vertex] = tuple(dict.fromkeys(found))
        return self._products[vertex]


@dataclass(frozen=True)
class _ColumnWays:
    """The same from column to column."""

    columns: HeldColumns
    ways: _Ways

    def ahead(self, column: int) -> Iterator[int]:
        for one in self._parts(column):
            for other in self.columns.ahead.get(one, ()):
                yield from self._products(other)

    def behind(self, column: int) -> Iterator[int]:
        for one in self._parts(column):
            for other in self.columns.behind.get(one, ()):
                yield from self._products(other)

    def _vertex(self, column: int) -> int:
        return self.ways.held.vertices.get(self.columns.keys[column].dataset, -1)

    def _parts(self, column: int) -> Iterator[int]:
        yield column
        if (vertex := self._vertex(column)) >= 0 and len(tables := set(self.ways.parts(vertex))) > 1:
            yield from (one for one in self.columns.behind.get(column, ()) if self._vertex(one) in tables - {vertex})

    def _products(self, column: int) -> Iterable[int]:
        """The columns as which one is shown: those of the products as which its table is, where they have it."""
        vertex = self._vertex(column)
        products = self.ways.products(vertex) if vertex >= 0 else ()
        found = [one for one in self.columns.ahead.get(column, ()) if self._vertex(one) in products] if products else ()
        return found or (column,)


def _stop(held: Held, wanted: Wanted, start: int) -> Callable[[int], bool]:
    known: dict[int, bool] = {start: True}

    def stop(vertex: int) -> bool:
        if vertex not in known:
            at_the_end = not held.closure.ahead[vertex] or not held.closure.behind[vertex]
            known[vertex] = wanted(held.keys[vertex], at_the_end)
        return known[vertex]

    return stop


def _reached(start: int, step: Step, stop: Callable[[int], bool], steps: int, most: int) -> dict[int, int]:
    """How many steps away each is; what is far too many is no longer looked for."""
    found, edge = {start: 0}, [start]
    for count in range(1, steps + 1):
        following = dict.fromkeys(two for one in edge for two in _next(one, step, stop) if two not in found)
        found |= dict.fromkeys(following, count)
        edge = list(following)
        if len(found) > _ENOUGH * most:
            break
    return found


def _next(start: int, step: Step, stop: Callable[[int], bool]) -> list[int]:
    """The nearest on every way at which to stop."""
    waiting, seen, found = list(step(start)), set[int](), []
    while waiting:
        one = waiting.pop()
        if one in seen or one == start:
            continue
        seen.add(one)
        if stop(one):
            found.append(one)
        else:
            waiting.extend(step(one))
    return found
