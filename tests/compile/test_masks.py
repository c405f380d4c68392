"""A column masked in SQL shows what the same values show when they are masked one by one."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mesh_orchestration.compile.masks import masked_expression
from mesh_orchestration.contract.model import SchemaField
from mesh_orchestration.masking import WORDS, mask_value

SQL = {
    "string": "varchar",
    "long": "bigint",
    "double": "double",
    "float": "float",
    "decimal(12,2)": "decimal(12,2)",
    "boolean": "boolean",
    "date": "date",
    "timestamp": "timestamp",
    "timestamptz": "timestamptz",
}
DAYS = (datetime(1900, 1, 1), datetime(2200, 1, 1))  # noqa: DTZ001 (times without a zone are meant)
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "string": st.text(st.characters(codec="utf-8", exclude_characters="\0")) | st.emails(),
    "long": st.integers(-(2**63), 2**63 - 1),
    "double": st.floats(allow_nan=True, allow_infinity=True, width=64),
    "float": st.floats(allow_nan=True, allow_infinity=True, width=32),
    "decimal(12,2)": st.decimals(-9999999999, 9999999999, places=2, allow_nan=False),
    "boolean": st.booleans(),
    "date": st.dates(date(1900, 1, 1), date(2200, 1, 1)),
    "timestamp": st.datetimes(*DAYS),
    "timestamptz": st.datetimes(*DAYS, timezones=st.just(UTC)),
}


@pytest.fixture(scope="module")
def database() -> Iterator[duckdb.DuckDBPyConnection]:
    """A database for all questions of this file: none of them leaves anything in it."""
    with duckdb.connect() as connection:
        connection.execute("set timezone = 'UTC'; set threads = 1")
        yield connection


def in_sql(database: duckdb.DuckDBPyConnection, kind: str, value: Any, mask: str, key: str) -> Any:
    masked = masked_expression(SchemaField(name="a", type=kind), mask, key)
    return database.execute(f'select {masked} from (select ?::{SQL[kind]} as "a")', [value]).fetchall()[0][0]


@pytest.mark.parametrize("mask", WORDS)
@pytest.mark.parametrize("kind", SQL)
@given(data=st.data())
@settings(max_examples=8)
def test_a_value_is_masked_the_same_in_sql_and_in_python(
    database: duckdb.DuckDBPyConnection, kind: str, mask: str, data: st.DataObject
) -> None:
    value = data.draw(VALUES[kind])

    assert in_sql(database, kind, value, mask, "key") == mask_value(value, mask, "key")


@pytest.mark.parametrize("mask", sorted(set(WORDS) - {"null"}))
def test_without_a_key_a_column_is_redacted(database: duckdb.DuckDBPyConnection, mask: str) -> None:
    assert in_sql(database, "string", "eve@example.org", mask, "") == "***"


@pytest.mark.parametrize("mask", WORDS)
def test_a_null_stays_null(database: duckdb.DuckDBPyConnection, mask: str) -> None:
    assert in_sql(database, "string", None, mask, "key") is None


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("decimal(12,2)", Decimal("-12.50")),
        ("long", 0),
        ("double", -0.0),
        ("double", 1e22),
        ("double", 1e300),
        ("double", -1.8e38),
        ("double", 999999999999999872.0),
        ("long", 2**63 - 1),
        ("double", 1e-7),
        ("string", "@b"),
    ],
)
@pytest.mark.parametrize("mask", ["hash", "generalise", "partial"])
def test_the_edges_are_masked_the_same(database: duckdb.DuckDBPyConnection, kind: str, value: Any, mask: str) -> None:
    assert in_sql(database, kind, value, mask, "key") == mask_value(value, mask, "key")


def test_an_unknown_mask_is_an_error() -> None:
    with pytest.raises(ValueError, match="'scramble' is not a mask"):
        masked_expression(SchemaField(name="a", type="string"), "scramble", "key")
