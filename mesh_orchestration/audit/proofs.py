"""Answers that statistics alone prove: row counts, missing values, bounds, order between columns.

A proof says that every row of the domain holds, or that none does; anything in between is left to
the ways that read the data.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

from mesh_orchestration.audit.statistics import ColumnStatistics, Statistics
from mesh_orchestration.audit.types import Type
from mesh_orchestration.expectations.predicate import (
    All,
    Among,
    Column,
    Compare,
    Constant,
    Missing,
    Not,
    Predicate,
    Some,
)
from mesh_orchestration.expectations.question import (
    Answer,
    Measure,
    Measures,
    Names,
    Question,
    Reading,
    Rows,
    Tally,
    Typed,
)
from mesh_orchestration.moments import in_utc

_FLIPPED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "=="}
_Unknown = None


def by_schema(question: Question, types: Mapping[str, Type]) -> Answer | None:
    """The answer that the names and types of the columns give."""
    match question:
        case Typed(column):
            return Reading(types[column].column_type if column in types else None)
        case Names():
            return Reading(tuple(types))
    return None


def by_statistics(question: Question, known: Statistics) -> Answer | None:
    """The answer that ``known`` proves, or None when it proves none."""
    match question:
        case Rows():
            return _tally(question, known)
        case Measure():
            found = _measure(question, known)
            return None if found is _Absent else Reading(found)
        case Measures(parts):
            values = [_measure(part, known) for part in parts]
            return None if _Absent in values else Reading(tuple(values))
    return None


class _Absent:
    """Marks a measure that statistics do not give; None is a measure of no values."""


def _measure(measure: Measure, known: Statistics) -> Any:
    if measure.metric == "rows":
        return known.rows
    column = known.of(measure.column or "")
    if column.missing is None:
        return _Absent
    present = known.rows - column.missing
    if measure.metric == "present":
        return present
    if measure.metric not in {"min", "max"}:
        return _Absent
    if present == 0:
        return None
    bound = column.minimum if measure.metric == "min" else column.maximum
    return _Absent if bound is None else bound


def _tally(question: Rows, known: Statistics) -> Tally | None:
    if not question.missing_counts:
        return _missing_tally(question, known)
    missing = [known.of(name).missing for name in question.shown]
    if len(missing) == 1:
        if missing[0] is None or question.ignore != "any":
            return None
        considered = known.rows - missing[0]
    elif all(count == 0 for count in missing):
        considered = known.rows
    else:
        return None
    holds = _truth(question.holds, known) if considered else True
    if holds is _Unknown:
        return None
    return Tally(known.rows, considered, 0 if holds else considered)


def _missing_tally(question: Rows, known: Statistics) -> Tally | None:
    """The two expectations about missing values themselves: the count is the answer."""
    missing = known.of(question.shown[0]).missing
    if missing is None:
        return None
    if isinstance(question.holds, Missing):
        return Tally(known.rows, known.rows, known.rows - missing)
    return Tally(known.rows, known.rows, missing, ((None,),) * min(missing, 20))


def _truth(predicate: Predicate, known: Statistics) -> bool | None:
    """Whether every row with values holds (True), none does (False), or neither is proven (None)."""
    match predicate:
        case All(parts):
            found = [_truth(part, known) for part in parts]
            return False if False in found else (None if None in found else True)
        case Some(parts):
            found = [_truth(part, known) for part in parts]
            return True if True in found else (None if None in found else False)
        case Not(part):
            inner = _truth(part, known)
            return None if inner is None else not inner
        case Compare(Column(name), operator, Constant(value)):
            column = known.of(name)
            return _ordered((column.minimum, column.maximum), operator, (value, value))
        case Compare(Column(name), operator, Column(other)):
            left, right = known.of(name), known.of(other)
            return _ordered((left.minimum, left.maximum), operator, (right.minimum, right.maximum))
        case Among(Column(name), values):
            return _member(known.of(name), values)
    return None


def _member(column: ColumnStatistics, values: tuple[Any, ...]) -> bool | None:
    if column.minimum is None or column.maximum is None:
        return None
    if column.minimum == column.maximum:
        return column.minimum in values
    return False if all(value < column.minimum or value > column.maximum for value in values) else None


def _ordered(left: tuple[Any, Any], operator: str, right: tuple[Any, Any]) -> bool | None:
    """Whether every value of the interval ``left`` stands to every one of ``right`` as ``operator`` says."""
    if None in (*left, *right):
        return None
    (low, high), (least, most) = (_moments(left), _moments(right))
    if operator in {">", ">="}:
        low, high, least, most, operator = least, most, low, high, _FLIPPED[operator]
    match operator:
        case "<":
            return True if high < least else (False if low >= most else None)
        case "<=":
            return True if high <= least else (False if low > most else None)
    if high < least or low > most:
        return False
    return True if low == high == least == most else None


def _moments(interval: tuple[Any, Any]) -> tuple[Any, Any]:
    """Dates as midnights, so that they compare with times; times without a zone are UTC everywhere."""
    return _moment(interval[0]), _moment(interval[1])


def _moment(value: Any) -> Any:
    if isinstance(value, datetime):
        return in_utc(value)
    return datetime(value.year, value.month, value.day, tzinfo=UTC) if isinstance(value, date) else value
