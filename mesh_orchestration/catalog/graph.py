"""What depends on what, answered from memory: the closure of the current edges, refreshed by what is newer."""

from __future__ import annotations

from sqlalchemy import Connection

from mesh_orchestration.catalog.lineage_model import ColumnGraph, ColumnKey, Direction, Graph, NodeKey


def downstream_of(conn: Connection, node: NodeKey) -> tuple[NodeKey, ...]:
    """All datasets and jobs that depend on the node, however far; a node in a cycle depends on itself."""
    raise NotImplementedError


def upstream_of(conn: Connection, node: NodeKey) -> tuple[NodeKey, ...]:
    """All datasets and jobs that the node depends on."""
    raise NotImplementedError


def lineage(conn: Connection, node: NodeKey, *, depth: int = 20, direction: Direction = "both") -> Graph:
    """The node and what is up to ``depth`` edges from it (dataset to job is one); empty when there is no such node."""
    raise NotImplementedError


def column_downstream(conn: Connection, dataset: NodeKey, field: str) -> tuple[ColumnKey, ...]:
    """All columns that are made of the column, however far."""
    raise NotImplementedError


def column_upstream(conn: Connection, dataset: NodeKey, field: str) -> tuple[ColumnKey, ...]:
    """All columns that the column is made of."""
    raise NotImplementedError


def column_lineage(
    conn: Connection, dataset: NodeKey, field: str = "", *, depth: int = 20, direction: Direction = "both"
) -> ColumnGraph:
    """Columns up to ``depth`` edges from the column, or from every column of the dataset."""
    raise NotImplementedError
