"""What a contract says about a product, in Dagster's words: schema, owners, tags, links."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import dagster as dg
from dagster._utils.warnings import disable_dagster_warnings

from mesh_orchestration.contract.address import Address
from mesh_orchestration.contract.model import DataProduct, SchemaField
from mesh_orchestration.settings import Settings

_EMAIL = re.compile(r"^[^@\s]+@[^@\s]+\.[^@\s]+$")
_NOT_TAG = re.compile(r"[^A-Za-z0-9_.-]+")
_LONGEST_TAG = 63


def product_key(address: Address) -> dg.AssetKey:
    """The asset key of a published product."""
    return dg.AssetKey(list(address.asset_key))


def input_key(domain: str, port: str) -> dg.AssetKey:
    """The asset key of what an input port landed."""
    return dg.AssetKey([domain, "input", port])


def model_key(domain: str, model: str) -> dg.AssetKey:
    """The asset key of a dbt model inside a domain."""
    return dg.AssetKey([domain, "dbt", model])


def owners(products: Iterable[DataProduct]) -> list[str]:
    """The owners as Dagster takes them: an e-mail address, or ``team:<name>`` for anything else."""
    return list(dict.fromkeys(_owner(product.owner) for product in products))


def _owner(text: str) -> str:
    return text if _EMAIL.match(text) or text.startswith("team:") else f"team:{_NOT_TAG.sub('_', text)}"


def tags(domain: str, product: DataProduct | None = None) -> dict[str, str]:
    """Tags to filter by: domain, product, status and the contract's own tags."""
    found = {"mesh/domain": domain}
    if product is not None:
        found |= {"mesh/product": tag_value(product.name), "mesh/status": product.metadata.status}
        found |= {f"mesh/tag.{tag_value(tag)}"[:_LONGEST_TAG]: "" for tag in product.metadata.tags}
    return found


def tag_value(text: str) -> str:
    """The text as a tag may hold it: letters, digits, ``_``, ``.``, ``-``, at most 63 of them."""
    return _NOT_TAG.sub("_", text).strip("_.-")[:_LONGEST_TAG]


def column_schema(fields: Iterable[SchemaField]) -> dg.TableSchema:
    """The columns with types, descriptions, constraints, and tags for PII and mask."""
    return dg.TableSchema(columns=[_column(field) for field in fields])


def _column(field: SchemaField) -> dg.TableColumn:
    rules = field.constraints
    other = [
        f"{word} {value}"
        for word, value in (
            ("pattern", rules.pattern), ("in", rules.enum), ("min", rules.min), ("max", rules.max),
            ("min length", rules.min_length), ("max length", rules.max_length), ("time zone", rules.timezone),
        )
        if value is not None
    ]  # fmt: skip
    if rules.primary_key:
        other.insert(0, "primary key")
    marks = {"pii": field.is_pii, "mask": field.mask, "unit": field.unit, "semantics": field.semantics}
    return dg.TableColumn(
        field.name,
        type="timestamptz" if field.is_instant else str(field.logical_type),
        description=field.description or None,
        constraints=dg.TableColumnConstraints(nullable=field.nullable, unique=rules.unique, other=other),
        tags={key: "" if value is True else tag_value(str(value)) for key, value in marks.items() if value},
    )


def same_columns(columns: Iterable[str], source: dg.AssetKey) -> dg.TableColumnLineage:
    """Column lineage of a copy: every column comes from the column of that name."""
    return dg.TableColumnLineage({name: [dg.TableColumnDep(source, name)] for name in columns})


def contract_metadata(product: DataProduct, settings: Settings) -> dict[str, Any]:
    """What the asset's page shows of the contract: version, file, SLA, access, lineage, support."""
    spec = product.spec
    source = settings.root / product.source if product.source else settings.contracts_dir
    shown = {
        "mesh/sla": spec.sla.model_dump(mode="json", exclude_none=True),
        "mesh/access": spec.access.model_dump(mode="json", exclude_defaults=True),
        "mesh/lineage": spec.lineage.model_dump(mode="json", exclude_defaults=True),
        "mesh/support": spec.support.model_dump(mode="json", exclude_defaults=True),
    }
    namespace, table = product.address.table
    return {
        "dagster/column_schema": column_schema(product.fields),
        "dagster/table_name": f"{namespace}.{table}",
        "dagster/code_references": _code_references(source),
        "mesh/address": str(product.address),
        "mesh/contract": dg.MetadataValue.path(product.source or str(source)),
        "mesh/contract_version": product.version,
        **{key: dg.MetadataValue.json(value) for key, value in shown.items() if value},
    }


def _code_references(path: Path) -> dg.CodeReferencesMetadataValue:
    # Both classes say on every use that they are in beta.
    with disable_dagster_warnings():
        reference = dg.LocalFileCodeReference(file_path=str(path), line_number=1, label="contract")
        return dg.CodeReferencesMetadataValue(code_references=[reference])


def plain_json(value: Any) -> Any:
    """The value as JSON metadata may hold it; whatever JSON does not know becomes text."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, Mapping):
        return {str(key): plain_json(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain_json(item) for item in value]
    return str(value)
