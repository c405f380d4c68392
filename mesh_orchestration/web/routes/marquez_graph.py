"""Lineage graphs as from Marquez: around a dataset or a job, and around a column."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Query
from sqlalchemy import Connection
from starlette.responses import Response

from mesh_orchestration.catalog import graph, nodes
from mesh_orchestration.catalog.lineage_model import ColumnGraph, ColumnKey, Direction, Graph, NodeKey
from mesh_orchestration.web import marquez as shape
from mesh_orchestration.web.context import CurrentCatalog
from mesh_orchestration.web.errors import as_json, not_found

router = APIRouter(prefix="/api/v1", tags=["Marquez"])

NodeId = Annotated[str, Query(alias="nodeId", min_length=1, max_length=4096)]
Depth = Annotated[int, Query(ge=0, le=100)]
_COLUMN = "datasetField:"


@router.get("/lineage")
def lineage(catalog: CurrentCatalog, node_id: NodeId, depth: Depth = 20) -> Response:
    """What is around a dataset or a job. ``depth`` counts jobs, as in Marquez: from one to the next are two edges."""
    with catalog.reading() as conn:
        node = _node(conn, node_id)
        edges = 2 * depth + (2 if node.kind == "dataset" else 1)
        found = graph.lineage(conn, node, depth=edges, direction="both")
        return as_json(shape.graph_json(found, _data(conn, found)))


@router.get("/column-lineage")
def column_lineage(
    catalog: CurrentCatalog,
    node_id: NodeId,
    depth: Depth = 20,
    with_downstream: Annotated[bool, Query(alias="withDownstream")] = False,
) -> Response:
    """The columns that a column, or every column of a dataset or of a job's outputs, is made of; on request also
    those made of it."""
    direction: Direction = "both" if with_downstream else "up"
    with catalog.reading() as conn:
        graphs = [
            graph.column_lineage(conn, dataset, field, depth=depth, direction=direction)
            for dataset, field in _columns(conn, node_id)
        ]
        found = _merged(graphs)
        return as_json(shape.column_graph_json(found, _types(conn, found)))


def _node(conn: Connection, node_id: str) -> NodeKey:
    found = nodes.resolve(conn, node_id)
    if found is None:
        if not node_id.startswith(("dataset:", "job:")):
            raise HTTPException(400, f"'{node_id}' is not dataset:<namespace>:<name> or job:<namespace>:<name>")
        raise not_found(f"there is no {node_id}")
    return found


def _columns(conn: Connection, node_id: str) -> list[tuple[NodeKey, str]]:
    """Datasets, each with the column that is meant; all of its columns when that is empty."""
    if node_id.startswith(_COLUMN):
        place, _, field = node_id.removeprefix(_COLUMN).rpartition(":")
        return [(_node(conn, f"dataset:{place}"), field)]
    node = _node(conn, node_id)
    if node.kind == "dataset":
        return [(node, "")]
    job = nodes.job(conn, node.namespace, node.name)
    return [(output, "") for output in job.outputs] if job else []


def _data(conn: Connection, found: Graph) -> dict[NodeKey, dict[str, Any]]:
    """What each node of the graph is told with."""
    datasets = nodes.datasets_named(conn, found.nodes)
    jobs = nodes.jobs_named(conn, found.nodes)
    return {key: shape.dataset_json(one) for key, one in datasets.items()} | {
        key: shape.job_json(one) for key, one in jobs.items()
    }


def _types(conn: Connection, found: ColumnGraph) -> dict[ColumnKey, str]:
    """The types of the graph's columns."""
    datasets = nodes.datasets_named(conn, dict.fromkeys(node.dataset for node in found.nodes))
    return {ColumnKey(*key[1:], field.name): field.type for key, one in datasets.items() for field in one.fields}


def _merged(graphs: list[ColumnGraph]) -> ColumnGraph:
    """Several graphs as one."""
    found = dict.fromkeys(node for one in graphs for node in one.nodes)
    seen, edges = set(), []
    for edge in (edge for one in graphs for edge in one.edges):
        if (ends := (edge.source, edge.target, edge.job)) not in seen:
            seen.add(ends)
            edges.append(edge)
    return ColumnGraph(tuple(found), tuple(edges), any(one.cut for one in graphs))
