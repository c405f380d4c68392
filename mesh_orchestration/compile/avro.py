"""A contract as an Avro schema: one record a row, for topics, files and schema registries.

The record's full name is ``<domain>.<product>`` without the major, so that two majors of a product can
be resolved against each other. A list of allowed words stays a string: an Avro enum could not say most
of them (its symbols are names), and could never lose one. Source of types and names: the Avro 1.12
specification, sections "Complex Types", "Names" and "Logical Types".
"""

from __future__ import annotations

import re
from typing import Any

from mesh_orchestration.contract.avro import avro_type
from mesh_orchestration.contract.model import DataProduct, SchemaField

_NAME = re.compile(r"^[A-Za-z_][A-Za-z0-9_]*$")


def avro_schema(product: DataProduct) -> dict[str, Any]:
    """The Avro schema of one row, as JSON-like data in a stable order.

    A nullable column is a union with null whose default is null; the elements of an array may be null,
    as they may in the published table. Columns marked as personal data carry ``"pii": true``.
    """
    schema: dict[str, Any] = {"type": "record", "name": product.name, "namespace": product.domain}
    if product.metadata.description:
        schema["doc"] = product.metadata.description
    taken = {field.name for field in product.fields}
    return schema | {"fields": [_field(field, taken) for field in product.fields]}


def _field(field: SchemaField, taken: set[str]) -> dict[str, Any]:
    kind = avro_type(field.logical_type, instant=field.is_instant)
    said: dict[str, Any] = {"name": field.name}
    said |= {"type": ["null", kind], "default": None} if field.nullable else {"type": kind}
    if field.description:
        said["doc"] = field.description
    if aliases := [name for name in dict.fromkeys(field.aliases) if _NAME.match(name) and name not in taken]:
        said["aliases"] = aliases
    return said | ({"pii": True} if field.is_pii else {})
