"""What the rows of a table say about its columns, counted by DuckDB in two passes at most."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import combinations
from math import prod
from typing import TYPE_CHECKING, Any

from mesh_orchestration.contract.types import NUMERIC, parse_type
from mesh_orchestration.drafts.base import Observed
from mesh_orchestration.drafts.names import is_dimension, is_identifier
from mesh_orchestration.quoting import ident

if TYPE_CHECKING:
    import duckdb

_FEW = 25  # values of a column that are worth a list
_NEAR = 0.9  # an approximate count this near to the number of rows is counted exactly
_TIMES = frozenset({"date", "time", "timestamp"})
_LISTED = frozenset({"string", "integer", "long"})
_KEYED = frozenset({"string", "integer", "long", "uuid", "date", "timestamp"})
_WIDEST_KEY = 4
_CANDIDATES = 8
_PREFIX_ROWS = 50_000
_VERIFIED = 10


def profile(connection: duckdb.DuckDBPyConnection, table: str, columns: Mapping[str, str]) -> dict[str, Observed]:
    """What is observed in each of ``columns`` (name to contract word) of a DuckDB table with at least one column."""
    words = {name: parse_type(word).name for name, word in columns.items()}
    parts = ", ".join(_aggregates(name, word) for name, word in words.items())
    rows, *first = connection.execute(f"select count(*), {parts} from {ident(table)}").fetchall()[0]
    counts = dict(zip(words, first, strict=True))
    again = {name: part for name, word in words.items() if (part := _second_look(name, word, counts[name], rows))}
    exact: dict[str, Any] = {}
    if again:
        answers = connection.execute(f"select {', '.join(again.values())} from {ident(table)}").fetchall()[0]
        exact = dict(zip(again, answers, strict=True))
    return {name: _observed(rows, counts[name], exact.get(name)) for name in words}


def find_key(
    connection: duckdb.DuckDBPyConnection, table: str, columns: Mapping[str, str], seen: Mapping[str, Observed]
) -> tuple[str, ...]:
    """The fewest columns without nulls whose values tell all rows of the table apart; empty when there are none.

    Columns that are named like identifiers come first; in a key of several, at least one is. One row
    alone proves nothing.
    """
    rows = next(iter(seen.values())).rows
    usable = [name for name, word in columns.items() if parse_type(word).name in _KEYED and seen[name].nulls == 0]
    if rows < 2 or not usable:
        return ()
    unique = [name for name in usable if seen[name].exact and seen[name].distinct == rows]
    if named := [name for name in unique if is_identifier(name)]:
        return (named[0],)
    parts = [name for name in usable if seen[name].distinct > 1 and (is_identifier(name) or is_dimension(name))]
    parts = sorted(parts, key=lambda name: (not is_identifier(name), list(columns).index(name)))[:_CANDIDATES]
    verified = 0
    for names in _combinations(parts, seen, rows):
        if not _distinct(connection, table, names, rows=_PREFIX_ROWS):
            continue
        verified += 1
        if rows <= _PREFIX_ROWS or _distinct(connection, table, names):
            return tuple(name for name in columns if name in names)
        if verified == _VERIFIED:
            break
    return tuple(unique[:1])


def _aggregates(name: str, word: str) -> str:
    column = ident(name)
    finite = f"{column} is not null" if word not in {"float", "double"} else f"isfinite({column})"
    parts = [f"n := count({column})"]
    if word != "array":
        parts.append(f"distinct_ := approx_count_distinct({column})")
    if word in NUMERIC:
        parts += [f"low := min({column}) filter (where {finite})", f"high := max({column}) filter (where {finite})"]
    if word in _TIMES:
        parts += [f"low := min({column})::varchar", f"high := max({column})::varchar"]
    if word in {"float", "double"}:
        parts.append(f"cents := bool_and(round({column}, 2) = {column}) filter (where {finite})")
    if word == "string":
        parts += [f"low_ := min(length({column}))", f"high_ := max(length({column}))"]
    return f"struct_pack({', '.join(parts)})"


def _second_look(name: str, word: str, counted: Mapping[str, Any], rows: int) -> str:
    about = counted.get("distinct_", 0)
    if word in _LISTED and 0 < about <= _FEW * 1.2:
        return f"list_sort(list(distinct {ident(name)}))"
    return f"count(distinct {ident(name)})" if word in _KEYED and about >= rows * _NEAR else ""


def _observed(rows: int, counted: Mapping[str, Any], exact: Any) -> Observed:
    values = tuple(value for value in exact if value is not None) if isinstance(exact, list) else ()
    counted_exactly = len(values) if isinstance(exact, list) else exact
    return Observed(
        rows=rows,
        nulls=rows - counted["n"],
        distinct=min(counted.get("distinct_", 0), counted["n"]) if counted_exactly is None else counted_exactly,
        exact=counted_exactly is not None,
        low=counted.get("low"),
        high=counted.get("high"),
        shortest=counted.get("low_"),
        longest=counted.get("high_"),
        values=values if len(values) <= _FEW else (),
        cents=bool(counted.get("cents")),
    )


def _combinations(parts: list[str], seen: Mapping[str, Observed], rows: int) -> Iterator[tuple[str, ...]]:
    """Combinations that may have a value for each row, the shortest first; counts are about right, so with room."""
    for size in range(2, _WIDEST_KEY + 1):
        for names in combinations(parts, size):
            wide_enough = prod(seen[name].distinct for name in names) * 2 >= rows
            if wide_enough and any(is_identifier(name) for name in names):
                yield names


def _distinct(
    connection: duckdb.DuckDBPyConnection, table: str, names: tuple[str, ...], *, rows: int | None = None
) -> bool:
    """Whether no two of the (first) rows agree in all of ``names``."""
    spelled = ", ".join(ident(name) for name in names)
    source = f"(select {spelled} from {ident(table)}{f' limit {rows}' if rows else ''})"
    counted = f"select (select count(*) from {source}) = (select count(*) from (select distinct * from {source}))"
    return bool(connection.execute(counted).fetchall()[0][0])
