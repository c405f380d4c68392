"""A contract as a JSON Schema (2020-12) of one row, as the mesh writes rows in JSON.

Instants are ISO 8601 text with an offset, decimals are text or numbers, binary is hexadecimal text. As in
the Avro schema, a column that may be null may be missing, and a column that the schema does not know may
be there: so readers keep working while a product gains columns within one major.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from math import isfinite
from typing import Any

from mesh_orchestration.contract.model import DataProduct, SchemaField
from mesh_orchestration.contract.types import NUMERIC, LogicalType

DRAFT = "https://json-schema.org/draft/2020-12/schema"
_WALL_CLOCK = r"([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d{1,9})?)?"
_TYPES: Mapping[str, Mapping[str, Any]] = {
    "string": {"type": "string"},
    "integer": {"type": "integer", "minimum": -(2**31), "maximum": 2**31 - 1},
    "long": {"type": "integer", "minimum": -(2**63), "maximum": 2**63 - 1},
    "float": {"type": "number"},
    "double": {"type": "number"},
    "boolean": {"type": "boolean"},
    "date": {"type": "string", "format": "date"},
    "time": {"type": "string", "pattern": f"^{_WALL_CLOCK}$"},
    "timestamp": {"type": "string", "pattern": rf"^\d{{4}}-\d{{2}}-\d{{2}}[T ]{_WALL_CLOCK}$"},
    "binary": {"type": "string", "contentEncoding": "base16", "pattern": "^([0-9A-Fa-f]{2})*$"},
    "uuid": {"type": "string", "format": "uuid"},
}
_INSTANT = {"type": "string", "format": "date-time"}
_LISTABLE = frozenset({"string", "integer", "long", "float", "double", "boolean", "date", "uuid"})
_PYTHON_ONLY = re.compile(r"\(\?(?![:=!]|<[=!])|\\[AZ]|[*+?}]\+")


def data_schema(product: DataProduct) -> dict[str, Any]:
    """The JSON Schema of one row with its constraints, formats and descriptions, in a stable order.

    A constraint that JSON Schema cannot express is named in the column's ``$comment``.
    """
    schema: dict[str, Any] = {"$schema": DRAFT, "title": str(product.address)}
    if product.metadata.description:
        schema["description"] = product.metadata.description
    schema |= {"type": "object", "properties": {field.name: _property(field) for field in product.fields}}
    required = [field.name for field in product.fields if not field.nullable]
    return schema | ({"required": required} if required else {})


def json_type(logical: LogicalType, *, instant: bool = False) -> dict[str, Any]:
    """The JSON Schema of a value of a logical type; ``instant`` makes a timestamp a point in time (UTC)."""
    if logical.item:
        return {"type": "array", "items": _or_null(json_type(logical.item))}
    if logical.name == "decimal":
        whole, part = logical.precision - logical.scale, logical.scale
        digits = rf"\d{{1,{max(whole, 1)}}}" + (rf"(\.\d{{1,{part}}})?" if part else "")
        return {"type": ["string", "number"], "pattern": f"^-?{digits}$"}
    return dict(_INSTANT if instant and logical.name == "timestamp" else _TYPES[logical.name])


def _property(field: SchemaField) -> dict[str, Any]:
    """One column: its type narrowed by its constraints, its meaning, and what cannot be expressed."""
    schema = json_type(field.logical_type, instant=field.is_instant) | _constraints(field)
    schema = _or_null(schema) if field.nullable else schema
    if field.description:
        schema["description"] = field.description
    if field.unit:
        schema["x-unit"] = field.unit
    if field.is_pii:
        schema["x-pii"] = True
    if left := list(_inexpressible(field)):
        schema["$comment"] = f"The contract also says: {'; '.join(left)}."
    return schema


def _constraints(field: SchemaField) -> dict[str, Any]:
    said, kind = field.constraints, field.logical_type.name
    schema: dict[str, Any] = {}
    if kind in NUMERIC:
        bounds = {"minimum": said.min, "maximum": said.max}
        schema |= {key: value for key, bound in bounds.items() if (value := _number(bound)) is not None}
    if said.pattern is not None and not _PYTHON_ONLY.search(said.pattern):
        schema["pattern"] = said.pattern
    lengths = {"minLength": said.min_length, "maxLength": said.max_length}
    schema |= {key: value for key, value in lengths.items() if value is not None}
    if said.enum is not None and kind in _LISTABLE:
        schema["enum"] = [_plain(value) for value in said.enum]
    return schema


def _inexpressible(field: SchemaField) -> Iterator[str]:
    """The constraints of the field that JSON Schema has no words for, as the contract writes them."""
    said, kind = field.constraints, field.logical_type.name
    if said.primary_key:
        yield "primary_key: true"
    if said.unique:
        yield "unique: true"
    if said.pattern is not None and _PYTHON_ONLY.search(said.pattern):
        yield f"pattern: {said.pattern}"
    if said.enum is not None and kind not in _LISTABLE:
        yield f"enum: [{', '.join(str(_plain(value)) for value in said.enum)}]"
    if kind not in NUMERIC:
        for key, value in (("min", said.min), ("max", said.max)):
            if value is not None:
                yield f"{key}: {_plain(value)}"


def _or_null(schema: dict[str, Any]) -> dict[str, Any]:
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    schema = schema | {"type": [*kinds, "null"]}
    return schema | {"enum": [*schema["enum"], None]} if "enum" in schema else schema


def _number(value: Any) -> int | float | None:
    """A bound as a JSON number, None when it bounds nothing; a contract may write a decimal's bound as text."""
    if value is None or isinstance(value, int):
        return value
    number = float(value)
    return number if isfinite(number) else None


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date | datetime) else value
