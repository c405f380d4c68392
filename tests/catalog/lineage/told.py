"""OpenLineage events by a foreign producer, as plain data."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from mesh_orchestration.catalog.lineage_model import ColumnKey, NodeKey

PRODUCER = "https://example.org/producer"
Facets = Mapping[str, Mapping[str, Any]]


def run_id(word: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_OID, word))


def at(minute: float) -> str:
    """A moment of one day."""
    return f"2026-03-01T{int(minute) // 60:02}:{int(minute) % 60:02}:{int(minute * 60) % 60:02}Z"


def facet(**values: Any) -> dict[str, Any]:
    return {"_producer": PRODUCER, "_schemaURL": f"{PRODUCER}/facet", **values}


def dataset(name: str, *, namespace: str = "shop", **facets: Mapping[str, Any]) -> dict[str, Any]:
    return {"namespace": namespace, "name": name, "facets": {key: facet(**said) for key, said in facets.items()}}


def event(
    job: str, state: str = "COMPLETE", *, minute: float = 0, run: str = "", reads: Iterable[Any] = (),
    writes: Iterable[Any] = (), facets: Facets | None = None, job_facets: Facets | None = None,
) -> dict[str, Any]:  # fmt: skip
    """A RunEvent; datasets are names or what ``dataset`` makes; one run a job unless ``run`` names another."""
    return {
        "eventType": state,
        "eventTime": at(minute),
        "producer": PRODUCER,
        "schemaURL": "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent",
        "run": {"runId": run_id(run or job), "facets": {key: facet(**said) for key, said in (facets or {}).items()}},
        "job": {
            "namespace": "jobs", "name": job,
            "facets": {key: facet(**said) for key, said in (job_facets or {}).items()},
        },
        "inputs": [dataset(one) if isinstance(one, str) else one for one in reads],
        "outputs": [dataset(one) if isinstance(one, str) else one for one in writes],
    }  # fmt: skip


def column_sources(**fields: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """A columnLineage facet: each field and the (dataset, column) pairs that it is made of."""
    return {
        "fields": {
            name: {"inputFields": [{"namespace": "shop", "name": one, "field": column} for one, column in sources]}
            for name, sources in fields.items()
        }
    }


def data(name: str) -> NodeKey:
    return NodeKey("dataset", "shop", name)


def job(name: str) -> NodeKey:
    return NodeKey("job", "jobs", name)


def column(name: str, field: str) -> ColumnKey:
    return ColumnKey("shop", name, field)
