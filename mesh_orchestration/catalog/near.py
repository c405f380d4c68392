"""The graph near a node, in steps between the nodes that somebody wants to see; the rest is passed over.

Unlike ``graph.lineage`` it costs what it shows, however large the graph is behind that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from sqlalchemy import Connection

from mesh_orchestration.catalog.held import Held, held_of
from mesh_orchestration.catalog.held_columns import columns_of
from mesh_orchestration.catalog.lineage_model import ColumnKey, NodeKey

Wanted = Callable[[NodeKey, bool], bool]
"""Whether a node is to be seen; the second value says whether no way leads on from it, or none to it."""
Step = Callable[[int], Iterable[int]]
_ENOUGH = 10


@dataclass(frozen=True)
class Near:
    """The nodes, the nearest first, and each edge between two of them, over whatever is not wanted. The first node is
    the one asked for, by its newest name; ``hidden`` counts those that were too many, at least."""

    nodes: tuple[NodeKey, ...]
    edges: tuple[tuple[NodeKey, NodeKey], ...] = ()
    hidden: int = 0


def near(conn: Connection, node: NodeKey, wanted: Wanted, *, up: int, down: int, most: int) -> Near:
    """At most ``most`` wanted nodes up to so many steps up and down from ``node``, which is always one of them."""
    held = held_of(conn)
    with held.lock:
        held.refresh(conn)
        start = held.vertices.get(node)
        if start is None:
            return Near((node,))
        ahead, behind, keys = held.closure.ahead.__getitem__, held.closure.behind.__getitem__, held.keys
        stop = _stop(held, wanted, start)
        found = _reached(start, ahead, stop, down, most) | _reached(start, behind, stop, up, most)
        ordered = sorted(found, key=lambda one: (found[one], keys[one]))
        shown = dict.fromkeys(ordered[:most])
        edges = tuple((keys[one], keys[two]) for one in shown for two in _next(one, ahead, stop) if two in shown)
        return Near(tuple(keys[one] for one in shown), edges, len(ordered) - len(shown))


def columns_near(
    conn: Connection, node: NodeKey, field: str, wanted: Wanted, shown: Iterable[NodeKey]
) -> tuple[tuple[ColumnKey, ColumnKey], ...]:
    """What is made of which column among the datasets ``shown``, over tables that are not wanted: on the way of one
    column of ``node``, or of all when ``field`` is empty. Names are those that ``near`` gave."""
    held, among = held_of(conn), frozenset(shown)
    with held.lock:
        held.refresh(conn)
        columns = columns_of(conn, held)
        keys, stops = columns.keys, _stop(held, wanted, held.vertices.get(node, -1))

        def stop(column: int) -> bool:
            dataset = held.vertices.get(keys[column].dataset)
            return dataset is None or stops(dataset)

        begin, pairs = columns.of_dataset(node, field), set()
        for place, turned in ((columns.ahead, False), (columns.behind, True)):
            waiting, seen = list(begin), set(begin)
            while waiting:
                one = waiting.pop()
                for other in _next(one, lambda at, place=place: place.get(at, ()), stop):  # type: ignore[misc]
                    if keys[other].dataset not in among:
                        continue
                    pairs.add((other, one) if turned else (one, other))
                    if other not in seen:
                        seen.add(other)
                        waiting.append(other)
        return tuple(sorted((keys[one], keys[two]) for one, two in pairs))


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
