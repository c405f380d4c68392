"""What must hold for a row, as a small expression that every engine can be given.

A predicate is a tree of the nodes below. SQL, polars, dictionaries and footer statistics all read
the same tree (``audit/``), so an expectation is said once. A comparison with a missing value holds
for nobody, as in pandas.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

Operator = Literal["<", "<=", ">", ">=", "=="]


@dataclass(frozen=True)
class Column:
    """The value of a column."""

    name: str


@dataclass(frozen=True)
class Length:
    """The number of characters of a value written as text."""

    of: Column


@dataclass(frozen=True)
class Constant:
    """A value of the contract."""

    value: Any


Term = Column | Length | Constant


@dataclass(frozen=True)
class Compare:
    left: Term
    operator: Operator
    right: Term


@dataclass(frozen=True)
class Among:
    """The value is one of ``values``."""

    term: Column
    values: tuple[Any, ...]


@dataclass(frozen=True)
class Matches:
    """The value, written as text, contains a match of ``pattern`` (Python's ``re``)."""

    term: Column
    pattern: str


@dataclass(frozen=True)
class All:
    """Every part holds; true without parts."""

    parts: tuple[Predicate, ...]


@dataclass(frozen=True)
class Some:
    """At least one part holds; false without parts."""

    parts: tuple[Predicate, ...]


@dataclass(frozen=True)
class Not:
    part: Predicate


@dataclass(frozen=True)
class Missing:
    """The value is null, or not a number."""

    term: Column


Predicate = Compare | Among | Matches | All | Some | Not | Missing


def between(term: Term, minimum: Any, maximum: Any, *, strict_min: bool = False, strict_max: bool = False) -> Predicate:
    """The term lies between the bounds; a bound of None is no bound."""
    parts: list[Predicate] = []
    if minimum is not None:
        parts.append(Compare(term, ">" if strict_min else ">=", Constant(minimum)))
    if maximum is not None:
        parts.append(Compare(term, "<" if strict_max else "<=", Constant(maximum)))
    return parts[0] if len(parts) == 1 else All(tuple(parts))


def leaves(predicate: Predicate) -> Iterator[Compare | Among | Matches | Missing]:
    """The nodes of ``predicate`` that look at values, left to right."""
    match predicate:
        case All(parts) | Some(parts):
            for part in parts:
                yield from leaves(part)
        case Not(part):
            yield from leaves(part)
        case leaf:
            yield leaf


def columns(predicate: Predicate) -> tuple[str, ...]:
    """The columns ``predicate`` looks at, each once, in order of appearance."""
    found: dict[str, None] = {}
    for leaf in leaves(predicate):
        terms = (leaf.left, leaf.right) if isinstance(leaf, Compare) else (leaf.term,)
        for term in terms:
            if isinstance(term, Column):
                found[term.name] = None
            elif isinstance(term, Length):
                found[term.of.name] = None
    return tuple(found)
