"""Ways that read one or two columns with polars: uniqueness by sorting, order in one pass, patterns in Rust."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import reduce
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mesh_orchestration.audit.statistics import Statistics
from mesh_orchestration.audit.types import Type
from mesh_orchestration.expectations.patterns import for_dialect
from mesh_orchestration.expectations.predicate import All, Column, Matches, Missing, Not, Predicate, Some, leaves
from mesh_orchestration.expectations.question import Disorder, Duplicates, Rows, Tally, ignored

if TYPE_CHECKING:
    import numpy as np
    import polars as pl

MOST_KEYS = 16_000_000
"""Keys sorted at once, 8 bytes each; more are sorted in parts, which reads the column once a part."""
_EXACT = frozenset({"integer", "date", "timestamp", "instant"})
_HASHED = frozenset({"string", "float", "decimal", "boolean", "time", "uuid", "binary"})


class Columns:
    """Columns of Parquet files, read when they are needed and not kept."""

    def __init__(self, paths: Sequence[Path], types: Mapping[str, Type]) -> None:
        self.paths, self.types = paths, types

    def frame(self) -> pl.LazyFrame:
        import polars as pl

        return pl.scan_parquet([str(path) for path in self.paths])

    def duplicates(self, question: Duplicates, known: Statistics) -> Tally | None:
        """The tally of a uniqueness check; None when hashes tie and the values themselves must be compared."""
        if any(self.types[name].kind not in _EXACT | _HASHED for name in question.shown):
            return None
        exact = self._is_exact(question)
        key = _exact_key(question.shown[0]) if exact else _hash_key(question.shown, self.types)
        frame, rows, inside = self._domain(question, known)
        repeated = 0
        for keys in _parts(frame.select(key.alias("key")), inside):
            repeated += _repeated(keys)
            if repeated and not exact:
                return None
        return Tally(rows, inside, repeated)

    def _is_exact(self, question: Duplicates) -> bool:
        """Whether the value itself fits a 64-bit key."""
        [*others, name] = question.shown
        type_ = self.types[name]
        signed = type_.kind in _EXACT and "uint64" not in type_.column_type.names
        return signed and not others and question.ignore == "any"

    def _domain(self, question: Duplicates, known: Statistics) -> tuple[pl.LazyFrame, int, int]:
        """The rows of the domain, all rows, and those of the domain; counted when the footers do not say."""
        import polars as pl

        missing = [known.of(name).missing for name in question.shown]
        if question.ignore == "never" or (not any(missing) and None not in missing):
            return self.frame(), known.rows, known.rows
        considered = _condition(Not(ignored(question.shown, question.ignore)), self.types)
        frame = self.frame().filter(considered)
        if len(missing) == 1 and missing[0] is not None:
            return frame, known.rows, known.rows - missing[0]
        counts = _collected(self.frame().select(pl.len().alias("rows"), considered.sum().alias("inside")))
        rows, inside = counts.row(0)
        return frame, int(rows), int(inside or 0)

    def disorder(self, question: Disorder) -> Tally:
        """Values out of order, in the order of the files and their rows."""
        column = self._ordered_column(question.column)
        values, rows = column.drop_nulls(), len(column)
        wrong = _wrong_steps(values, question)
        return Tally(rows, len(values), wrong.sum(), tuple((value,) for value in values[1:].filter(wrong).head(20)))

    def _ordered_column(self, name: str) -> pl.Series:
        import polars as pl

        kind = self.types[name].kind
        if kind not in _EXACT | {"float", "decimal"}:
            raise TypeError(f"column '{name}' is of type {kind}; a number or a time was expected")
        column = pl.col(name).fill_nan(None) if kind == "float" else pl.col(name)
        return _collected(self.frame().select(column.alias(name)))[name]

    def patterns(self, questions: Sequence[Rows]) -> list[Tally]:
        """The tallies of checks with patterns, from one pass over their columns."""
        import polars as pl

        counts = [pl.len().alias("rows")]
        for place, question in enumerate(questions):
            considered, broken = self._row_conditions(question)
            counts += [considered.sum().alias(f"inside{place}"), broken.sum().alias(f"broken{place}")]
        found = _collected(self.frame().select(counts)).row(0, named=True)
        return [
            Tally(int(found["rows"]), int(found[f"inside{place}"]), int(found[f"broken{place}"]))
            for place in range(len(questions))
        ]

    def sample(self, question: Rows) -> tuple[tuple[Any, ...], ...]:
        """The shown values of the first 20 rows that break a check with patterns."""
        _, broken = self._row_conditions(question)
        return tuple(_collected(self.frame().filter(broken).select(question.shown).head(20)).rows())

    def _row_conditions(self, question: Rows) -> tuple[pl.Expr, pl.Expr]:
        considered = _condition(Not(ignored(question.shown, question.ignore)), self.types)
        return considered, considered & ~_condition(question.holds, self.types)


def answers(question: Rows) -> bool:
    """Whether ``patterns`` can answer: a condition of patterns and missing values alone."""
    parts = list(leaves(question.holds))
    return any(isinstance(part, Matches) for part in parts) and all(
        isinstance(part, Matches | Missing) for part in parts
    )


def _collected(frame: pl.LazyFrame) -> pl.DataFrame:
    """The streaming engine keeps memory flat and the order of rows as it was."""
    return frame.collect(engine="streaming")


def _parts(keys: pl.LazyFrame, count: int) -> Iterator[np.ndarray[Any, Any]]:
    """The keys, in as many parts as keep one part small; equal keys are in the same part."""
    import polars as pl

    parts = max(1, ceil(count / MOST_KEYS))
    for part in range(parts):
        chosen = keys.filter(pl.col("key").hash() % parts == part) if parts > 1 else keys
        yield _collected(chosen)["key"].to_numpy(writable=True)


def _condition(predicate: Predicate, types: Mapping[str, Type]) -> pl.Expr:
    import polars as pl

    match predicate:
        case All(parts) | Some(parts) if not parts:
            return pl.lit(isinstance(predicate, All))
        case All(parts):
            return reduce(lambda left, right: left & right, [_condition(part, types) for part in parts])
        case Some(parts):
            return reduce(lambda left, right: left | right, [_condition(part, types) for part in parts])
        case Not(part):
            return ~_condition(part, types)
        case Missing(Column(name)):
            missing = pl.col(name).is_null()
            return (missing | pl.col(name).is_nan().fill_null(False)) if types[name].kind == "float" else missing
        case Matches(Column(name), pattern):
            text = pl.col(name) if types[name].kind == "string" else pl.col(name).cast(pl.String)
            return text.str.contains(for_dialect(pattern, "rust"))
    raise TypeError(f"{type(predicate).__name__} is not a condition on patterns")


def _exact_key(name: str) -> pl.Expr:
    import polars as pl

    return pl.col(name).to_physical().cast(pl.Int64)


def _hash_key(names: tuple[str, ...], types: Mapping[str, Type]) -> pl.Expr:
    """64 bits that equal rows share; rows that share them need not be equal."""
    import polars as pl

    columns = []
    for seed, name in enumerate(names):
        column = pl.col(name)
        if types[name].kind == "float":
            column = column.fill_nan(None) + 0.0  # one zero, one missing value
        columns.append(column.hash(seed=seed))
    return reduce(lambda left, right: left ^ right, columns)


def _repeated(keys: np.ndarray[Any, Any]) -> int:
    """How many keys have a twin; a sorted column costs one comparison, any other one sort in place."""
    if len(keys) < 2 or bool((keys[1:] > keys[:-1]).all()):
        return 0
    keys.sort()
    twins = keys[1:] == keys[:-1]
    if not twins.any():
        return 0
    # Each run of equal keys has one key more than it has pairs of neighbours.
    runs = int(twins[0]) + int((twins[1:] & ~twins[:-1]).sum())
    return int(twins.sum()) + runs


def _wrong_steps(values: pl.Series, question: Disorder) -> pl.Series:
    now, before = values[1:], values[:-1]
    if question.descending:
        return now >= before if question.strictly else now > before
    return now <= before if question.strictly else now < before
