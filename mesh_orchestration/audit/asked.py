"""A check made ready: its question, with every constant as a value of the column it is held against."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from mesh_orchestration.audit.literals import TEMPORAL, Types, Unplanned, fit, fit_members, fit_predicate
from mesh_orchestration.expectations import registry
from mesh_orchestration.expectations.base import Expectation
from mesh_orchestration.expectations.check import Check
from mesh_orchestration.expectations.question import (
    Disorder,
    Duplicates,
    Measure,
    Measures,
    Members,
    Quantiles,
    Question,
    Rare,
    Rows,
)


@dataclass(frozen=True)
class Asked:
    """One check and its question; without a question Great Expectations itself has to answer."""

    check: Check
    expectation: Expectation | None = None
    arguments: Mapping[str, Any] | None = None
    question: Question | None = None


def ask(check: Check, types: Types, now: datetime) -> Asked:
    """The check's question about a table with columns of ``types``.

    Raises ValueError for arguments the expectation cannot take, KeyError for a column the table
    does not have, TypeError for values that do not compare with their column.
    """
    if found := registry.problems(check.expectation, check.kwargs):
        raise ValueError("; ".join(found))
    expectation = registry.get(check.expectation)
    if expectation is None or check.kwargs.get("row_condition") is not None:
        return Asked(check)
    arguments = expectation.complete(check.kwargs)
    _columns_exist(expectation.ask(arguments), types)
    try:
        arguments = _fitted_arguments(expectation.ask(arguments), arguments, types, now)
        question = _fitted(expectation.ask(arguments), types, now)
    except Unplanned as error:
        if not expectation.foreign:
            raise TypeError(str(error)) from None
        return Asked(check)
    return Asked(check, expectation, arguments, question)


def columns_of(question: Question) -> tuple[str, ...]:
    """The columns the question looks at."""
    match question:
        case Rows() | Duplicates() | Rare() | Disorder():
            return question.shown
        case Measure(column=column):
            return (column,) if column else ()
        case Measures(parts):
            return tuple(dict.fromkeys(name for part in parts for name in columns_of(part)))
        case Members(column) | Quantiles(column):
            return (column,)
    return ()


def _columns_exist(question: Question, types: Types) -> None:
    for name in columns_of(question):
        if name not in types:
            raise KeyError(f"there is no column '{name}'; the columns are {', '.join(types)}")


def _fitted(question: Question, types: Types, now: datetime) -> Question:
    match question:
        case Rows():
            return replace(question, holds=fit_predicate(question.holds, types, now))
        case Members():
            return replace(question, values=fit_members(question.values, types[question.column].kind, now))
        case Measure(metric, column) if column is not None:
            _measurable(metric, column, types)
        case Duplicates(shown) | Rare(shown):
            for name in shown:
                if types[name].kind == "other":
                    raise Unplanned(f"values of type {types[name].column_type.name} cannot be told apart here")
    return question


def _measurable(metric: str, column: str, types: Types) -> None:
    kind = types[column].kind
    if metric in {"mean", "sum", "stdev"} and kind not in {"integer", "float", "decimal"}:
        raise TypeError(f"column '{column}' is of type {kind}; its {metric} does not exist")
    if metric in {"min", "max"} and kind in {"boolean", "binary", "other", "uuid"}:
        raise TypeError(f"column '{column}' is of type {kind}, which has no order")


def _fitted_arguments(question: Question, arguments: dict[str, Any], types: Types, now: datetime) -> dict[str, Any]:
    """The bounds of a smallest, largest or quantile value as values of its column."""
    if isinstance(question, Measure) and question.metric in {"min", "max"} and question.column:
        kind = types[question.column].kind
        bounds = {key: fit(arguments[key], kind, now) for key in _given(arguments)}
        return arguments | bounds
    if isinstance(question, Quantiles) and types[question.column].kind in TEMPORAL:
        kind, ranges = types[question.column].kind, arguments["quantile_ranges"]
        fitted = [[None if item is None else fit(item, kind, now) for item in pair] for pair in ranges["value_ranges"]]
        return arguments | {"quantile_ranges": {"quantiles": ranges["quantiles"], "value_ranges": fitted}}
    return arguments


def _given(arguments: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(key for key in ("min_value", "max_value") if arguments.get(key) is not None)
