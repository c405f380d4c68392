"""What one field may not say at once: constraints that contradict each other or the field's type."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from mesh_orchestration.contract.literals import LISTABLE, ORDERED, literal
from mesh_orchestration.contract.model import SchemaField
from mesh_orchestration.contract.structure import Finding
from mesh_orchestration.expectations.arguments import is_relative

_READ_OTHERWISE = re.compile(r"&&|--|~~|\[[^\]]*\[")
"""Signs within a set of characters that engines other than Python's read as operators."""


def field_findings(field: SchemaField) -> Iterator[Finding]:
    """Every contradiction in ``field``, with paths relative to it."""
    for rule in (_keys, _type_fit, _bounds, _lengths, _pattern, _enum, _privacy):
        yield from rule(field)


def _at(key: str) -> tuple[str, str]:
    return ("constraints", key)


def _keys(field: SchemaField) -> Iterator[Finding]:
    stated = field.constraints.model_fields_set
    if field.constraints.primary_key and "null" in stated and field.constraints.null:
        yield _at("null"), "a primary key is never null; leave 'null' out or say false"
    if field.constraints.primary_key and "unique" in stated and not field.constraints.unique:
        yield _at("unique"), "a primary key is unique; leave 'unique' out"


def _type_fit(field: SchemaField) -> Iterator[Finding]:
    type_, said = field.logical_type, field.constraints
    if said.timezone and type_.name != "timestamp":
        yield _at("timezone"), f"a timezone belongs to a timestamp, but the field is {type_}"
    for key in ("min", "max"):
        if getattr(said, key) is not None and type_.name not in ORDERED:
            yield _at(key), f"a field of type {type_} has no order; take '{key}' out"
    if said.enum is not None and type_.name not in LISTABLE:
        yield _at("enum"), f"values of type {type_} cannot be listed; take 'enum' out"
    for key in ("pattern", "min_length", "max_length"):
        if getattr(said, key) is not None and type_.name != "string":
            yield _at(key), f"'{key}' belongs to a string, but the field is {type_}"


def _read(field: SchemaField, key: str) -> tuple[Any, list[Finding]]:
    """The bound ``key`` as a value of the field's type, or the finding that it is none."""
    value = getattr(field.constraints, key)
    if value is None or field.logical_type.name not in ORDERED:
        return None, []
    try:
        return literal(value, field.logical_type), []
    except ValueError as error:
        return None, [(_at(key), str(error))]


def _bounds(field: SchemaField) -> Iterator[Finding]:
    low, low_findings = _read(field, "min")
    high, high_findings = _read(field, "max")
    yield from (*low_findings, *high_findings)
    said = field.constraints
    if low is not None and high is not None and is_relative(said.min) == is_relative(said.max) and low > high:
        yield _at("min"), f"min {said.min} is above max {said.max}; no value can hold both"


def _lengths(field: SchemaField) -> Iterator[Finding]:
    low, high = field.constraints.min_length, field.constraints.max_length
    if low is not None and high is not None and low > high:
        yield _at("min_length"), f"min_length {low} is above max_length {high}; no text can hold both"


def _pattern(field: SchemaField) -> Iterator[Finding]:
    pattern = field.constraints.pattern
    try:
        re.compile(pattern or "")
    except (re.error, OverflowError) as error:
        yield _at("pattern"), f"'{pattern}' is not a regular expression: {error}"
    except RecursionError:
        yield _at("pattern"), f"'{str(pattern)[:20]}…' is nested too deeply for a regular expression"


def _matching(pattern: str | None) -> Callable[[str], bool] | None:
    """Whether a text has a part that ``pattern`` matches, told in time that grows with the text alone; None when
    there is no pattern, or one that takes a backtracking engine, which a pattern can keep busy for years."""
    from pydantic_core import SchemaError, SchemaValidator, core_schema

    if pattern is None or _READ_OTHERWISE.search(pattern):
        return None
    try:
        return SchemaValidator(core_schema.str_schema(pattern=pattern, regex_engine="rust-regex")).isinstance_python
    except SchemaError:
        return None


def _enum(field: SchemaField) -> Iterator[Finding]:
    values = field.constraints.enum
    if values is None or field.logical_type.name not in LISTABLE:
        return
    if not values:
        yield _at("enum"), "is empty, so no value is allowed; list the values or take it out"
    low, high = _read(field, "min")[0], _read(field, "max")[0]
    said = field.constraints
    matches = _matching(said.pattern)
    unmatched = f"not matched by pattern '{said.pattern}'"
    seen: set[Any] = set()
    for index, value in enumerate(values):
        where = ("constraints", "enum", index)
        try:
            read = literal(value, field.logical_type)
        except ValueError as error:
            yield where, str(error)
            continue
        outside = [
            f"below min {said.min}" if low is not None and not is_relative(said.min) and read < low else "",
            f"above max {said.max}" if high is not None and not is_relative(said.max) and read > high else "",
            unmatched if matches and isinstance(read, str) and not matches(read) else "",
            f"shorter than min_length {said.min_length}" if _shorter(read, said.min_length) else "",
            f"longer than max_length {said.max_length}" if _shorter(said.max_length, read) else "",
        ]
        if reasons := [reason for reason in outside if reason]:
            yield where, f"'{value}' is allowed here but {' and '.join(reasons)}"
        if value in seen:
            yield where, f"'{value}' is listed twice"
        seen.add(value)


def _shorter(left: Any, right: Any) -> bool:
    """Whether ``left`` is shorter than ``right``; either is a text or a length, None is no limit."""
    sizes = [len(side) if isinstance(side, str) else side for side in (left, right)]
    texts = any(isinstance(side, str) for side in (left, right))
    return texts and None not in sizes and sizes[0] < sizes[1]


def _privacy(field: SchemaField) -> Iterator[Finding]:
    for key in ("pii", "masking"):
        outer, inner = getattr(field, key), getattr(field.constraints, key)
        both = key in field.model_fields_set and key in field.constraints.model_fields_set
        if both and outer != inner:
            yield _at(key), f"says {_said(inner)}, but '{key}' beside the field's name says {_said(outer)}; say it once"
    explicit = "pii" in field.model_fields_set or "pii" in field.constraints.model_fields_set
    if explicit and not field.is_pii and (field.masking or field.constraints.masking):
        yield ("masking",) if field.masking else _at("masking"), "masks a field that 'pii: false' calls harmless"


def _said(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else f"'{value}'"
