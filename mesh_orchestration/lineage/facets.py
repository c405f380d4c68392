"""Facets of OpenLineage, and four of our own: each names the schema that it keeps."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from functools import cache
from importlib import metadata, resources
from typing import Any

Facet = dict[str, Any]
Facets = dict[str, Facet]

SPEC = "https://openlineage.io/spec"
EVENT_SCHEMA = f"{SPEC}/2-0-2/OpenLineage.json#/$defs/RunEvent"
OWN = "urn:mesh-orchestration:openlineage:1-0-0"
_STANDARD: Mapping[str, tuple[str, str]] = {
    "catalog": ("1-1-0", "CatalogDatasetFacet"),
    "columnLineage": ("1-2-0", "ColumnLineageDatasetFacet"),
    "dataQualityAssertions": ("1-1-0", "DataQualityAssertionsDatasetFacet"),
    "dataQualityMetrics": ("1-0-3", "DataQualityMetricsInputDatasetFacet"),
    "documentation": ("1-1-0", "DocumentationDatasetFacet"),
    "errorMessage": ("1-0-1", "ErrorMessageRunFacet"),
    "inputStatistics": ("1-0-0", "InputStatisticsInputDatasetFacet"),
    "jobType": ("2-0-4", "JobTypeJobFacet"),
    "lifecycleStateChange": ("1-0-1", "LifecycleStateChangeDatasetFacet"),
    "nominalTime": ("1-0-1", "NominalTimeRunFacet"),
    "outputStatistics": ("1-0-2", "OutputStatisticsOutputDatasetFacet"),
    "ownership": ("1-0-1", "OwnershipDatasetFacet"),
    "parent": ("1-2-0", "ParentRunFacet"),
    "processing_engine": ("1-1-1", "ProcessingEngineRunFacet"),
    "schema": ("1-2-0", "SchemaDatasetFacet"),
    "sourceCodeLocation": ("1-1-0", "SourceCodeLocationJobFacet"),
    "sql": ("1-1-0", "SQLJobFacet"),
    "subset": ("1-0-0", "BaseSubsetDatasetFacet"),
    "storage": ("1-0-1", "StorageDatasetFacet"),
    "symlinks": ("1-0-1", "SymlinksDatasetFacet"),
    "tags": ("1-0-0", "TagsDatasetFacet"),
    "version": ("1-0-1", "DatasetVersionDatasetFacet"),
}
_OURS: Mapping[str, str] = {
    "mesh_contract": "MeshContractDatasetFacet",
    "mesh_sla": "MeshSlaDatasetFacet",
    "mesh_verdicts": "MeshVerdictsInputDatasetFacet",
    "mesh_policy": "MeshPolicyRunFacet",
}
OWN_FACETS = tuple(_OURS)


@cache
def version() -> str:
    """The version of this package."""
    return metadata.version("mesh-orchestration")


@cache
def producer() -> str:
    """The URI that says who made an event."""
    return f"urn:mesh-orchestration:{version()}"


def facet(word: str, **values: Any) -> Facet:
    """The facet under the key ``word`` with those of ``values`` that are not None."""
    said = {key: value for key, value in values.items() if value is not None}
    return {"_producer": producer(), "_schemaURL": _schema_url(word), **said}


@cache
def _schema_url(word: str) -> str:
    if word in _OURS:
        return f"{OWN}:{_OURS[word]}.json#/$defs/{_OURS[word]}"
    spec, name = _STANDARD[word]
    part = "InputSubsetInputDatasetFacet" if word == "subset" else name
    return f"{SPEC}/facets/{spec}/{name}.json#/$defs/{part}"


def own_schema(word: str) -> dict[str, Any]:
    """The published JSON Schema (draft 2020-12) of one of our own facets."""
    text = resources.files(__package__).joinpath("schemas", f"{_OURS[word]}.json").read_text(encoding="utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema


def ownership(owners: Iterable[str]) -> Facet:
    """Who owns it; e-mail addresses and ``team:…`` as the contract writes them."""
    return facet("ownership", owners=[{"name": owner, "type": "OWNER"} for owner in dict.fromkeys(owners)])


def job_ownership(owners: Iterable[str]) -> Facet:
    """The same for a job."""
    return ownership(owners) | {
        "_schemaURL": f"{SPEC}/facets/1-0-1/OwnershipJobFacet.json#/$defs/OwnershipJobFacet",
    }
