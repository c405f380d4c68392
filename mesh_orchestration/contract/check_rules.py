"""What one check may not say: unknown expectations, arguments and columns, values of the wrong type."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mesh_orchestration.contract.literals import LISTABLE, literal
from mesh_orchestration.contract.model import QualityCheck, SchemaField
from mesh_orchestration.contract.structure import Finding
from mesh_orchestration.contract.types import LogicalType
from mesh_orchestration.contract.wording import suggestion
from mesh_orchestration.expectations import registry

_TYPED = ("column_values_to_be_between", "column_min_to_be_between", "column_max_to_be_between", "_set")
"""Endings of the expectations whose arguments are values of the column."""
_NUMBER = LogicalType("double")


def kwargs_of(check: QualityCheck) -> dict[str, Any]:
    """The expectation's arguments under Great Expectations' names."""
    given = {
        "column": check.column,
        "column_list": list(check.columns) if check.columns is not None else None,
        "mostly": check.threshold,
    }
    return {key: value for key, value in given.items() if value is not None} | dict(check.value)


def check_findings(check: QualityCheck, names: tuple[str, ...], fields: Mapping[str, SchemaField]) -> Iterator[Finding]:
    """Every finding in ``check`` of a product with the field ``names``, with paths relative to the check.

    ``fields`` are those that are well formed themselves.
    """
    yield from word_findings(check)
    yield from _columns(check, names)
    if check.column and check.column in fields:
        yield from value_findings(check, fields[check.column])


def word_findings(check: QualityCheck) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """What is wrong with the expectation and its arguments, whatever product the check is about."""
    known = registry.names()
    if check.assertion not in known:
        yield ("assertion",), f"'{check.assertion}' is not an expectation{suggestion(check.assertion, known)}"
    else:
        for problem in registry.problems(check.assertion, kwargs_of(check)):
            yield _place(check, problem), problem
    for key, argument in (("column", "column"), ("columns", "column_list"), ("threshold", "mostly")):
        if getattr(check, key) is not None and argument in check.value:
            yield ("value", argument), f"'{key}' already says this; say it once"


def _place(check: QualityCheck, problem: str) -> tuple[str, ...]:
    """The argument that ``problem`` starts with, when the check writes it under ``value``."""
    argument = problem[1:].partition("'")[0] if problem.startswith("'") else ""
    return ("value", argument) if argument in check.value else ()


def _columns(check: QualityCheck, names: tuple[str, ...]) -> Iterator[Finding]:
    for path, name in named_columns(check):
        if isinstance(name, str) and name not in names:
            yield path, f"'{name}' is not a field of this product{suggestion(name, names)}"


def named_columns(check: QualityCheck) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    """Every place of a check that names a column."""
    if check.column is not None:
        yield ("column",), check.column
    yield from ((("columns", place), name) for place, name in enumerate(check.columns or ()))
    for key, value in check.value.items():
        if key in {"column", "column_A", "column_B"}:
            yield ("value", key), value
        elif key in {"column_list", "column_set"} and isinstance(value, list | tuple):
            yield from ((("value", key, place), name) for place, name in enumerate(value))


def value_findings(check: QualityCheck, field: SchemaField) -> Iterator[Finding]:
    """Bounds and sets of a check that are no values of the type of its column ``field``."""
    type_ = field.logical_type
    if not check.assertion.endswith(_TYPED) or type_.name not in LISTABLE:
        return
    for path, value in _given(check.value):
        try:
            literal(value, _NUMBER if type_.is_numeric and not isinstance(value, str) else type_)
        except ValueError as error:
            yield path, str(error)


def _given(arguments: Mapping[str, Any]) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    for key in ("min_value", "max_value"):
        if arguments.get(key) is not None:
            yield ("value", key), arguments[key]
    many = arguments.get("value_set")
    if isinstance(many, list | tuple):
        yield from ((("value", "value_set", place), value) for place, value in enumerate(many))
