"""pydantic's findings in the words of a contract: the YAML path, what was found, what was expected."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, get_args

from pydantic import AliasChoices, BaseModel, ValidationError

from mesh_orchestration.contract.document import Path_
from mesh_orchestration.contract.wording import found, suggestion

Finding = tuple[Path_, str]

_EXPECTED = {
    "string_type": "text",
    "bool_type": "true or false",
    "int_type": "a whole number",
    "float_type": "a number",
    "tuple_type": "a list",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
    "date_type": "a date such as 2026-12-31",
    "date_parsing": "a date such as 2026-12-31",
    "date_from_datetime_parsing": "a date such as 2026-12-31",
    "date_from_datetime_inexact": "a date such as 2026-12-31",
    "none_required": "nothing",
}
_MEANT = {
    "owner": "the e-mail of the owning team, or team:name",
    "version": "a semantic version such as 1.0.0",
    "domain": "lower-case letters and digits, starting with a letter, such as orders",
    "product": "the address of a product such as orders.order_lines.v1",
    "type": "a type such as string, long or timestamp",
    "assertion": "an expectation such as expect_column_values_to_not_be_null",
    "path": "files such as 'transactions/*.parquet'",
    "apiVersion": "datamesh.io/v1",
    "kind": "DataProduct",
    "model": "the name of a dbt model such as order_lines",
    "name": "letters, digits and _, starting with a letter, at most 63 in all",
    "fields": "at least one field",
    "columns": "the columns of the source, such as {basket_id: long}",
}


def structural_findings(error: ValidationError, data: Mapping[Any, Any], model: type[BaseModel]) -> Iterator[Finding]:
    """One finding for each place of ``data`` that ``model`` refused, alternatives of one place joined."""
    alternatives: dict[Path_, list[str]] = {}
    values: dict[Path_, Any] = {}
    for item in error.errors(include_url=False):
        path, value = _locate(item["loc"], data)
        kind = str(item["type"])
        if kind == "missing":
            missing = (*path, item["loc"][-1])
            yield missing, f"is missing; expected {_MEANT.get(str(missing[-1]), 'a value')}"
        elif kind in {"extra_forbidden", "invalid_key"}:
            yield _unknown_key(path, model)
        elif kind == "literal_error":
            words = re.findall(r"'([^']*)'", str(item["ctx"]["expected"]))
            yield path, f"found {found(value)}{_either(str(value), words)}"
        elif kind == "value_error":
            yield path, str(item["ctx"]["error"])
        elif kind != "too_short" or not value:  # a list of broken items is not short
            alternatives.setdefault(path, []).append(_expected(kind, path, item))
            values[path] = value
    for path, expected in alternatives.items():
        quotes = "; put it in quotes if it is text" if "text" in expected and _bare(values[path]) else ""
        yield path, f"found {found(values[path])}, expected {' or '.join(dict.fromkeys(expected))}{quotes}"


def _either(word: str, words: list[str]) -> str:
    if len(words) == 1:
        return f", expected '{words[0]}'"
    return f", expected one of {', '.join(words)}{hint if '?' in (hint := suggestion(word, words)) else ''}"


def _bare(value: Any) -> bool:
    return value is not None and not isinstance(value, str | list | dict)


def _expected(kind: str, path: Path_, item: Mapping[str, Any]) -> str:
    if kind in _EXPECTED:
        return _EXPECTED[kind]
    key = str(next((part for part in reversed(path) if isinstance(part, str)), ""))
    if kind in {"string_pattern_mismatch", "too_short", "string_too_short"}:
        return _MEANT.get(key, f"text like {item.get('ctx', {}).get('pattern', 'this')}")
    if kind == "greater_than_equal":
        return f"{item['ctx']['ge']} or more"
    return str(item["msg"]).lower()


def _locate(loc: tuple[int | str, ...], data: Any) -> tuple[Path_, Any]:
    """The longest part of ``loc`` that is written in ``data``, and the value there."""
    path: list[str | int | None] = []
    for part in loc:
        if isinstance(data, dict) and part in data:
            data = data[part]
            path.append(part)
        elif isinstance(data, dict) and part in ("null", "None") and None in data:
            data = data[None]
            path.append(None)
        elif isinstance(data, list) and isinstance(part, int) and part < len(data):
            data = data[part]
            path.append(part)
    return tuple(path), data


def _unknown_key(path: Path_, model: type[BaseModel]) -> Finding:
    key = "null" if path[-1] is None else str(path[-1])
    known = keys_at(path[:-1], model)
    hint = suggestion(key, known)
    if "checks" in path and "_" in key:
        hint = f"; the arguments of an expectation stand under 'value', e.g. value: {{{key}: …}}"
    return path, f"'{key}' is not a key here{hint}"


def keys_at(path: Path_, model: type[BaseModel]) -> tuple[str, ...]:
    """The keys that a mapping at ``path`` may have."""
    current: type[BaseModel] | None = model
    for part in path:
        if not isinstance(part, str) or current is None:
            continue
        fields = current.model_fields.items()
        current = next((_model_in(info.annotation) for name, info in fields if part in _spellings(name, info)), None)
    if current is None:
        return ()
    return tuple(_spellings(name, info)[0] for name, info in current.model_fields.items())


def _spellings(name: str, info: Any) -> tuple[str, ...]:
    if isinstance(info.validation_alias, AliasChoices):
        return tuple(str(choice) for choice in info.validation_alias.choices)
    return (info.alias or name,)


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((model for inner in get_args(annotation) if (model := _model_in(inner))), None)
