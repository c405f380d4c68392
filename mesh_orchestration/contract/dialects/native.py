"""``apiVersion: datamesh.io/v1``, ``kind: DataProduct``: the form that holds everything."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml

from mesh_orchestration.contract.dialect import Context, Reading, Written
from mesh_orchestration.contract.document import Document, Path_
from mesh_orchestration.contract.model import DataProduct
from mesh_orchestration.contract.structure import keys_at

_ORDER: Mapping[Path_, tuple[str, ...]] = {
    ("spec", "schema", "fields"): (
        "name", "type", "unit", "description", "semantics", "tags", "aliases", "pii", "masking", "constraints",
    ),
    ("spec", "quality", "checks"): (
        "column", "columns", "assertion", "expectation", "value", "kwargs", "threshold", "severity", "name",
        "description",
    ),
}  # fmt: skip


def detects(value: Mapping[Any, Any]) -> bool:
    """Whether ``value`` names the native version or kind."""
    version = value.get("apiVersion")
    return (isinstance(version, str) and version.startswith("datamesh.io/")) or value.get("kind") == "DataProduct"


def read(document: Document, _: Context) -> Reading:
    """The document as it stands."""
    return Reading(document.value)


def write(product: DataProduct) -> Written:
    """Everything the contract says."""
    return Written(dump_product(product))


def keys(path: Path_) -> tuple[str, ...]:
    """The keys in the order of the model; a column's and a check's as people write them."""
    if len(path) == 4 and path[:3] in _ORDER:
        return _ORDER[path[:3]]
    return keys_at(path, DataProduct)


def dump_product(product: DataProduct) -> str:
    """The contract as YAML of the native dialect; loading it gives an equal product."""
    content = plain(product.model_dump(by_alias=True, exclude_unset=True))
    return yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=120)


def plain(value: Any) -> Any:
    """``value`` with lists for tuples, as YAML writes them."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, list | tuple) else value
