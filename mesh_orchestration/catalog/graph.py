"""What depends on what, answered from memory: the closure of the current edges, refreshed by what is newer.

A dataset that was renamed, or that another names in its symlinks, is one node under the newest or the naming name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import orjson
from sqlalchemy import Connection

from mesh_orchestration.catalog.closure import Closure, members, walk
from mesh_orchestration.catalog.held import held_of
from mesh_orchestration.catalog.held_columns import HeldColumns, columns_of
from mesh_orchestration.catalog.lineage_model import (
    ColumnEdge,
    ColumnGraph,
    ColumnKey,
    Direction,
    Edge,
    Graph,
    NodeKey,
)
from mesh_orchestration.catalog.nodes import dataset, job, keys_of

Steps = set[tuple[int, int]]


def downstream_of(conn: Connection, node: NodeKey) -> tuple[NodeKey, ...]:
    """All datasets and jobs that depend on the node, however far."""
    return _reached(conn, node, Closure.down)


def upstream_of(conn: Connection, node: NodeKey) -> tuple[NodeKey, ...]:
    """All datasets and jobs that the node depends on, however far."""
    return _reached(conn, node, Closure.up)


def lineage(conn: Connection, node: NodeKey, *, depth: int = 20, direction: Direction = "both") -> Graph:
    """The node and what is up to ``depth`` edges from it (dataset to job is one); empty when there is no such node."""
    held = held_of(conn)
    with held.lock:
        held.refresh(conn)
        start = held.vertices.get(node)
        if start is not None:
            ahead, behind, keys = held.closure.ahead, held.closure.behind, held.keys
            seen, steps, cut = _around([start], ahead.__getitem__, behind.__getitem__, depth, direction)
            edges = sorted(Edge(keys[one], keys[two]) for one, two in steps)
            return Graph(tuple(sorted(keys[one] for one in seen)), tuple(edges), cut)
    known = dataset(conn, *node[1:]) if node.kind == "dataset" else job(conn, *node[1:])
    return Graph((node,) if known else (), ())


def column_downstream(conn: Connection, dataset: NodeKey, field: str) -> tuple[ColumnKey, ...]:
    """All columns that are made of the column, however far."""
    held = held_of(conn)
    with held.lock:
        held.refresh(conn)
        return columns_of(conn, held).reached(ColumnKey(*held.name_of(dataset)[1:], field))


def column_lineage(
    conn: Connection, dataset: NodeKey, field: str = "", *, depth: int = 20, direction: Direction = "both"
) -> ColumnGraph:
    """Columns up to ``depth`` edges from the column, or from every column of the dataset."""
    held = held_of(conn)
    with held.lock:
        held.refresh(conn)
        held_columns = columns_of(conn, held)
        start = held_columns.of_dataset(held.name_of(dataset), field)
        ahead, behind, keys = held_columns.ahead, held_columns.behind, held_columns.keys
        seen, steps, cut = _around(
            start, lambda one: ahead.get(one, ()), lambda one: behind.get(one, ()), depth, direction
        )
        edges = _column_edges(conn, held_columns, steps)
        return ColumnGraph(tuple(sorted(keys[one] for one in seen)), edges, cut)


def _around(
    start: Iterable[int], ahead: Callable[[int], Iterable[int]], behind: Callable[[int], Iterable[int]], depth: int,
    direction: Direction,
) -> tuple[set[int], Steps, bool]:  # fmt: skip
    """What is around the start in the direction, the edges between, and whether there is more."""
    begin = set(start)
    down = walk(begin, ahead, depth if direction != "up" else 0)
    up = walk(begin, behind, depth if direction != "down" else 0)
    cut = (down[2] and direction != "up") or (up[2] and direction != "down")
    return down[0] | up[0], down[1] | {(two, one) for one, two in up[1]}, cut


def _reached(conn: Connection, node: NodeKey, way: Callable[[Closure, int], int]) -> tuple[NodeKey, ...]:
    held = held_of(conn)
    with held.lock:
        held.refresh(conn)
        start = held.vertices.get(node)
        if start is None:
            return ()
        others = way(held.closure, start) & ~(1 << start)
        return tuple(map(held.keys.__getitem__, members(others)))


def _column_edges(conn: Connection, columns: HeldColumns, steps: Steps) -> tuple[ColumnEdge, ...]:
    told = [(step, one) for step in steps for one in columns.ahead[step[0]][step[1]]]
    jobs = keys_of(conn, (job or None for _, (job, _) in told))
    edges = (
        ColumnEdge(columns.keys[source], columns.keys[target], jobs.get(job), tuple(_read(how)))
        for (source, target), (job, how) in told
    )
    return tuple(sorted(edges, key=lambda edge: (edge.source, edge.target, edge.job or ())))


def _read(how: str | None) -> list[dict[str, Any]]:
    return orjson.loads(how) if how else []
