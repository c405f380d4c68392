"""Every expectation means what it means in Great Expectations: the same random tables, the same results."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from mesh_orchestration.audit import Data, ParquetData, SqlData, audit
from mesh_orchestration.audit.gx import to_gx
from mesh_orchestration.audit.gx_fallback import validate
from mesh_orchestration.expectations import registry
from mesh_orchestration.expectations.check import Check
from tests.audit.frames import CHECKS, OWN, SCHEMA, tables
from tests.postgres import PostgresDatabase

pytestmark = pytest.mark.slow
ORDERED = {"expect_column_values_to_be_increasing", "expect_column_values_to_be_decreasing"}
"""Rows of PostgreSQL have no order."""
NOW = datetime(2026, 1, 1, tzinfo=UTC)
LISTS = ("partial_unexpected_list", "partial_unexpected_counts")
POSITIONS = ("partial_unexpected_index_list", "unexpected_index_list", "unexpected_index_query")
SETTINGS: dict[str, Any] = {
    "deadline": None,
    "derandomize": True,  # a change is blamed for what it breaks, not for what a dice throw found
    "suppress_health_check": list(HealthCheck),
}


def test_every_expectation_with_a_file_is_compared() -> None:
    assert set(CHECKS) == registry.own() - set(OWN)


@pytest.mark.parametrize("name", sorted(CHECKS))
def test_parquet_and_duckdb_agree_with_great_expectations(name: str, tmp_path: Path) -> None:
    @settings(max_examples=30, **SETTINGS)
    @given(table=tables(), kwargs=CHECKS[name], writer=st.sampled_from(sorted(WRITERS)))
    def agree(table: pa.Table, kwargs: dict[str, Any], writer: str) -> None:
        expected = of_great_expectations(table, name, kwargs)
        paths = WRITERS[writer](table, tmp_path)
        assert_same(ParquetData(paths), name, kwargs, expected)
        database.register("source", table)
        database.execute('create or replace table "My table" as from source')
        assert_same(SqlData("duckdb", '"My table"', run), name, kwargs, expected)

    with duckdb.connect() as database:
        database.execute("set TimeZone = 'UTC'")

        def run(sql: str) -> list[tuple[Any, ...]]:
            return database.execute(sql).fetchall()

        agree()


@pytest.mark.parametrize("name", sorted(set(CHECKS) - ORDERED))
def test_postgresql_agrees_with_great_expectations(name: str, postgres: PostgresDatabase) -> None:
    import psycopg2

    connection = psycopg2.connect(postgres.url)
    connection.autocommit = True
    cursor = connection.cursor()

    def run(sql: str) -> list[tuple[Any, ...]]:
        cursor.execute(sql)
        return list(cursor.fetchall())

    @settings(max_examples=10, **SETTINGS)
    @given(table=tables(), kwargs=CHECKS[name])
    def agree(table: pa.Table, kwargs: dict[str, Any]) -> None:
        cursor.execute('drop table if exists "My table"')
        cursor.execute(f'create table "My table" ({POSTGRES_COLUMNS})')
        for row in table.to_pylist():
            cursor.execute(f'insert into "My table" values ({", ".join(["%s"] * len(row))})', list(row.values()))
        expected = of_great_expectations(table, name, kwargs)
        assert_same(SqlData("postgres", '"My table"', run), name, kwargs, expected)

    try:
        cursor.execute("set time zone 'UTC'")
        agree()
    finally:
        connection.close()


def of_great_expectations(table: pa.Table, name: str, kwargs: dict[str, Any]) -> dict[str, Any] | None:
    """The validation result, or None where Great Expectations raises on pandas."""
    try:
        found = validate(table.to_pandas(), name, kwargs)
    except ValueError:  # its models refuse texts as bounds
        event("refused")
        return None
    info = found["exception_info"]
    raised = info.get("raised_exception") or any(isinstance(part, dict) for part in info.values())
    event("raised" if raised else f"success {found['success']}")
    return None if raised else found


def assert_same(data: Data, name: str, kwargs: dict[str, Any], expected: dict[str, Any] | None) -> None:
    [result] = audit([Check("check", name, kwargs)], data, now=NOW)
    if expected is None:
        return
    assert result.exception is None
    assert result.success == expected["success"]
    ours, theirs = to_gx(result), dict(expected["result"])
    for key in POSITIONS:
        theirs.pop(key, None)
    if result.success:
        # A sample of what broke is fetched for failed checks only.
        for key in LISTS:
            ours.pop(key, None), theirs.pop(key, None)
    if name == "expect_column_values_to_be_of_type":
        ours["observed_value"] = theirs["observed_value"]  # each engine has its own name for a type
    assert in_any_order(name, comparable(ours)) == in_any_order(name, comparable(theirs))


def in_any_order(name: str, said: dict[str, Any]) -> dict[str, Any]:
    """The result without what pandas leaves to chance: the order of a set, and how often NaN equals NaN."""
    if "partial_missing_list" in said:
        said["partial_missing_list"] = sorted(
            said["partial_missing_list"], key=lambda value: (isinstance(value, str), value)
        )
    if "unique" in name:  # repeated rows are found by joining, which keeps no order
        for key in LISTS:
            said[key] = sorted(said.get(key, ()), key=str)
    if any(has_missing(value) for value in said.get("partial_unexpected_list", ())):
        said.pop("partial_unexpected_counts", None)
    return said


def has_missing(value: Any) -> bool:
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple) else [value]
    return any(part is None or part != part for part in parts)


def comparable(value: Any) -> Any:
    """``value`` without the differences that JSON and pandas make: NaN, 1 and 1.0, spellings of a moment."""
    if isinstance(value, dict):
        return {key: comparable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [comparable(item) for item in value]
    if isinstance(value, bool) or value is None or value == "NaT":
        return None if value == "NaT" else value
    if isinstance(value, int | float):
        return None if math.isnan(value) else float(f"{value:.9g}")
    if isinstance(value, datetime | date):
        value = value.isoformat()
    if isinstance(value, str) and len(value) >= 10 and value[4:5] == "-":
        return value.replace(" ", "T").removesuffix("T00:00:00").removesuffix("+00:00").removesuffix("T00:00:00")
    return value


def _arrow_files(table: pa.Table, folder: Path) -> tuple[Path, ...]:
    """Two files with row groups of seven rows, as Arrow writes them."""
    half = table.num_rows // 2
    paths = (folder / "a.parquet", folder / "b.parquet")
    for path, part in zip(paths, (table.slice(0, half), table.slice(half)), strict=True):
        pq.write_table(part, path, row_group_size=7)
    return paths


def _duckdb_file(table: pa.Table, folder: Path) -> tuple[Path, ...]:
    """One file, as the engines of the mesh write it."""
    path = folder / "c.parquet"
    with duckdb.connect() as database:
        database.register("source", table)
        database.execute(f"copy source to '{path}' (format parquet, compression zstd)")
    return (path,)


WRITERS: dict[str, Callable[[pa.Table, Path], tuple[Path, ...]]] = {"arrow": _arrow_files, "duckdb": _duckdb_file}
POSTGRES_TYPES = {
    "i": "bigint", "k": "bigint", "f": "double precision", "g": "double precision", "s": "text", "r": "text",
    "t": "timestamp", "z": "timestamptz", "d": "date", "n": "numeric(9,2)", "b": "boolean",
}  # fmt: skip
POSTGRES_COLUMNS = ", ".join(f"{field.name} {POSTGRES_TYPES[field.name]}" for field in SCHEMA)
