"""k-anonymity against a naive count, wherever the rows are."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import psycopg2
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings

from mesh_orchestration.audit import Data, ParquetData, SqlData, audit, plan
from mesh_orchestration.audit.gx import to_gx
from mesh_orchestration.expectations.check import Check, CheckResult
from tests.audit.frames import OWN, tables
from tests.audit.test_against_great_expectations import POSTGRES_COLUMNS
from tests.postgres import PostgresDatabase

NAME = "expect_compound_columns_to_be_k_anonymous"
NOW = datetime(2026, 1, 1, tzinfo=UTC)
PEOPLE = pa.table(
    {
        "age": ["20-29", "20-29", "30-39", None, None, "30-39"],
        "income": [1.0, 1.0, 2.0, None, float("nan"), 3.0],
        "email": [f"n{number}@example.org" for number in range(6)],
    }
)


def anonymous(data: Data, masks: dict[str, str] | None = None, **kwargs: Any) -> CheckResult:
    [result] = audit([Check("crowd", NAME, kwargs)], data, now=NOW, masks=masks, masking_key="k")
    return result


def stored(table: pa.Table, folder: Path) -> ParquetData:
    """Two files, so that a group may lie in both."""
    half = table.num_rows // 2
    paths = (folder / "a.parquet", folder / "b.parquet")
    for path, part in zip(paths, (table.slice(0, half), table.slice(half)), strict=True):
        pq.write_table(part, path)
    return ParquetData(paths)


def standing_out(table: pa.Table, columns: list[str], k: int) -> list[tuple[Any, ...]]:
    """The rows that share their values with fewer than k rows, themselves counted; NaN is a missing value."""
    rows = list(zip(*(table[name].to_pylist() for name in columns), strict=True))
    keys = [tuple(None if value != value else value for value in row) for row in rows]
    crowds = Counter(keys)
    return [key for key in keys if crowds[key] < k]


def plain(sample: tuple[dict[str, Any], ...]) -> list[tuple[Any, ...]]:
    return [tuple(None if value != value else value for value in item.values()) for item in sample]


def agrees(result: CheckResult, table: pa.Table, kwargs: dict[str, Any]) -> None:
    expected = standing_out(table, kwargs["column_list"], kwargs["k"])
    assert result.exception is None
    assert (result.element_count, result.missing_count) == (table.num_rows, 0)
    assert result.unexpected_count == len(expected)
    share = 1 - len(expected) / table.num_rows if table.num_rows else 1
    assert result.success == (share >= kwargs.get("mostly", 1) or not table.num_rows)
    if not result.success:
        assert Counter(plain(result.sample)) <= Counter(expected)
        assert len(result.sample) == min(20, len(expected))


@pytest.mark.slow
def test_parquet_and_duckdb_count_as_one_would_by_hand(tmp_path: Path) -> None:
    @settings(max_examples=60, suppress_health_check=list(HealthCheck))
    @given(table=tables(), kwargs=OWN[NAME])
    def agree(table: pa.Table, kwargs: dict[str, Any]) -> None:
        agrees(anonymous(stored(table, tmp_path), **kwargs), table, kwargs)
        database.register("source", table)
        data = SqlData("duckdb", "source", lambda sql: database.execute(sql).fetchall())
        agrees(anonymous(data, **kwargs), table, kwargs)

    with duckdb.connect() as database:
        database.execute("set TimeZone = 'UTC'")
        agree()


@pytest.mark.slow
def test_postgresql_counts_as_one_would_by_hand(postgres: PostgresDatabase) -> None:
    connection = psycopg2.connect(postgres.url)
    connection.autocommit = True
    cursor = connection.cursor()

    def run(sql: str) -> list[tuple[Any, ...]]:
        cursor.execute(sql)
        return list(cursor.fetchall())

    @settings(max_examples=30, suppress_health_check=list(HealthCheck))
    @given(table=tables(), kwargs=OWN[NAME])
    def agree(table: pa.Table, kwargs: dict[str, Any]) -> None:
        cursor.execute("drop table if exists people")
        cursor.execute(f"create table people ({POSTGRES_COLUMNS})")
        for row in table.to_pylist():
            cursor.execute(f"insert into people values ({', '.join(['%s'] * len(row))})", list(row.values()))
        agrees(anonymous(SqlData("postgres", "people", run), **kwargs), table, kwargs)

    try:
        cursor.execute("set time zone 'UTC'")
        agree()
    finally:
        connection.close()


def test_missing_values_are_a_crowd_of_their_own_and_the_rest_stands_out(tmp_path: Path) -> None:
    result = anonymous(stored(PEOPLE, tmp_path), column_list=["age", "income"], k=2)
    assert not result.success
    assert plain(result.sample) == [("30-39", 2.0), ("30-39", 3.0)]
    assert anonymous(stored(PEOPLE, tmp_path), column_list=["age"], k=2).success
    assert anonymous(stored(PEOPLE, tmp_path), column_list=["age", "income"], k=2, mostly=0.6).success


def test_the_rows_that_stand_out_are_shown_under_their_masks(tmp_path: Path) -> None:
    masks = {"age": "redact", "income": "generalise"}
    result = anonymous(stored(PEOPLE, tmp_path), masks, column_list=["age", "income"], k=2)
    assert result.sample == ({"age": "***", "income": "0 to 10"},) * 2


def test_the_result_reads_like_one_of_great_expectations(tmp_path: Path) -> None:
    said = to_gx(anonymous(stored(PEOPLE, tmp_path), column_list=["age", "income"], k=2))
    assert (said["element_count"], said["unexpected_count"], said["missing_count"]) == (6, 2, 0)
    assert said["partial_unexpected_list"] == [{"age": "30-39", "income": 2.0}, {"age": "30-39", "income": 3.0}]


def test_no_rows_are_anonymous(tmp_path: Path) -> None:
    empty = ParquetData((), PEOPLE.schema)
    assert anonymous(empty, column_list=["age"], k=5).success
    assert anonymous(stored(PEOPLE.slice(0, 0), tmp_path), column_list=["age"], k=5).success


def test_it_is_never_left_to_great_expectations(tmp_path: Path) -> None:
    nested = stored(PEOPLE.append_column("tags", pa.array([["a"]] * 6)), tmp_path)
    check = Check("crowd", NAME, {"column_list": ["tags"], "k": 2})
    [failed] = plan([check], nested, now=NOW).failures
    assert "cannot be told apart" in (failed.exception or "")
    filtered = anonymous(nested, column_list=["age"], k=2, row_condition="age == '20-29'")
    assert "'row_condition' is not an argument of this expectation" in (filtered.exception or "")
