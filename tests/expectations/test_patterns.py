"""Patterns of Python in the dialects of the engines, held against Python's own ``re``."""

from __future__ import annotations

import re
from collections.abc import Callable

import duckdb
import polars as pl
import pytest

from mesh_orchestration.expectations.patterns import NotPortable, for_dialect
from tests.postgres import PostgresDatabase

TEXTS = (
    "", "a", "b", "ab", "aab", "A", "a\n", "\n", "a\nb", "a b", "a\u00a0b", "\x1c", "9", "٣", "é", "É", "日本", "_",
    "-", "]", "^", "a.b", "x@y.de", "a@b@c.de", "x@y.de\n", "$", "\\", "#", "a-z", "tab\t", "\u2003", "aaaa", "1.5",
    "&&", "~", "[a]", "½", "\u0301",
)  # fmt: skip
PATTERNS = (
    "", "a", "^a", "a$", "^a$", r"\Aa\Z", ".", "^.$", "a.b", "(?s)a.b", r"\d", r"\D", r"\s", r"\S", r"\w", r"\W",
    r"^\w+$", r"[^\s]", r"[\d\s]", r"[\]\^-]", r"[^-a]", "[a-c]{2,3}", "a{2}", "a{2,}", "(?:ab|b)+", "(a|b)c?", "a*?b",
    "a+?$", "é|日", r"^[^@\s]+@[^@\s]+\.[a-z]{2,}$", r"\.", r"\$", r"\\", "#", "a|", "^$", r"\n", r"\t", r"[\x1c-\x1f]",
    "&&", "[&~#-]", "a$|b", r"(?a)\w", r"(?a)^\d$", r"(?a)\s", "[^a]",
)  # fmt: skip


def agrees(pattern: str, matching: Callable[[str], list[bool]]) -> None:
    expected = [re.search(pattern, text) is not None for text in TEXTS]
    found = matching(pattern)
    assert dict(zip(TEXTS, found, strict=True)) == dict(zip(TEXTS, expected, strict=True))


@pytest.mark.parametrize("pattern", [*PATTERNS, "(?i)^A", r"\ba", r"[\Wa]"])
def test_rust_matches_what_python_matches(pattern: str) -> None:
    agrees(pattern, lambda said: pl.Series(TEXTS).str.contains(for_dialect(said, "rust")).to_list())


@pytest.mark.parametrize("pattern", [*PATTERNS, "(?i)^A"])
def test_duckdb_matches_what_python_matches(pattern: str) -> None:
    with duckdb.connect() as database:

        def matching(said: str) -> list[bool]:
            query = "select regexp_matches(v, ?) from (select unnest(?) as v, unnest(range(len(?))) as i) order by i"
            rows = database.execute(query, [for_dialect(said, "duckdb"), list(TEXTS), list(TEXTS)]).fetchall()
            return [bool(row[0]) for row in rows]

        agrees(pattern, matching)


def test_postgresql_matches_what_python_matches(postgres: PostgresDatabase) -> None:
    import psycopg2

    connection = psycopg2.connect(postgres.url)
    with connection, connection.cursor() as cursor:
        for pattern in PATTERNS:

            def matching(said: str) -> list[bool]:
                query = "select v ~ %s from unnest(%s) with ordinality as t(v, i) order by i"
                cursor.execute(query, [for_dialect(said, "postgres"), list(TEXTS)])
                return [bool(row[0]) for row in cursor.fetchall()]

            agrees(pattern, matching)
    connection.close()


@pytest.mark.parametrize("dialect", ["rust", "duckdb", "postgres"])
@pytest.mark.parametrize("pattern", ["(?=a)b", r"(a)\1", "(?<!a)b", "(?i:a)b", "(?>a)b", "(?m)^a"])
def test_what_only_python_can_say_is_left_to_python(pattern: str, dialect: str) -> None:
    with pytest.raises(NotPortable):
        for_dialect(pattern, dialect)


def test_a_pattern_that_is_none_is_an_error() -> None:
    with pytest.raises(re.error):
        for_dialect("(", "rust")
