"""Questions as SQL: one tree of predicates, written for DuckDB or PostgreSQL by sqlglot."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from functools import cache, reduce
from math import isfinite
from typing import Any
from uuid import UUID

from sqlglot import exp

from mesh_orchestration.audit.types import Type
from mesh_orchestration.expectations.patterns import for_dialect
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
from mesh_orchestration.expectations.question import Measure, Rows, ignored

_COMPARISONS: Mapping[str, type[exp.Binary]] = {
    "<": exp.LT, "<=": exp.LTE, ">": exp.GT, ">=": exp.GTE, "==": exp.EQ,
}  # fmt: skip
_TYPES: tuple[tuple[type, str], ...] = ((datetime, ""), (date, "DATE"), (time, "TIME"), (UUID, "UUID"))


@dataclass(frozen=True)
class Writer:
    """Writes expressions for one dialect over columns of known types."""

    dialect: str
    types: Mapping[str, Type]

    def column(self, name: str) -> exp.Expression:
        return exp.column(exp.to_identifier(name, quoted=True))

    def missing(self, name: str) -> exp.Expression:
        """Null or NaN."""
        null = exp.Is(this=self.column(name), expression=exp.Null())
        nan = self._nan(name)
        return exp.Paren(this=exp.Or(this=null, expression=nan)) if nan else null

    def _nan(self, name: str) -> exp.Expression | None:
        kind = self.types[name].kind
        if kind == "float" and self.dialect == "duckdb":
            return exp.IsNan(this=self.column(name))
        if kind in {"float", "decimal"} and self.dialect == "postgres":
            word = exp.Literal.string("NaN")
            return exp.EQ(this=self.column(name), expression=_cast(word, _number_type(kind)))
        return None

    def plain(self, name: str) -> exp.Expression:
        """The column with NaN as null."""
        nan = self._nan(name)
        return exp.Case(ifs=[exp.If(this=negated(nan), true=self.column(name))]) if nan else self.column(name)

    def condition(self, predicate: Predicate) -> exp.Expression:
        """``predicate`` as a condition; unknown (null) where a value is missing."""
        match predicate:
            case All(parts):
                return both(*map(self.condition, parts))
            case Some(parts):
                return either(*map(self.condition, parts))
            case Not(part):
                return negated(self.condition(part))
            case Missing(term):
                return self.missing(term.name)
            case Among(term, values):
                return self.among(term, values)
            case Matches(term, pattern):
                text, written = self._text(term), for_dialect(pattern, self.dialect)
                return exp.RegexpLike(this=text, expression=exp.Literal.string(written))
            case Compare(left, operator, right):
                as_moment = self._mixes_dates(left, right)
                sides = [self._term(term, other, as_moment) for term, other in ((left, right), (right, left))]
                return _COMPARISONS[operator](this=sides[0], expression=sides[1])

    def among(self, term: Column, values: tuple[Any, ...]) -> exp.Expression:
        if not values:
            return exp.false()
        column = self._compared(term.name)
        return exp.In(this=column, expressions=[self.constant(value, term.name) for value in values])

    def _mixes_dates(self, *terms: Term) -> bool:
        kinds = {self.types[term.name].kind for term in terms if isinstance(term, Column)}
        moments = any(isinstance(term, Constant) and isinstance(term.value, datetime) for term in terms)
        return "date" in kinds and (len(kinds) > 1 or moments)

    def _term(self, term: Term, other: Term, as_moment: bool) -> exp.Expression:
        match term:
            case Column(name):
                if as_moment and self.types[name].kind == "date":
                    return _cast(self.column(name), "TIMESTAMP")
                if _is_fraction(other) and self.types[name].kind == "integer":
                    return _cast(self.column(name), "DOUBLE")
                return self._compared(name)
            case Length(of):
                return exp.Length(this=self._text(of))
            case Constant(value):
                return self.constant(value, other.name if isinstance(other, Column) else None)

    def _compared(self, name: str) -> exp.Expression:
        """The column as it compares in Python: by code points, and 32-bit floats as 64-bit ones."""
        type_ = self.types[name]
        if type_.single:
            return _cast(self.column(name), "DOUBLE")
        if type_.kind == "string" and self.dialect == "postgres":
            return exp.Collate(this=self.column(name), expression=exp.to_identifier("C", quoted=True))
        return self.column(name)

    def _text(self, term: Column) -> exp.Expression:
        return self.column(term.name) if self.types[term.name].kind == "string" else self._cast_text(term.name)

    def _cast_text(self, name: str) -> exp.Expression:
        return _cast(self.column(name), "TEXT")

    def constant(self, value: Any, column: str | None) -> exp.Expression:
        """A value of the contract, typed as the column it stands against."""
        if isinstance(value, bool):
            return exp.true() if value else exp.false()
        if isinstance(value, float):
            return _cast(exp.Literal.string(repr(value)), "DOUBLE")
        if isinstance(value, int):
            return exp.Literal.number(value) if value >= 0 else exp.Paren(this=exp.Neg(this=exp.Literal.number(-value)))
        if isinstance(value, Decimal):
            return _cast(exp.Literal.string(str(value)), _decimal_type(value))
        if isinstance(value, datetime):
            instant = column is not None and self.types[column].kind == "instant"
            word = value.isoformat(sep=" ")
            return _cast(exp.Literal.string(word), "TIMESTAMPTZ" if instant else "TIMESTAMP")
        for python, sql in _TYPES[1:]:
            if isinstance(value, python):
                return _cast(exp.Literal.string(str(value)), sql)
        return exp.Literal.string(str(value))

    def considered(self, question: Rows) -> exp.Expression:
        """Which rows belong to the question's domain."""
        return negated(self.condition(ignored(question.shown, question.ignore)))

    def broken(self, question: Rows) -> exp.Expression:
        """Which rows of the domain break the expectation; what cannot be compared does not hold."""
        holds = self.condition(question.holds)
        if question.ignore == "any" or not question.missing_counts:
            broken = negated(holds)
        else:
            broken = negated(
                exp.Coalesce(this=exp.Paren(this=self._definite(question, holds)), expressions=[exp.false()])
            )
        return both(self.considered(question), broken) if question.ignore != "never" else broken

    def _definite(self, question: Rows, holds: exp.Expression) -> exp.Expression:
        """``holds`` that is not true of a NaN, which SQL engines order among the numbers."""
        nans = [nan for name in question.shown if (nan := self._nan(name))]
        return both(holds, *[negated(nan) for nan in nans])

    def aggregate(self, measure: Measure) -> exp.Expression:
        """The measure as an aggregate over all rows."""
        if measure.column is None:
            return exp.Count(this=exp.Star())
        value = self.plain(measure.column)
        match measure.metric:
            case "present":
                return exp.Count(this=value)
            case "distinct":
                return exp.Count(this=exp.Distinct(expressions=[value]))
            case "mean":
                return exp.Avg(this=value)
            case "sum":
                return exp.Coalesce(this=exp.Sum(this=value), expressions=[exp.Literal.number(0)])
            case "stdev":
                return exp.StddevSamp(this=_cast(value, "DOUBLE"))
        ordered = self._compared(measure.column) if self.types[measure.column].kind == "string" else value
        return exp.Min(this=ordered) if measure.metric == "min" else exp.Max(this=ordered)


def both(*conditions: exp.Expression) -> exp.Expression:
    """All of the conditions; true without any."""
    return _joined(exp.And, conditions) if conditions else exp.true()


def either(*conditions: exp.Expression) -> exp.Expression:
    """At least one of the conditions; false without any."""
    return exp.Paren(this=_joined(exp.Or, conditions)) if conditions else exp.false()


def _joined(kind: type[exp.Connector], conditions: tuple[exp.Expression, ...]) -> exp.Expression:
    return reduce(lambda left, right: kind(this=left, expression=right), map(_grouped, conditions))


def negated(condition: exp.Expression) -> exp.Expression:
    return exp.Not(this=_grouped(condition))


def named(expression: exp.Expression, name: str) -> exp.Expression:
    return exp.Alias(this=expression, alias=exp.to_identifier(name))


def _grouped(condition: exp.Expression) -> exp.Expression:
    return exp.Paren(this=condition) if isinstance(condition, exp.Binary | exp.Not) else condition


def _cast(expression: exp.Expression, kind: str) -> exp.Expression:
    """sqlglot's own builders copy what they are given, which costs more than the query of a small product."""
    return exp.Cast(this=expression, to=_data_type(kind).copy())


@cache
def _data_type(kind: str) -> exp.DataType:
    return exp.DataType.build(kind)


def count_where(condition: exp.Expression | None) -> exp.Expression:
    """The number of rows for which ``condition`` is true; all rows without one."""
    count = exp.Count(this=exp.Star())
    return exp.Filter(this=count, expression=exp.Where(this=condition)) if condition is not None else count


def _is_fraction(term: Term) -> bool:
    return isinstance(term, Constant) and isinstance(term.value, float | Decimal) and not isinstance(term.value, bool)


def _number_type(kind: str) -> str:
    return "DOUBLE" if kind == "float" else "DECIMAL"


def _decimal_type(value: Decimal) -> str:
    if not isfinite(value):
        return "DOUBLE"
    exponent = value.as_tuple().exponent
    scale = max(0, -exponent) if isinstance(exponent, int) else 0
    return f"DECIMAL(38, {min(scale, 37)})"
