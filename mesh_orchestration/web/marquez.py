"""What the catalog knows of lineage in the shapes of Marquez's API (its OpenAPI document, version 0.51)."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from mesh_orchestration.catalog.lineage_model import (
    ColumnGraph,
    ColumnKey,
    Dataset,
    DatasetVersion,
    Field,
    Graph,
    Job,
    NodeKey,
    Run,
    RunDataset,
    Tag,
)

Json = dict[str, Any]
_IDS = uuid.UUID("0d9a3f0e-5b0c-5a53-9f0b-6b6a0c2f7a11")
_STATES = {"START": "RUNNING", "RUNNING": "RUNNING", "COMPLETE": "COMPLETED", "FAIL": "FAILED", "ABORT": "ABORTED"}


def version_id(key: NodeKey, version: str) -> str:
    """A version as the UUID that Marquez's clients expect: itself where it is one, else one made of it."""
    try:
        return str(uuid.UUID(version))
    except ValueError:
        return str(uuid.uuid5(_IDS, f"{key}#{version}"))


def column_id(column: ColumnKey) -> str:
    """``datasetField:<namespace>:<dataset>:<field>``."""
    return f"datasetField:{column.namespace}:{column.name}:{column.field}"


def dataset_json(found: Dataset) -> Json:
    """A dataset."""
    return {
        **_named(found.key),
        **_of_dataset(found.key, found.facets, found.fields, found.tags),
        "createdAt": found.created_at,
        "updatedAt": found.updated_at,
        "lastModifiedAt": found.written_at,
        "lastLifecycleState": found.lifecycle or None,
        "description": found.description or None,
        "currentVersion": version_id(found.key, found.version) if found.version else None,
        "deleted": found.dropped,
    }


def version_json(found: DatasetVersion, run: Run | None) -> Json:
    """A version of a dataset with the run that wrote it."""
    said = found.facets.get("schema", {}).get("fields", [])
    fields = tuple(_field(one) for one in said if isinstance(one, dict))
    ident = version_id(found.dataset, found.version)
    return {
        **_named(found.dataset),
        **_of_dataset(found.dataset, found.facets, fields, ()),
        "id": {**_key(found.dataset), "version": ident},
        "version": ident,
        "createdAt": found.at,
        "lifecycleState": found.lifecycle or None,
        "description": found.facets.get("documentation", {}).get("description"),
        "createdByRun": run_json(run) if run else None,
    }


def job_json(found: Job, latest: Iterable[Run] = ()) -> Json:
    """A job; ``latest`` are its newest runs."""
    return {
        **_named(found.key),
        "type": found.facets.get("jobType", {}).get("processingType", "BATCH"),
        "simpleName": found.key.name,
        "parentJobName": found.parent.name if found.parent else None,
        "parentJobUuid": version_id(found.parent, "") if found.parent else None,
        "createdAt": found.created_at,
        "updatedAt": found.updated_at,
        "inputs": list(map(_key, found.inputs)),
        "outputs": list(map(_key, found.outputs)),
        "location": found.location or None,
        "description": found.description or None,
        "latestRun": run_json(found.latest_run) if found.latest_run else None,
        "latestRuns": list(map(run_json, latest)),
        "tags": [tag.label for tag in found.tags],
        "facets": found.facets,
        "currentVersion": _job_version(found),
    }


def job_version_json(found: Job) -> Json:
    """The job as it is now: the only version of it that is kept."""
    ident = _job_version(found)
    shown = ("name", "namespace", "createdAt", "inputs", "outputs", "location", "latestRun", "facets")
    whole = job_json(found)
    return {name: whole[name] for name in shown} | {"id": {**_key(found.key), "version": ident}, "version": ident}


def run_json(found: Run) -> Json:
    """A run."""
    ended = found.ended_at
    return {
        "id": found.id,
        "createdAt": found.started_at,
        "updatedAt": found.updated_at,
        "nominalStartTime": found.nominal_start,
        "nominalEndTime": found.nominal_end,
        "state": _STATES.get(found.state, "NEW"),
        "startedAt": found.started_at,
        "endedAt": ended,
        "durationMs": round((ended - found.started_at).total_seconds() * 1000) if ended else None,
        "args": {},
        "jobVersion": {**_key(found.job), "version": version_id(found.job, "")},
        "inputDatasetVersions": list(map(_run_dataset, found.inputs)),
        "outputDatasetVersions": list(map(_run_dataset, found.outputs)),
        "facets": found.facets,
    }


def graph_json(graph: Graph, data: Mapping[NodeKey, Json]) -> Json:
    """A lineage graph; ``data`` is what each node is told with."""
    into, out = defaultdict(list), defaultdict(list)
    for edge in graph.edges:
        said = {"origin": str(edge.source), "destination": str(edge.target)}
        out[edge.source].append(said)
        into[edge.target].append(said)
    nodes = [
        {
            "id": str(node), "type": node.kind.upper(), "data": data.get(node, _named(node)),
            "inEdges": into[node], "outEdges": out[node],
        }
        for node in graph.nodes
    ]  # fmt: skip
    return {"graph": nodes}


def column_graph_json(graph: ColumnGraph, types: Mapping[ColumnKey, str]) -> Json:
    """A graph of columns; ``types`` are the columns' types."""
    into, out, inputs = defaultdict(list), defaultdict(list), defaultdict(list)
    for edge in graph.edges:
        said = {"origin": column_id(edge.source), "destination": column_id(edge.target)}
        out[edge.source].append(said)
        into[edge.target].append(said)
        inputs[edge.target].append(_input_field(edge.source, edge.transformations))
    nodes = []
    for node in graph.nodes:
        first = inputs[node][0] if inputs[node] else {}
        data = {
            "namespace": node.namespace, "dataset": node.name, "field": node.field, "fieldType": types.get(node),
            "transformationDescription": first.get("transformationDescription"),
            "transformationType": first.get("transformationType"),
            "inputFields": inputs[node],
        }  # fmt: skip
        nodes.append({
            "id": column_id(node), "type": "DATASET_FIELD", "data": data, "inEdges": into[node], "outEdges": out[node],
        })  # fmt: skip
    return {"graph": nodes}


def _input_field(column: ColumnKey, transformations: Iterable[Mapping[str, Any]]) -> Json:
    first: Mapping[str, Any] = next(iter(transformations), {})
    return {
        "namespace": column.namespace,
        "dataset": column.name,
        "field": column.field,
        "transformationDescription": first.get("description") or None,
        "transformationType": first.get("subtype") or first.get("type") or None,
    }


def _key(key: NodeKey) -> Json:
    return {"namespace": key.namespace, "name": key.name}


def _named(key: NodeKey) -> Json:
    return {"id": _key(key), **_key(key)}


def _of_dataset(key: NodeKey, facets: Mapping[str, Any], fields: Iterable[Field], tags: Iterable[Tag]) -> Json:
    """What a dataset and its versions both have."""
    symlinks = facets.get("symlinks", {}).get("identifiers", [])
    stream = key.namespace.startswith("kafka:") or facets.get("datasetType", {}).get("datasetType") == "TOPIC"
    return {
        "type": "STREAM" if stream else "DB_TABLE",
        "physicalName": next((one["name"] for one in symlinks if "name" in one), key.name),
        "sourceName": facets.get("dataSource", {}).get("name") or key.namespace,
        "fields": [
            {"name": one.name, "type": one.type or None, "tags": list(one.tags), "description": one.description or None}
            for one in fields
        ],
        "tags": [tag.label for tag in tags if not tag.field],
        "facets": facets,
    }


def _field(said: Mapping[str, Any]) -> Field:
    return Field(str(said.get("name", "")), str(said.get("type") or ""), str(said.get("description") or ""), ())


def _job_version(found: Job) -> str:
    parts = (found.location, *sorted(map(str, found.inputs)), "->", *sorted(map(str, found.outputs)))
    return str(uuid.uuid5(_IDS, "\n".join((str(found.key), *parts))))


def _run_dataset(found: RunDataset) -> Json:
    version = {**_key(found.key), "version": version_id(found.key, found.version) if found.version else None}
    return {"datasetVersionId": version, "facets": found.facets}
