"""The types of columns that are text: the narrowest one that every value spells the way landing reads it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mesh_orchestration.contract.wording import found
from mesh_orchestration.drafts.names import personal_mask
from mesh_orchestration.quoting import ident, literal

if TYPE_CHECKING:
    import duckdb

_PREFIX_ROWS = 10_000
_MOSTLY = 0.9  # a type that this share of the values spells is worth a remark
_EXAMPLES = 3
_DAY = r"\d{4}-\d{1,2}-\d{1,2}"
_CLOCK = r"\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?"
_ZONE = r"(Z|[+-]\d{2}(:?\d{2})?)"
_INTEGER = r"\s*[+-]?(0|[1-9]\d*)\s*"
"""A leading zero says that the digits are a name, such as a postcode. Text does not say how large its
numbers may get, so whole ones are long."""
_SPELLED: Mapping[str, tuple[str, str]] = {
    "boolean": (r"(?i)\s*(true|false)\s*", "BOOLEAN"),
    "long": (_INTEGER, "BIGINT"),
    "double": (r"\s*[+-]?((0|[1-9]\d*)(\.\d*)?|\.\d+)([eE][+-]?\d+)?\s*", "DOUBLE"),
    "date": (rf"\s*{_DAY}\s*", "DATE"),
    "timestamp": (rf"\s*{_DAY}([ T]{_CLOCK})?\s*", "TIMESTAMP"),
    "timestamptz": (rf"\s*{_DAY}[ T]{_CLOCK}\s*{_ZONE}\s*", "TIMESTAMP WITH TIME ZONE"),
    "time": (rf"\s*{_CLOCK}\s*", "TIME"),
    "uuid": (r"\s*[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\s*", "UUID"),
}
_HINTS: Mapping[str, str] = {
    r"\s*[+-]?0\d+\s*": "digits with leading zeros, kept as text so that the zeros stay",
    r"\s*[+-]?\d{1,3}(\.\d{3})*,\d+\s*": "numbers with a decimal comma; landing reads a decimal point",
    r"\s*[+-]?\d{1,3}(,\d{3})+(\.\d+)?\s*": "numbers with thousands separators; landing reads plain digits",
    r"\s*\d{1,2}[./-]\d{1,2}[./-]\d{4}\b.*": "dates written day or month first; landing reads 2026-12-31",
    r"\s*\d{4}/\d{1,2}/\d{1,2}\b.*": "dates written with slashes; landing reads 2026-12-31",
}


@dataclass(frozen=True)
class Sniffed:
    """A column's type in a contract's words and what a person should know about how it was judged."""

    word: str
    remarks: tuple[str, ...] = ()


def sniff(connection: duckdb.DuckDBPyConnection, table: str, names: tuple[str, ...]) -> dict[str, Sniffed]:
    """The type of each column of a DuckDB table of text, nulls left out of the judgement."""
    start = f"(select * from {ident(table)} limit {_PREFIX_ROWS})"
    likely = {name: _likely(counts) for name, counts in _counts(connection, start, dict.fromkeys(names, _ALL)).items()}
    asked = {name: tuple(words) for name, words in likely.items() if words}
    sure = _counts(connection, ident(table), asked) if asked else {}
    return {name: _judge(connection, table, name, sure.get(name, {})) for name in names}


_ALL = tuple(_SPELLED)


def _likely(counts: Mapping[str, int]) -> list[str]:
    """The types worth asking all rows about: those that most of the first rows spell; all when they are null."""
    values = counts["n"]
    return [word for word in _ALL if counts[word] >= values * _MOSTLY]


def _counts(
    connection: duckdb.DuckDBPyConnection, source: str, asked: Mapping[str, tuple[str, ...]]
) -> dict[str, dict[str, int]]:
    """For each column the number of values (``n``) and of those that spell each asked type."""
    parts = []
    for name, words in asked.items():
        spelled = (f"{ident(word)} := count(*) filter (where {_spells(name, word)})" for word in words)
        parts.append(f"struct_pack({', '.join([f'n := count({ident(name)})', *spelled])})")
    return dict(zip(asked, connection.execute(f"select {', '.join(parts)} from {source}").fetchall()[0], strict=True))


def _spells(name: str, word: str) -> str:
    """A predicate that is true of a value of that type, and never null for a value."""
    pattern, kind = _SPELLED[word]
    column = ident(name)
    return f"regexp_full_match({column}, {literal(pattern)}) and try_cast({column} as {kind}) is not null"


def _judge(connection: duckdb.DuckDBPyConnection, table: str, name: str, counts: Mapping[str, int]) -> Sniffed:
    values = counts.get("n")
    if values == 0:
        return Sniffed("string", ("no value to judge the type by: string is a guess",))
    for word, spelling in counts.items():
        if word != "n" and spelling == values:
            return Sniffed(word)
    nearest = max((word for word in counts if word != "n"), key=lambda word: counts[word], default="")
    if nearest and values and counts[nearest] >= values * _MOSTLY:
        return Sniffed("string", (_mixed(connection, table, name, nearest),))
    return Sniffed("string", _hints(connection, table, name))


def _mixed(connection: duckdb.DuckDBPyConnection, table: str, name: str, word: str) -> str:
    column = ident(name)
    rows = connection.execute(
        f"select {column}, count(*) from {ident(table)} where {column} is not null and not ({_spells(name, word)}) "
        f"group by 1 order by 2 desc, 1"
    ).fetchall()
    total = sum(count for _, count in rows)
    shown = [f"{found(value)} ({count:,} times)" if count > 1 else found(value) for value, count in rows[:_EXAMPLES]]
    examples = "" if personal_mask(name) else f", such as {', '.join(shown)}"
    return f"kept as text: nearly all values are {word}, but {total:,} {'is' if total == 1 else 'are'} not{examples}"


def _hints(connection: duckdb.DuckDBPyConnection, table: str, name: str) -> tuple[str, ...]:
    parts = ", ".join(f"count(*) filter (where regexp_full_match({ident(name)}, {literal(one)}))" for one in _HINTS)
    counts = connection.execute(
        f"select count({ident(name)}), {parts} from (select {ident(name)} from {ident(table)} limit {_PREFIX_ROWS})"
    ).fetchall()[0]
    return tuple(
        remark
        for remark, count in zip(_HINTS.values(), counts[1:], strict=True)
        if count and count >= counts[0] * _MOSTLY
    )
