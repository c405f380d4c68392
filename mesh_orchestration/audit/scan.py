"""Questions answered by SQL: all countable ones in one scan, the rest in a query each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from math import ceil, floor
from typing import Any

from sqlglot import exp

from mesh_orchestration.audit.data import Execute
from mesh_orchestration.audit.sql import Writer, both, count_where, named, negated
from mesh_orchestration.audit.types import Type
from mesh_orchestration.expectations.predicate import Column
from mesh_orchestration.expectations.question import (
    Answer,
    Disorder,
    Duplicates,
    Measure,
    Measures,
    Members,
    Quantiles,
    Question,
    Rare,
    Reading,
    Rows,
    Strays,
    Tally,
    ignored,
)

SAMPLE = 20
_NUMBERS_AND_TIMES = frozenset({"integer", "float", "decimal", "date", "timestamp", "instant"})


@dataclass(frozen=True)
class Relation:
    """A relation that SQL can scan: a table, a view, or ``read_parquet`` of some files."""

    dialect: str
    source: exp.Expression
    types: Mapping[str, Type]
    execute: Execute

    @cached_property
    def write(self) -> Writer:
        return Writer(self.dialect, self.types)

    def rows(self, query: exp.Query) -> Sequence[Sequence[Any]]:
        return self.execute(query.sql(dialect=self.dialect))

    def select(self, *columns: exp.Expression) -> exp.Select:
        return exp.Select().select(*columns, copy=False).from_(self.source, copy=False)

    def scan(self, questions: Sequence[Question]) -> list[Answer]:
        """The answers to questions of the kinds Rows, Measure and Measures, from one pass over the data."""
        shelf: dict[str, int] = {}
        expressions: list[exp.Expression] = []

        def place(expression: exp.Expression) -> int:
            key = expression.sql(dialect=self.dialect)
            if key not in shelf:
                shelf[key] = len(expressions)
                expressions.append(named(expression, f"a{len(expressions)}"))
            return shelf[key]

        places = [self._places(question, place) for question in questions]
        [found] = self.rows(self.select(*expressions))
        return [
            _answer(question, [found[at] for at in wanted]) for question, wanted in zip(questions, places, strict=True)
        ]

    def _places(self, question: Question, place: Any) -> list[int]:
        match question:
            case Rows():
                write = self.write
                considered = None if question.ignore == "never" else write.considered(question)
                return [place(count_where(item)) for item in (None, considered, write.broken(question))]
            case Measure():
                return [place(self.write.aggregate(question))]
            case Measures(parts):
                return [place(self.write.aggregate(part)) for part in parts]
        raise TypeError(f"{type(question).__name__} is not answered by a scan")

    def shared(self, question: Duplicates | Rare) -> Tally:
        """Rows that share their values, or share them with too few; missing values equal each other."""
        considered = self._considered(question)
        totals = [count_where(None), count_where(considered)]
        [(rows, inside)] = self.rows(self.select(*totals))
        broken = self._broken_groups(question)
        total = exp.func("sum", exp.column("copies"))
        [(unexpected,)] = self.rows(exp.select(total).from_(broken.subquery("broken")))
        return Tally(int(rows), int(inside), int(unexpected or 0))

    def _considered(self, question: Duplicates | Rare) -> exp.Expression:
        return negated(self.write.condition(ignored(question.shown, question.ignore)))

    def _broken_groups(self, question: Duplicates | Rare) -> exp.Select:
        """The values that too many or too few rows have, and how many have them."""
        keys = [named(self.write.plain(name), f"k{place}") for place, name in enumerate(question.shown)]
        query = self.select(*keys, named(exp.Count(this=exp.Star()), "copies")).where(
            self._considered(question), copy=False
        )
        query = query.group_by(*[exp.Literal.number(place + 1) for place in range(len(keys))])
        return query.having(of_wrong_size(question, exp.Count(this=exp.Star())))

    def disorder(self, question: Disorder) -> Tally:
        """Values out of order, in the order in which the engine keeps its rows; only DuckDB keeps one."""
        pairs = self._pairs(question)
        column = exp.column(exp.to_identifier("value", quoted=True))
        counts = [exp.Count(this=column), count_where(_out_of_order(question))]
        [(inside, unexpected)] = self.rows(exp.select(*counts).from_(pairs.subquery("pairs")))
        [(rows,)] = self.rows(self.select(count_where(None)))
        return Tally(int(rows), int(inside), int(unexpected))

    def _pairs(self, question: Disorder) -> exp.Select:
        if self.dialect != "duckdb":
            raise TypeError(f"the rows of a {self.dialect} relation have no order that a check could look at")
        self._ordered(question.column)
        column = self.write.column(question.column)
        before = exp.Window(this=exp.Lag(this=column.copy()))
        missing = self.write.missing(question.column)
        return self.select(named(column, "value"), named(before, "before")).where(negated(missing), copy=False)

    def quantiles(self, question: Quantiles) -> Reading:
        """Quantiles as numpy computes them: at whole positions of the sorted values, or between two."""
        self._ordered(question.column)
        [(count,)] = self.rows(self.select(self.write.aggregate(Measure("present", question.column))))
        if not count:
            return Reading((None,) * len(question.shares))
        spots = [_spots(share * (count - 1), question.interpolation) for share in question.shares]
        wanted = sorted({place for low, high, _ in spots for place in (low, high)})
        value = self.write.plain(question.column)
        picks = [self._nth(value, place, count) for place in wanted]
        [found] = self.rows(self.select(*picks))
        values = {place: _plain(item) for place, item in zip(wanted, found, strict=True)}
        return Reading(tuple(_between(values[low], values[high], weight) for low, high, weight in spots))

    def _ordered(self, column: str) -> None:
        kind = self.types[column].kind
        if kind not in _NUMBERS_AND_TIMES:
            raise TypeError(f"column '{column}' is of type {kind}; a number or a time was expected")

    def _nth(self, value: exp.Expression, place: int, count: int) -> exp.Expression:
        """The value at a place of the sorted ones; half a place more keeps it clear of rounding."""
        share = exp.Literal.number((place + 0.5) / count)
        if self.dialect == "postgres":
            order = exp.Order(expressions=[exp.Ordered(this=value.copy())])
            return exp.WithinGroup(this=exp.PercentileDisc(this=share), expression=order)
        return exp.Anonymous(this="quantile_disc", expressions=[value.copy(), share])

    def members(self, question: Members) -> Reading:
        """The distinct values outside a set, and the members of it that are absent."""
        value, write = self.write.plain(question.column), self.write
        present = negated(write.missing(question.column))
        inside = write.among(Column(question.column), question.values)
        extra_count: int | None = None
        extra: tuple[Any, ...] = ()
        if question.extra:
            outside = both(present, negated(inside))
            [(extra_count,)] = self.rows(
                self.select(exp.Count(this=exp.Distinct(expressions=[value]))).where(outside, copy=False)
            )
            if extra_count:
                query = self.select(named(value, "v")).distinct().where(outside, copy=False).order_by("1").limit(SAMPLE)
                extra = tuple(_plain(row[0]) for row in self.rows(query))
        if not question.absent:
            return Reading(Strays(extra_count, extra))
        query = self.select(named(value, "v")).distinct().where(both(present, inside), copy=False)
        found = {_same(row[0]) for row in self.rows(query)}
        absent = tuple(item for item in question.values if _same(item) not in found)
        return Reading(Strays(extra_count, extra, len(absent), absent[:SAMPLE]))

    def sample(self, question: Rows | Duplicates | Rare | Disorder) -> tuple[tuple[Any, ...], ...]:
        """The shown values of the first rows that broke the expectation, at most 20."""
        if isinstance(question, Disorder):
            query = exp.select("value").from_(self._pairs(question).subquery("pairs")).where(_out_of_order(question))
        elif isinstance(question, Rows):
            shown = [self.write.column(name) for name in question.shown]
            query = self.select(*shown).where(self.write.broken(question), copy=False)
        else:
            query = self._rows_of_broken_groups(question)
        return tuple(tuple(row) for row in self.rows(query.limit(SAMPLE)))

    def _rows_of_broken_groups(self, question: Duplicates | Rare) -> exp.Select:
        shown = [self.write.column(name) for name in question.shown]
        broken = self._broken_groups(question).subquery("broken")
        same = [
            exp.NullSafeEQ(this=self.write.plain(name), expression=exp.column(f"k{place}", table="broken"))
            for place, name in enumerate(question.shown)
        ]
        query = self.select(*shown).where(self._considered(question), copy=False)
        return query.where(exp.Exists(this=exp.select("1").from_(broken).where(*same)))


def of_wrong_size(question: Duplicates | Rare, rows: exp.Expression) -> exp.Expression:
    """Whether a group of as many ``rows`` as an expression counts breaks the expectation."""
    if isinstance(question, Rare):
        return exp.LT(this=rows, expression=exp.Literal.number(question.least))
    return exp.GT(this=rows, expression=exp.Literal.number(1))


def _out_of_order(question: Disorder) -> exp.Expression:
    operators = {(False, False): exp.LT, (False, True): exp.GT, (True, False): exp.LTE, (True, True): exp.GTE}
    value, before = (exp.column(exp.to_identifier(name, quoted=True)) for name in ("value", "before"))
    return operators[question.strictly, question.descending](this=value, expression=before)


def _answer(question: Question, found: list[Any]) -> Answer:
    if isinstance(question, Rows):
        rows, considered, unexpected = (int(item) for item in found)
        return Tally(rows, considered, unexpected)
    if isinstance(question, Measures):
        return Reading(tuple(_plain(item) for item in found))
    assert isinstance(question, Measure)
    value = _plain(found[0])
    return Reading(float(value) if question.metric in {"mean", "stdev"} and value is not None else value)


def _plain(value: Any) -> Any:
    """An engine's number as Python's: whole decimals of sums and counts become int."""
    if (
        isinstance(value, Decimal)
        and value.is_finite()
        and value == value.to_integral_value()
        and value.as_tuple().exponent == 0
    ):
        return int(value)
    return value


def _same(value: Any) -> Any:
    return str(value) if hasattr(value, "hex") and hasattr(value, "fields") else value


def _spots(position: float, interpolation: str) -> tuple[int, int, float]:
    """The two places a quantile lies between, and how far it is from the first to the second."""
    low, high = floor(position), ceil(position)
    match interpolation:
        case "lower":
            return low, low, 0.0
        case "higher":
            return high, high, 0.0
        case "midpoint":
            return low, high, 0.5 if low != high else 0.0
        case "nearest":
            nearest = round(position)  # half to even, as numpy
            return nearest, nearest, 0.0
    return low, high, position - low


def _between(low: Any, high: Any, weight: float) -> Any:
    if not weight or low == high:
        return low
    if isinstance(low, Decimal):
        low, high = float(low), float(high)
    return low + (high - low) * weight
