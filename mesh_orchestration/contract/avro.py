"""Avro types and contract types, both ways: the Avro 1.12 specification, "Complex Types" and "Logical Types".

What a contract says of a column beyond its type stands as attributes of the Avro field (``unit``, ``pii``,
``constraints`` …), which the specification allows as metadata that readers pass over.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from mesh_orchestration.contract.dialect import Lost
from mesh_orchestration.contract.document import Path_
from mesh_orchestration.contract.spelling import as_moment
from mesh_orchestration.contract.types import LogicalType, parse_type
from mesh_orchestration.contract.wording import found

ATTRIBUTES = ("semantics", "unit", "tags", "pii", "masking", "constraints")
"""What a contract says of a column and Avro has no key of its own for."""
_TYPES: Mapping[str, str | Mapping[str, str]] = {
    "string": "string",
    "integer": "int",
    "long": "long",
    "float": "float",
    "double": "double",
    "boolean": "boolean",
    "date": {"type": "int", "logicalType": "date"},
    "time": {"type": "long", "logicalType": "time-micros"},
    "timestamp": {"type": "long", "logicalType": "local-timestamp-micros"},
    "binary": "bytes",
    "uuid": {"type": "string", "logicalType": "uuid"},
}
_INSTANT = {"type": "long", "logicalType": "timestamp-micros"}
_PRIMITIVES = {
    "string": "string", "int": "integer", "long": "long", "float": "float", "double": "double",
    "boolean": "boolean", "bytes": "binary", "fixed": "binary",
}  # fmt: skip
_LOGICAL = {
    "date": "date", "uuid": "uuid",
    "time-millis": "time", "time-micros": "time",
    "local-timestamp-millis": "timestamp", "local-timestamp-micros": "timestamp", "local-timestamp-nanos": "timestamp",
    "timestamp-millis": "timestamptz", "timestamp-micros": "timestamptz", "timestamp-nanos": "timestamptz",
}  # fmt: skip
_KNOWN = frozenset({"name", "type", "doc", "aliases", *ATTRIBUTES})
_FEW_DIGITS = 38


def avro_type(logical: LogicalType, *, instant: bool = False) -> Any:
    """The Avro type of a logical type; ``instant`` makes a timestamp a point in time (UTC)."""
    if logical.item:
        return {"type": "array", "items": ["null", avro_type(logical.item)]}
    if logical.name == "decimal":
        digits = {"precision": logical.precision, "scale": logical.scale}
        return {"type": "bytes", "logicalType": "decimal"} | digits
    if instant and logical.name == "timestamp":
        return dict(_INSTANT)
    word = _TYPES[logical.name]
    return word if isinstance(word, str) else dict(word)


@dataclass(frozen=True)
class Column:
    """An Avro type in a contract's words; ``symbols`` are those of an enum."""

    word: str
    nullable: bool = False
    instant: bool = False
    symbols: tuple[str, ...] = ()


@dataclass
class Record:
    """The columns of an Avro record as native fields, with where each came from and what did not fit."""

    fields: list[dict[str, Any]] = field(default_factory=list)
    findings: list[tuple[Path_, str]] = field(default_factory=list)
    lost: list[Lost] = field(default_factory=list)


def read_record(schema: Any) -> Record:
    """The native fields of an Avro record schema (parsed JSON); what no column can hold is in ``findings``."""
    record = Record()
    if not isinstance(schema, Mapping) or schema.get("type") != "record":
        record.findings.append(((), f"found {found(schema)}, expected an Avro record such as {{type: record, …}}"))
        return record
    items = schema.get("fields")
    if not isinstance(items, list):
        record.findings.append((("fields",), f"found {found(items)}, expected the list of the record's fields"))
        return record
    names: dict[str, Any] = {}
    for index, item in enumerate(items):
        where: Path_ = ("fields", index)
        if not isinstance(item, Mapping) or "name" not in item or "type" not in item:
            record.findings.append((where, "is no Avro field; expected a mapping with 'name' and 'type'"))
            continue
        try:
            column = column_of(item["type"], names)
        except ValueError as error:
            record.findings.append(((*where, "type"), f"'{item['name']}' {error}"))
            continue
        record.fields.append(_field(item, column))
        record.lost.extend(_unheld(item, where))
    return record


def column_of(kind: Any, names: dict[str, Any] | None = None) -> Column:
    """An Avro type as a column; ``names`` collects the named types met; raises ValueError with the way out."""
    names = {} if names is None else names
    if isinstance(kind, list):
        return _union(kind, names)
    if isinstance(kind, str):
        if kind in _PRIMITIVES:
            return Column(_PRIMITIVES[kind])
        known = names.get(kind) or names.get(kind.rsplit(".", 1)[-1])
        if known is None:
            raise ValueError(f"is of type '{kind}', which is no Avro type and not defined before it")
        return column_of(known, names)
    if not isinstance(kind, Mapping):
        raise ValueError(f"has the type {found(kind)}, expected an Avro type")
    if isinstance(kind.get("name"), str):
        names[kind["name"]] = dict(kind)
    return _complex(kind, names)


def _union(kinds: list[Any], names: dict[str, Any]) -> Column:
    others = [kind for kind in kinds if kind != "null"]
    if len(others) != 1:
        said = " or ".join(str(kind if isinstance(kind, str) else kind.get("type")) for kind in others) or "null alone"
        raise ValueError(f"is {said}; a column has one type, make it a union of null and one type")
    inner = column_of(others[0], names)
    return Column(inner.word, len(others) < len(kinds) or inner.nullable, inner.instant, inner.symbols)


def _complex(kind: Mapping[str, Any], names: dict[str, Any]) -> Column:
    type_, logical = kind.get("type"), kind.get("logicalType")
    if logical == "decimal":
        return Column(_decimal(kind))
    if isinstance(logical, str) and logical in _LOGICAL:
        word = _LOGICAL[logical]
        return Column(word.removesuffix("tz"), instant=word == "timestamptz")
    if type_ == "enum":
        return Column("string", symbols=tuple(map(str, kind.get("symbols", ()))))
    if type_ == "array":
        return Column(f"array<{column_of(kind.get('items'), names).word}>")
    if type_ == "record":
        raise ValueError("is a record in the record; make a column of each of its fields")
    if type_ == "map":
        raise ValueError("is a map; make a column of each key that matters, or a product with a row per key")
    return column_of(type_, names)


def _decimal(kind: Mapping[str, Any]) -> str:
    precision, scale = kind.get("precision"), kind.get("scale", 0)
    if not isinstance(precision, int) or not isinstance(scale, int) or not 1 <= precision <= _FEW_DIGITS:
        raise ValueError(f"is a decimal of precision {precision}; a column holds 1 to {_FEW_DIGITS} digits")
    return str(parse_type(f"decimal({precision},{scale})"))


def _field(item: Mapping[str, Any], column: Column) -> dict[str, Any]:
    said: dict[str, Any] = {"name": item["name"], "type": column.word}
    if "doc" in item:
        said["description"] = item["doc"]
    said |= {key: item[key] for key in ("aliases", *ATTRIBUTES) if key in item and key != "constraints"}
    stated = item.get("constraints", {})
    if not isinstance(stated, Mapping):
        return said | {"constraints": stated}
    constraints: dict[str, Any] = {key: as_moment(value, column.word) for key, value in stated.items()}
    if isinstance(constraints.get("enum"), list):
        constraints["enum"] = [as_moment(value, column.word) for value in constraints["enum"]]
    if not column.nullable and not constraints.get("primary_key"):
        constraints.setdefault("null", False)
    if column.instant:
        constraints.setdefault("timezone", "UTC")
    if column.symbols:
        constraints.setdefault("enum", list(column.symbols))
    return said | ({"constraints": constraints} if constraints else {})


def _unheld(item: Mapping[str, Any], where: Path_) -> Iterator[Lost]:
    for key in sorted(set(item) - _KNOWN):
        if key == "default":
            if item[key] is not None:
                yield Lost((*where, key), item[key], "a contract has no default values")
        else:
            yield Lost((*where, key), item[key], "a contract says nothing of the kind about a column")
