"""Column types: the standard's ``logicalType`` and ``physicalType``, and the words of a contract."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from mesh_orchestration.contract.model import SchemaField
from mesh_orchestration.contract.types import LogicalType, parse_type

_LOGICAL = {
    "string": "string", "uuid": "string", "binary": "string", "integer": "integer", "long": "integer",
    "float": "number", "double": "number", "decimal": "number", "boolean": "boolean", "date": "date", "time": "time",
    "timestamp": "timestamp", "array": "array",
}  # fmt: skip
_FORMATS = {"integer": "i32", "long": "i64", "uuid": "uuid", "binary": "binary"}
_OF_FORMAT = {"i32": "integer", "i64": "long", "f32": "float", "f64": "double", "uuid": "uuid", "binary": "binary"}
_DEFAULT = {
    "string": "string", "integer": "long", "number": "double", "boolean": "boolean", "date": "date", "time": "time",
    "timestamp": "timestamp",
}  # fmt: skip
_FITTING: Mapping[str, frozenset[str]] = {
    "string": frozenset({"string", "uuid", "binary"}),
    "integer": frozenset({"integer", "long"}),
    "number": frozenset({"integer", "long", "float", "double", "decimal"}),
    "boolean": frozenset({"boolean"}),
    "date": frozenset({"date", "timestamp"}),
    "time": frozenset({"time"}),
    "timestamp": frozenset({"timestamp"}),
    "array": frozenset({"array"}),
    "object": frozenset(_LOGICAL) - {"array"},
}
_PHYSICAL = {
    "char": "string", "character": "string", "character varying": "string", "nchar": "string", "nvarchar": "string",
    "varchar2": "string", "bpchar": "string", "clob": "string", "name": "string", "xml": "string", "citext": "string",
    "tinyint": "integer", "int2": "integer", "int4": "integer", "serial": "integer", "serial4": "integer",
    "smallserial": "integer", "mediumint": "integer", "int8": "long", "serial8": "long", "bigserial": "long",
    "float4": "float", "float8": "double", "double precision": "double", "money": "decimal(19,4)",
    "timestamp with time zone": "timestamptz", "timestamp_tz": "timestamptz", "timestamp_ltz": "timestamptz",
    "timestamp without time zone": "timestamp", "timestamp_ntz": "timestamp", "datetime2": "timestamp",
    "datetimeoffset": "timestamptz", "time without time zone": "time", "bytea": "binary", "blob": "binary",
    "varbinary": "binary", "uniqueidentifier": "uuid", "bit": "boolean", "flag": "boolean",
}  # fmt: skip
_SPELLED = re.compile(r"^([a-z][a-z0-9_ ]*?)\s*(?:[(\[]\s*(\d+)\s*(?:,\s*(\d+)\s*)?[)\]])?$")


def logical(field: SchemaField) -> dict[str, Any]:
    """``logicalType``, the options that belong to the type itself, and ``physicalType``."""
    type_ = field.logical_type
    said: dict[str, Any] = {"logicalType": _LOGICAL[type_.name]}
    if type_.name in _FORMATS:
        said["logicalTypeOptions"] = {"format": _FORMATS[type_.name]}
    return said | {"physicalType": field.type} | ({"items": _items(type_.item)} if type_.item else {})


def _items(type_: LogicalType) -> dict[str, Any]:
    inner = {"items": _items(type_.item)} if type_.item else {}
    return {"logicalType": _LOGICAL[type_.name], "physicalType": str(type_)} | inner


def type_word(part: Mapping[Any, Any]) -> str | None:
    """The contract's word for the type of a property, None when it has none: a nested object, or no type at all.

    The physical type says which size is meant where it fits the logical one.
    """
    logical_type, physical = part.get("logicalType"), part.get("physicalType")
    if logical_type == "array":
        return _array(part)
    if "properties" in part or "map" in part:
        return None
    fitting = _FITTING.get(str(logical_type), frozenset(_LOGICAL))
    word = _physical(physical) if isinstance(physical, str) else None
    if word and parse_type(word).name in fitting:
        return word
    options = part.get("logicalTypeOptions")
    format_ = options.get("format") if isinstance(options, Mapping) else None
    by_format = _OF_FORMAT.get(str(format_))
    return by_format if by_format in fitting else _DEFAULT.get(str(logical_type))


def _array(part: Mapping[Any, Any]) -> str | None:
    physical, items = part.get("physicalType"), part.get("items")
    if isinstance(physical, str) and physical.lower().startswith("array<"):
        word = _physical(physical)
        if word:
            return word
    inner = type_word(items) if isinstance(items, Mapping) else None
    return f"array<{inner}>" if inner else None


def _physical(text: str) -> str | None:
    """A physical type as the contract spells it; None when it is none of ours and none that databases share."""
    try:
        parse_type(text)
    except ValueError:
        return _foreign(text.strip().lower())
    return text


def _foreign(text: str) -> str | None:
    match = _SPELLED.match(text)
    if not match:
        return None
    base, first, second = match.groups()
    if base in {"decimal", "numeric", "number", "dec"} and first:
        scale = int(second or 0)
        return f"decimal({first},{scale})" if 1 <= int(first) <= 38 and scale <= int(first) else None
    if base in _PHYSICAL:
        return _PHYSICAL[base]
    try:
        return str(parse_type(base).name)
    except ValueError:
        return None
