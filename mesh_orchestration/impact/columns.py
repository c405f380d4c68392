"""The columns of a query's result and where each comes from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

ANY = "*"
"""Stands for any column of a relation, where it cannot be told which."""


class Origin(NamedTuple):
    """A column of a relation, in lower case; ``ANY`` for any of them."""

    relation: str
    column: str


Origins = frozenset[Origin]
NOWHERE: Origins = frozenset()
NOBODY: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Columns:
    """The columns of a result: ``named`` ones in order, any others of the relations in ``rest`` except those
    ``left_out``; ``every`` is what each column, named or not, may come from. ``complete`` when no others are
    known to exist: then ``rest`` only answers for a column that is asked for although it is gone."""

    named: Mapping[str, Origins] = field(default_factory=dict)
    rest: frozenset[str] = frozenset()
    left_out: frozenset[str] = frozenset()
    every: Origins = NOWHERE
    complete: bool = True

    def of(self, column: str) -> Origins:
        """Where ``column`` (lower case) comes from."""
        if column in self.named:
            return self.named[column] | self.every
        if column in self.left_out:
            return self.every
        return self.every | {Origin(relation, column) for relation in self.rest}

    @property
    def all(self) -> Origins:
        """Everything the result may hold."""
        beyond = () if self.complete else (Origin(relation, ANY) for relation in self.rest)
        return self.every.union(*self.named.values(), beyond)


@dataclass(frozen=True)
class Reading:
    """What a query reads: its result, the columns it names anywhere, those among them that decide which rows
    there are (in joins, filters, groups), and every relation it mentions."""

    columns: Columns
    used: Origins
    deciding: Origins
    relations: frozenset[str]


def star(sources: Iterable[Columns]) -> Columns:
    """All columns of ``sources``, as ``select *`` gives them; of two with one name the first."""
    named: dict[str, Origins] = {}
    chosen = tuple(sources)
    for one in chosen:
        named |= {name: origins for name, origins in one.named.items() if name not in named}
    return Columns(
        named,
        NOBODY.union(*(one.rest for one in chosen)),
        NOBODY.union(*(one.left_out for one in chosen)),
        NOWHERE.union(*(one.every for one in chosen)),
        all(one.complete for one in chosen),
    )


def united(left: Columns, right: Columns, *, by_name: bool) -> Columns:
    """The rows of both; columns meet by position, where all are known and nothing else is said."""
    complete = left.complete and right.complete
    if by_name or not complete or len(left.named) != len(right.named):
        names = [*left.named, *(name for name in right.named if name not in left.named)]
        named = {name: left.of(name) | right.of(name) for name in names}
    else:
        pairs = zip(left.named.items(), right.named.values(), strict=True)
        named = {name: mine | yours for (name, mine), yours in pairs}
    gone = left.left_out & right.left_out
    return Columns(named, left.rest | right.rest, gone, left.every | right.every, complete)


def renamed(columns: Columns, names: list[str]) -> Columns:
    """The columns under the names that an alias such as ``t(a, b)`` gives them, in order."""
    if not names:
        return columns
    origins = [*columns.named.values()]
    if len(origins) < len(names) and not columns.every:
        return Columns(every=columns.all)
    given = dict(zip(names, origins, strict=False)) if origins else dict.fromkeys(names, NOWHERE)
    rest = list(columns.named.items())[len(names) :]
    return Columns({**given, **dict(rest)}, columns.rest, columns.left_out, columns.every)
