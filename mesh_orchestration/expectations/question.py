"""What an expectation asks of a table, and what engines answer; independent of any engine.

A question says what to count or measure; ``Tally`` and ``Reading`` are the two kinds of answer. An
expectation turns its arguments into a question, and an answer into a verdict.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from mesh_orchestration.expectations.predicate import All, Column, Missing, Not, Predicate, Some

Ignore = Literal["any", "all", "never"]


@dataclass(frozen=True)
class Rows:
    """How many rows of the domain break ``holds``.

    A row is out of the domain when ``ignore`` says so of its missing values in ``shown``;
    ``missing_counts`` is False for the two expectations about missing values themselves.
    """

    shown: tuple[str, ...]
    holds: Predicate
    ignore: Ignore = "any"
    missing_counts: bool = True


@dataclass(frozen=True)
class Duplicates:
    """How many rows of the domain share their values in ``shown`` with another row."""

    shown: tuple[str, ...]
    ignore: Ignore = "any"


@dataclass(frozen=True)
class Rare:
    """How many rows have values in ``shown`` that fewer than ``least`` rows have; no row is out of the domain."""

    shown: tuple[str, ...]
    least: int
    ignore: Ignore = field(default="never", init=False)


@dataclass(frozen=True)
class Disorder:
    """How many non-missing values of a column break the order of the one before, in the order of the rows."""

    column: str
    strictly: bool = False
    descending: bool = False

    @property
    def shown(self) -> tuple[str, ...]:
        return (self.column,)


Metric = Literal["min", "max", "mean", "sum", "stdev", "distinct", "rows", "present"]


@dataclass(frozen=True)
class Measure:
    """One number about the table: of the non-missing values of ``column``, or its rows."""

    metric: Metric
    column: str | None = None


@dataclass(frozen=True)
class Measures:
    """Several numbers that are judged together."""

    parts: tuple[Measure, ...]


@dataclass(frozen=True)
class Quantiles:
    """The values at ``shares`` (0 to 1) of the sorted non-missing values of a column."""

    column: str
    shares: tuple[float, ...]
    interpolation: Literal["linear", "lower", "higher", "midpoint", "nearest"] = "nearest"


@dataclass(frozen=True)
class Members:
    """The distinct non-missing values of a column against a set: those outside it, those of it that are absent."""

    column: str
    values: tuple[Any, ...]
    extra: bool = True
    absent: bool = True


@dataclass(frozen=True)
class Typed:
    """The type of a column, or None when there is no such column."""

    column: str


@dataclass(frozen=True)
class Names:
    """The names of the columns, in order."""


Question = Rows | Duplicates | Rare | Disorder | Measure | Measures | Quantiles | Members | Typed | Names


@dataclass(frozen=True)
class Tally:
    """Rows, how many of them are in the domain, and how many of those broke the expectation.

    ``sample`` holds the shown values of at most 20 broken rows, each a tuple.
    """

    rows: int
    considered: int
    unexpected: int
    sample: tuple[tuple[Any, ...], ...] = ()


@dataclass(frozen=True)
class Reading:
    """A measured value: of a measure, a tuple of them, ``Strays``, a ``ColumnType`` or the columns' names."""

    value: Any


@dataclass(frozen=True)
class Strays:
    """The members of a column that do not fit a set, at most 20 of each; None for a count nobody asked for."""

    extra_count: int | None = None
    extra: tuple[Any, ...] = ()
    absent_count: int | None = None
    absent: tuple[Any, ...] = ()


@dataclass(frozen=True)
class ColumnType:
    """The type of a column: ``name`` as its engine says it, ``names`` (lower case) all it goes by."""

    name: str
    names: frozenset[str]


Answer = Tally | Reading


@dataclass(frozen=True)
class Verdict:
    """Whether the expectation holds, with GX's observed value and details."""

    success: bool
    observed: Any = None
    details: Mapping[str, Any] = field(default_factory=dict)


def ignored(shown: tuple[str, ...], ignore: Ignore) -> Predicate:
    """Which rows are out of the domain."""
    missing = tuple(Missing(Column(name)) for name in shown)
    match ignore:
        case "any":
            return missing[0] if len(missing) == 1 else Some(missing)
        case "all":
            return All(missing)
        case "never":
            return Not(All(()))
