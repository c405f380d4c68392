"""A column: a ``property`` of the standard and a native field, both ways."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import Any

from pydantic import ValidationError

from mesh_orchestration.contract.dialect import Place
from mesh_orchestration.contract.document import Path_
from mesh_orchestration.contract.model import SchemaField
from mesh_orchestration.contract.odcs.checks import enum_rule
from mesh_orchestration.contract.odcs.customs import difference, restore, store
from mesh_orchestration.contract.odcs.notes import Notes
from mesh_orchestration.contract.odcs.types import logical, type_word
from mesh_orchestration.contract.odcs.words import OPTIONS, PROPERTY
from mesh_orchestration.contract.spelling import as_moment
from mesh_orchestration.contract.words import COLUMN
from mesh_orchestration.expectations.arguments import is_relative

OWN = frozenset(SchemaField.model_fields) - {"name", "type"}
_BETWEEN = "expect_column_values_to_be_between"
_TEXT_OPTIONS = {"minLength": "min_length", "maxLength": "max_length", "pattern": "pattern"}
_BOUNDS = {"minimum": "min", "maximum": "max"}
_MOMENTS = {"date", "timestamp", "time"}
_USED = {
    "name", "logicalType", "logicalTypeOptions", "physicalType", "description", "tags", "primaryKey",
    "primaryKeyPosition", "required", "unique", "quality", "customProperties", "items", "properties",
}  # fmt: skip


def written(field: SchemaField, position: int) -> dict[str, Any]:
    """``field`` as a property; ``position`` is its place in the primary key, 0 for none."""
    enum = [enum_rule(list(field.constraints.enum))] if field.constraints.enum else []
    type_ = logical(field)
    options = type_.pop("logicalTypeOptions", {}) | _options(field)
    items = type_.pop("items", None)
    said: dict[str, Any] = {"name": field.name, "logicalType": type_["logicalType"]}
    said |= {"logicalTypeOptions": options} if options else {}
    said |= {"physicalType": type_["physicalType"]}
    said |= {"description": field.description} if field.description else {}
    said |= {"tags": list(field.tags)} if field.tags else {}
    said |= {"primaryKey": True, "primaryKeyPosition": position} if position else {}
    said |= {} if field.nullable else {"required": True}
    said |= {"unique": True} if field.constraints.unique else {}
    said |= {"items": items} if items else {}
    said |= {"quality": enum} if enum else {}
    return store(said, difference(_plain(field), _plain(_again(said, enum)), ["constraints"]))


def _plain(field: SchemaField) -> dict[str, Any]:
    said = field.model_dump(exclude_defaults=True)
    return said | {"constraints": field.constraints.model_dump(exclude_defaults=True)}


def allowed(rule: Mapping[Any, Any], type_: str) -> list[Any]:
    """The values that an enum's rule lists, as the column's type reads them."""
    return [as_moment(value, type_) for value in rule["arguments"]["validValues"] if value is not None]


def _again(said: dict[str, Any], enum: list[dict[str, Any]]) -> SchemaField:
    """What a reader makes of ``said``."""
    back = read(said, ((), ()), Notes())[0]
    if enum:
        back.setdefault("constraints", {})["enum"] = allowed(enum[0], back["type"])
    try:
        return SchemaField.model_validate(back)
    except ValidationError:  # then everything beside name and type is stored as it is
        return SchemaField.model_validate({"name": back["name"], "type": back["type"]})


def _options(field: SchemaField) -> dict[str, Any]:
    said, type_ = field.constraints, logical(field)["logicalType"]
    options: dict[str, Any] = {}
    if type_ == "string" and field.logical_type.name == "string":
        options = {key: getattr(said, own) for key, own in _TEXT_OPTIONS.items()}
    elif type_ in {"integer", "number", *_MOMENTS}:
        options = {key: _bound(getattr(said, own), type_) for key, own in _BOUNDS.items()}
    if field.is_instant:
        options |= {"timezone": True, "defaultTimezone": "UTC"}
    return {key: value for key, value in options.items() if value is not None}


def _bound(value: Any, type_: str) -> Any:
    """A bound as the standard writes it; None where it has no words for it."""
    if type_ in _MOMENTS:
        text = value.isoformat() if isinstance(value, date) else value
        return text if isinstance(text, str) and not is_relative(text) else None
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def read(part: Mapping[Any, Any], at: tuple[Path_, Path_], notes: Notes) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """A property as a native field, and the checks that its options are; ``at`` is its path in the file and its
    native path."""
    path, native = at
    notes.places[native] = notes.places[*native, "constraints"] = Place(path)
    field: dict[str, Any] = {"name": _name(part, path, notes)} if part.get("name") else {}
    field["type"] = _type(part, path, notes)
    for key in ("description", "tags"):
        if part.get(key):
            field[key] = part[key]
    constraints: dict[str, Any] = {}
    if part.get("primaryKey"):
        constraints["primary_key"] = part["primaryKey"]
    if part.get("required") and not part.get("primaryKey"):
        constraints["null"] = part["required"] is not True and part["required"]
    if part.get("unique"):
        constraints["unique"] = part["unique"]
    for key, own in (("primaryKey", "primary_key"), ("required", "null"), ("unique", "unique")):
        notes.places[*native, "constraints", own] = Place((*path, key))
    notes.places[*native, "type"] = Place((*path, "physicalType" if "physicalType" in part else "logicalType"))
    checks = _read_options(part, field, constraints, (path, native, notes))
    if constraints:
        field["constraints"] = constraints
    notes.rest(part, path, used=_USED, known=PROPERTY)
    restore(field, part, at, notes, OWN)
    return field, checks


def _name(part: Mapping[Any, Any], path: Path_, notes: Notes) -> Any:
    name = part.get("name")
    if not isinstance(name, str) or COLUMN.match(name):
        return name
    slug = re.sub(r"[^A-Za-z0-9_]+", "_", name).strip("_")[:63]
    if not COLUMN.match(slug):
        return name
    notes.lose((*path, "name"), name, f"a column's name has no such characters; it becomes {slug}")
    return slug


def _type(part: Mapping[Any, Any], path: Path_, notes: Notes) -> str:
    word = type_word(part)
    if word is not None:
        return word
    if "logicalType" not in part and "physicalType" not in part and "properties" not in part and "map" not in part:
        notes.lose(path, part.get("name"), "has no type; say logicalType: string or another", refused=True)
        return "string"
    kind = part.get("logicalType") or part.get("physicalType") or "object"
    if kind == "array":
        reason = "the items of a list are of one plain type; say it in 'items', or make a product with a row per item"
        notes.lose((*path, "logicalType"), kind, reason, refused=True)
        return "array<string>"
    reason = "a column holds one plain value; make a column of each part that matters, or a string of JSON"
    notes.lose((*path, "logicalType"), kind, reason, refused=True)
    return "string"


def _read_options(
    part: Mapping[Any, Any], field: dict[str, Any], constraints: dict[str, Any], at: tuple[Path_, Path_, Notes]
) -> list[dict[str, Any]]:
    """Fill ``constraints`` from the logical type's options; what they cannot say becomes checks."""
    path, native, notes = at
    where = (*path, "logicalTypeOptions")
    options = notes.mapping(part.get("logicalTypeOptions"), where)
    used = {*_TEXT_OPTIONS, *_BOUNDS, "exclusiveMinimum", "exclusiveMaximum", "timezone"}
    for key, own in (_TEXT_OPTIONS | _BOUNDS).items():
        if key in options:
            constraints[own] = as_moment(options[key], field["type"])
            notes.places[*native, "constraints", own] = Place((*where, key))
    if options.get("timezone") is True:
        constraints["timezone"] = "UTC"
        notes.places[*native, "constraints", "timezone"] = Place((*where, "timezone"))
    if options.get("defaultTimezone") == "UTC":
        used.add("defaultTimezone")
    elif "defaultTimezone" in options:
        notes.lose((*where, "defaultTimezone"), options["defaultTimezone"], "instants are kept in UTC")
        used.add("defaultTimezone")
    if str(options.get("format")) in {"i32", "i64", "f32", "f64", "uuid", "binary"}:
        used.add("format")
    notes.rest(options, where, used=used, known=OPTIONS)
    return list(_exclusive(options, field, constraints))


def _exclusive(options: Mapping[Any, Any], field: dict[str, Any], constraints: dict[str, Any]) -> Any:
    """Bounds that a value may not reach: the next whole number, or a check."""
    limits: dict[str, Any] = {}
    for key, own, step in (("exclusiveMinimum", "min", 1), ("exclusiveMaximum", "max", -1)):
        value = options.get(key)
        whole = field["type"].lower() in {"int", "integer", "long", "bigint", "smallint", "int32", "int64"}
        if value is None:
            continue
        if whole and isinstance(value, int):
            constraints[own] = value + step
        else:
            limits |= {f"{own}_value": value, f"strict_{own}": True}
    if limits:
        yield {"column": field.get("name"), "assertion": _BETWEEN, "value": limits}
