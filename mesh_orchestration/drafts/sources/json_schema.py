"""A JSON Schema of one row (drafts 4 to 2020-12): types, required, ranges, lengths, patterns, enumerations."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from mesh_orchestration.compile.data_schema import json_type
from mesh_orchestration.contract.address import Address
from mesh_orchestration.contract.types import SCALARS, parse_type
from mesh_orchestration.drafts.base import Found, Options, SourceColumn
from mesh_orchestration.drafts.names import slug
from mesh_orchestration.drafts.schemas import head_of, read_object, stem_of
from mesh_orchestration.errors import SourceError

_MOST_REFS = 20
_DECIMAL = re.compile(r"^\^-\?\\d\{1,(\d+)\}(?:\(\\\.\\d\{1,(\d+)\}\)\?)?\$$")
_FORMATS = {"date": "date", "date-time": "timestamptz", "time": "time", "uuid": "uuid"}
_WORDS = {"string": "string", "integer": "long", "number": "double", "boolean": "boolean"}
_OWN = tuple(
    (word, schema)
    for word in SCALARS
    if len(schema := json_type(parse_type(word))) > 1 and word not in {"decimal", "float"}
)
"""The types that the mesh's own JSON Schemas spell with more than one keyword."""
_HELD = frozenset(
    {"type", "format", "enum", "const", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "minLength"}
    | {"maxLength", "pattern", "description", "title", "items", "contentEncoding", "contentMediaType", "examples"}
    | {"$comment", "$id", "x-unit", "x-pii", "default", "deprecated", "readOnly", "writeOnly", "nullable"}
)


def recognises(source: str) -> bool:
    """Whether it is a JSON file that describes an object."""
    head = head_of(source) if source.lower().endswith(".json") else ""
    return "json-schema.org" in head or ('"properties"' in head and '"dbt_schema_version"' not in head)


def read(source: str, _: Options) -> Found:
    """The properties of the object as columns; raises SourceError when it describes none."""
    whole = read_object(source)
    root = _resolved(whole, whole, source)
    if root.get("type") == "array" and isinstance(root.get("items"), dict):
        root = _resolved(root["items"], whole, source)
    properties = root.get("properties")
    if not isinstance(properties, dict) or not properties:
        raise SourceError("has no 'properties'; a JSON Schema of one row names its columns there", source=source)
    columns, left_out = [], {}
    for name, schema in properties.items():
        try:
            columns.append(_column(name, _resolved(schema, whole, source), name in (root.get("required") or ())))
        except ValueError as error:
            left_out[name] = str(error)
    if not columns:
        raise SourceError(f"has no column that a contract can hold: {'; '.join(left_out.values())}", source=source)
    title = str(whole.get("title", ""))
    return Found(
        kind="json-schema",
        name=_name(title, source),
        title=Path(source).name,
        columns=tuple(columns),
        left_out=left_out,
        metadata={"description": whole["description"]} if whole.get("description") else {},
        to_decide=("inputs: a schema does not say where its rows are",),
    )


def _name(title: str, source: str) -> str:
    try:
        return Address.parse(title).product
    except ValueError:
        return slug(stem_of(source))


def _resolved(schema: Any, whole: Mapping[str, Any], source: str) -> dict[str, Any]:
    """The schema with local references followed, a lone ``allOf`` merged and ``null`` alternatives as nullable."""
    merged = dict(schema) if isinstance(schema, Mapping) else {}
    for _ in range(_MOST_REFS):
        if isinstance(ref := merged.pop("$ref", None), str):
            merged = _at(ref, whole, source) | merged
        elif isinstance(many := merged.get("allOf"), list) and len(many) == 1:
            del merged["allOf"]
            merged = dict(many[0]) | merged
        else:
            return _without_null(merged, whole, source)
    raise SourceError("refers to itself", source=source)


def _at(ref: str, whole: Mapping[str, Any], source: str) -> dict[str, Any]:
    found: Any = whole
    for part in ref.removeprefix("#").strip("/").split("/") if ref != "#" else ():
        word = part.replace("~1", "/").replace("~0", "~")
        found = found.get(word) if isinstance(found, Mapping) else None
    if not ref.startswith("#") or not isinstance(found, Mapping):
        raise SourceError(f"refers to '{ref}', which is not in the file; put it there", source=source)
    return dict(found)


def _without_null(schema: dict[str, Any], whole: Mapping[str, Any], source: str) -> dict[str, Any]:
    for word in ("anyOf", "oneOf"):
        many = schema.get(word)
        if isinstance(many, list) and {"type": "null"} in many and len(many) == 2:
            other = next(item for item in many if item != {"type": "null"})
            rest = {key: value for key, value in schema.items() if key != word}
            return _resolved(other, whole, source) | rest | {"nullable": True}
    return schema


def _column(name: str, schema: Mapping[str, Any], required: bool) -> SourceColumn:
    """One property; raises ValueError with the way out when no column can hold it."""
    kinds = schema.get("type")
    kinds = list(kinds) if isinstance(kinds, list) else [kinds] if kinds else []
    nullable = "null" in kinds or schema.get("nullable") is True
    kinds = [kind for kind in kinds if kind != "null"]
    word, given = _word(schema, kinds)
    constraints = _constraints(schema, word, given)
    if required and not nullable:
        constraints["null"] = False
    said = {
        "description": schema.get("description") or schema.get("title"),
        "unit": schema.get("x-unit"),
        "pii": schema.get("x-pii"),
        "constraints": constraints,
    }
    return SourceColumn(name, word, {k: v for k, v in said.items() if v}, tuple(_remarks(schema)))


def _word(schema: Mapping[str, Any], kinds: list[str]) -> tuple[str, frozenset[str]]:
    """The contract's word, and the keywords that are said by it."""
    if set(kinds) == {"string", "number"} and (match := _DECIMAL.match(str(schema.get("pattern", "")))):
        scale = int(match[2] or 0)
        return f"decimal({int(match[1]) + scale},{scale})", frozenset({"pattern"})
    if len(kinds) > 1:
        raise ValueError(f"is {' or '.join(kinds)}; a column has one type")
    kind = kinds[0] if kinds else _kind_of_values(schema)
    if kind == "array":
        items = schema.get("items")
        return f"array<{_item(items)}>", frozenset()
    for word, spelled in _OWN:
        if all(schema.get(key) == value for key, value in spelled.items() if key != "type") and kind == spelled["type"]:
            return word, frozenset(spelled)
    if kind == "string" and schema.get("format") in _FORMATS:
        return _FORMATS[str(schema["format"])], frozenset({"format"})
    if kind == "string" and schema.get("contentEncoding"):
        return "binary", frozenset({"contentEncoding", "pattern"})
    if kind in _WORDS:
        return _WORDS[kind], frozenset()
    way = "make a column of each of its properties" if kind == "object" else "say its type"
    raise ValueError(f"is {kind or 'of any type'}, which no column is; {way}")


def _item(items: Any) -> str:
    if not isinstance(items, Mapping):
        raise ValueError("is an array of anything; say the type of its items")
    kinds = items.get("type")
    bare = [kind for kind in (kinds if isinstance(kinds, list) else [kinds]) if kind and kind != "null"]
    return _word(items, bare)[0]


def _kind_of_values(schema: Mapping[str, Any]) -> str:
    values = schema.get("enum") or ([schema["const"]] if "const" in schema else [])
    return "string" if values and all(isinstance(value, str) for value in values) else ""


def _constraints(schema: Mapping[str, Any], word: str, given: frozenset[str]) -> dict[str, Any]:
    logical = parse_type(word)
    found: dict[str, Any] = {}
    if logical.is_numeric:
        low, high = _bounds(schema, whole=logical.name in {"integer", "long"})
        found |= {"min": None if "minimum" in given else low, "max": None if "maximum" in given else high}
    if logical.name == "string":
        names = {"min_length": "minLength", "max_length": "maxLength", "pattern": "pattern"}
        found |= {key: schema.get(name) for key, name in names.items()}
    values = schema.get("enum") or ([schema["const"]] if "const" in schema else None)
    if values and logical.name not in {"array", "binary", "boolean"}:
        found["enum"] = [value for value in values if value is not None]
    return {key: value for key, value in found.items() if value is not None}


def _bounds(schema: Mapping[str, Any], *, whole: bool) -> tuple[Any, Any]:
    """The least and the greatest value; an exclusive bound of whole numbers is the next one inside."""
    low, high = schema.get("minimum"), schema.get("maximum")
    above, below = schema.get("exclusiveMinimum"), schema.get("exclusiveMaximum")
    above = low if above is True else above
    below = high if below is True else below
    if whole and isinstance(above, int) and not isinstance(above, bool):
        low = above + 1
    if whole and isinstance(below, int) and not isinstance(below, bool):
        high = below - 1
    if whole:
        return (None if low == -(2**63) else low), (None if high == 2**63 - 1 else high)
    return low, high


def _remarks(schema: Mapping[str, Any]) -> Iterator[str]:
    """What the contract does not say, for a person to say otherwise."""
    for key in sorted(set(schema) - _HELD):
        yield f"not taken over: {key}"
    for key in ("exclusiveMinimum", "exclusiveMaximum"):
        if key in schema and schema.get("type") != "integer":
            yield f"not taken over: {key} {schema[key]}"
    if str(schema.get("format", "")) not in {"", *_FORMATS}:
        yield f"format: {schema['format']}"
    if schema.get("default") is not None:
        yield f"not taken over: default {schema['default']!r}"
