"""Values of a contract as values of the column they are held against.

Times and dates may be written as text, or relative to the time of the audit (``now - 2h``); those
without a zone are UTC. A value that cannot be compared with the column at all is a TypeError.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, time
from decimal import Decimal
from math import isfinite
from typing import Any
from uuid import UUID

from mesh_orchestration.audit.types import Kind, Type
from mesh_orchestration.contract.duration import resolve_relative
from mesh_orchestration.expectations.predicate import (
    All,
    Among,
    Column,
    Compare,
    Constant,
    Length,
    Matches,
    Missing,
    Not,
    Predicate,
    Some,
    Term,
)
from mesh_orchestration.moments import in_utc

TEMPORAL = frozenset({"date", "timestamp", "instant"})
Types = Mapping[str, Type]


class Unplanned(TypeError):
    """A question this audit has no way for, though Great Expectations may."""


def fit(value: Any, kind: Kind, now: datetime) -> Any:
    """``value`` as a value of a column of ``kind``; raises TypeError when the two cannot be compared."""
    fitted = _FITS[kind](value, now) if kind in _FITS else None
    if fitted is None:
        raise TypeError(f"{value!r} cannot be compared with values of type {kind}")
    return fitted


def fit_members(values: Iterable[Any], kind: Kind, now: datetime) -> tuple[Any, ...]:
    """The members of a set that a column of ``kind`` can hold at all."""
    kept = []
    for value in values:
        try:
            kept.append(fit(value, kind, now))
        except TypeError:
            continue
    return tuple(dict.fromkeys(kept))


def fit_predicate(predicate: Predicate, types: Types, now: datetime) -> Predicate:
    """``predicate`` with every constant as a value of its column; raises TypeError, or KeyError for a column."""
    match predicate:
        case All(parts):
            return All(tuple(fit_predicate(part, types, now) for part in parts))
        case Some(parts):
            return Some(tuple(fit_predicate(part, types, now) for part in parts))
        case Not(part):
            return Not(fit_predicate(part, types, now))
        case Among(term, values):
            return Among(term, fit_members(values, types[term.name].kind, now))
        case Compare(left, _, right):
            _comparable(left, right, types)
            return replace(predicate, left=_fit_term(left, right, types, now), right=_fit_term(right, left, types, now))
        case Matches(term, _):
            _written_as_text(term, types)
            return predicate
        case Missing(term):
            types[term.name]
            return predicate


def _fit_term(term: Term, other: Term, types: Types, now: datetime) -> Term:
    if isinstance(term, Constant) and isinstance(other, Column):
        return Constant(fit(term.value, types[other.name].kind, now))
    if isinstance(term, Length):
        _written_as_text(term.of, types)
    return term


def _comparable(left: Term, right: Term, types: Types) -> None:
    if not (isinstance(left, Column) and isinstance(right, Column)):
        return
    kinds = [types[term.name].kind for term in (left, right)]
    groups = ({"integer", "float", "decimal"}, {"date", "timestamp"}, {"date", "instant"})
    if (kinds[0] != kinds[1] and not any(set(kinds) <= group for group in groups)) or kinds[0] == "other":
        raise TypeError(f"column '{left.name}' of type {kinds[0]} does not compare with '{right.name}' of {kinds[1]}")


def _written_as_text(term: Column, types: Types) -> None:
    """Only texts and whole numbers are written the same by every engine."""
    kind = types[term.name].kind
    if kind not in {"string", "integer"}:
        raise Unplanned(f"column '{term.name}' is of type {kind}; a text or a whole number was expected")


def _number(value: Any) -> Any:
    return value if isinstance(value, int | float | Decimal) and not isinstance(value, bool) else None


def _integer(value: Any, _: datetime) -> Any:
    number = _number(value)
    if number is None or not isfinite(number):
        return number
    return int(number) if number == int(number) else number


def _float(value: Any, _: datetime) -> Any:
    return None if _number(value) is None else float(value)


def _decimal(value: Any, _: datetime) -> Any:
    """A decimal as written: 0.1 means 0.1, not the nearest binary fraction."""
    number = _number(value)
    return number if number is None or not isfinite(number) else Decimal(str(number))


def _moment(value: Any, now: datetime) -> datetime | None:
    """A date and time in UTC, or None when ``value`` says none."""
    resolved = resolve_relative(value, now)
    if isinstance(resolved, str):
        resolved = _parsed(resolved)
    if isinstance(resolved, datetime):
        return in_utc(resolved)
    if isinstance(resolved, date):
        return datetime(resolved.year, resolved.month, resolved.day, tzinfo=UTC)
    return None


def _parsed(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        from dateutil.parser import ParserError, parse  # type: ignore[import-untyped]

        try:
            moment: datetime = parse(text)
        except (ParserError, OverflowError):
            raise TypeError(f"'{text}' is not a date or a time") from None
        return moment


def _timestamp(value: Any, now: datetime) -> Any:
    moment = _moment(value, now)
    return moment.replace(tzinfo=None) if moment else None


def _date(value: Any, now: datetime) -> Any:
    """A date; a moment within a day stays one, since no date lies at it."""
    moment = _timestamp(value, now)
    return moment.date() if moment and moment.time() == time() else moment


def _time(value: Any, _: datetime) -> Any:
    if isinstance(value, str):
        try:
            return time.fromisoformat(value)
        except ValueError:
            return None
    return value if isinstance(value, time) else None


def _uuid(value: Any, _: datetime) -> Any:
    try:
        return UUID(str(value))
    except ValueError:
        return None


_FITS = {
    "integer": _integer,
    "float": _float,
    "decimal": _decimal,
    "string": lambda value, _: value if isinstance(value, str) else None,
    "boolean": lambda value, _: value if isinstance(value, bool) else None,
    "date": _date,
    "time": _time,
    "timestamp": _timestamp,
    "instant": _moment,
    "uuid": _uuid,
}
