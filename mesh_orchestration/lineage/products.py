"""What a contract says about a dataset, as facets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mesh_orchestration.contract.model import DataProduct, SchemaField
from mesh_orchestration.contract.types import LogicalType
from mesh_orchestration.lineage.facets import Facet, Facets, facet, ownership
from mesh_orchestration.lineage.names import Places
from mesh_orchestration.settings import CATALOG_NAME

_SOURCE = "CONTRACT"


def product_facets(product: DataProduct, places: Places) -> Facets:
    """Everything that is known of a product before anybody reads its rows."""
    found = {
        "schema": facet("schema", fields=[_field(field, place) for place, field in enumerate(product.fields, 1)]),
        "ownership": ownership([product.owner]),
        "documentation": facet("documentation", description=_text(product), contentType="text/markdown"),
        "tags": facet("tags", tags=list(_tags(product))),
        "mesh_contract": contract_facet(product),
        **table_facets(product, places),
    }
    if sla := sla_facet(product):
        found["mesh_sla"] = sla
    return found


def table_facets(product: DataProduct, places: Places) -> Facets:
    """Where the product's rows are."""
    table = places.table(product.address)
    return {
        "storage": facet("storage", storageLayer="iceberg", fileFormat="parquet"),
        "symlinks": facet(
            "symlinks", identifiers=[{"namespace": table.namespace, "name": table.name, "type": "TABLE"}]
        ),
        "catalog": facet(
            "catalog",
            framework="iceberg",
            type=places.catalog_type,
            name=CATALOG_NAME,
            warehouseUri=places.warehouse or None,
        ),
    }


def contract_facet(product: DataProduct, said: Mapping[str, Any] | None = None) -> Facet:
    """The contract in force; a run that ``said`` under which version and hash it published is believed."""
    told = said or {}
    return facet(
        "mesh_contract",
        address=str(product.address),
        id=product.id,
        contractVersion=told.get("mesh/contract_version") or product.version,
        contractHash=told.get("mesh/contract_hash") or product.fingerprint,
        status=product.metadata.status,
        file=product.source or None,
        sunset=str(product.metadata.sunset) if product.metadata.sunset else None,
    )


def sla_facet(product: DataProduct) -> Facet | None:
    """The service levels that the contract promises; None when it promises none."""
    sla = product.spec.sla
    said = {
        "freshness": sla.freshness,
        "eventTime": sla.event_time,
        "eventFreshness": sla.event_freshness,
        "availability": sla.availability,
        "completeness": sla.completeness,
        "accuracy": sla.accuracy,
        "latency": sla.latency,
        "throughput": sla.throughput,
    }
    return facet("mesh_sla", **said) if any(value is not None for value in said.values()) else None


def _text(product: DataProduct) -> str:
    title = product.metadata.title
    return f"**{title}**\n\n{product.metadata.description}" if title else product.metadata.description


def _field(field: SchemaField, place: int) -> dict[str, Any]:
    said = {"description": field.description or None, "fields": _parts(field.logical_type) or None}
    kept = {key: value for key, value in said.items() if value}
    kind = "timestamptz" if field.is_instant else str(field.logical_type)
    return {"name": field.name, "type": kind, "ordinal_position": place, **kept}


def _parts(kind: LogicalType) -> list[dict[str, Any]]:
    return [{"name": "_element", "type": str(kind.item)}] if kind.item else []


def _tags(product: DataProduct) -> Iterator[dict[str, str]]:
    """The contract's tags on the whole product, and on each column what makes it personal and how it is masked."""
    for key, value in (("domain", product.domain), ("status", product.metadata.status)):
        yield {"key": key, "value": value, "source": _SOURCE}
    for tag in product.metadata.tags:
        yield {"key": tag, "value": "true", "source": _SOURCE}
    for field in product.fields:
        kind = field.pii or field.constraints.pii
        marks = {"pii": kind if isinstance(kind, str) else "true" if kind else "", "mask": field.mask or ""}
        marks |= {"semantics": field.semantics, **dict.fromkeys(field.tags, "true")}
        for key, value in marks.items():
            if value:
                yield {"key": key, "value": str(value), "source": _SOURCE, "field": field.name}
