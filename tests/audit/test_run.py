"""One audit: every check answered by its way, faults kept apart, samples masked."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mesh_orchestration.audit import ParquetData, SqlData, audit, plan
from mesh_orchestration.expectations.check import Check, CheckResult

NOW = datetime(2026, 1, 1, tzinfo=UTC)
ORDERS = """
    select i as order_id, 'c' || (i % 3) as code, 'n' || i || '@example.org' as email, i * 0.5 as amount,
           timestamptz '2025-12-31 22:00:00+00' + to_seconds(i) as placed_at
    from range(1000) t(i)
"""


@pytest.fixture
def orders(tmp_path: Path) -> ParquetData:
    """A thousand good orders in one file, as a domain's engine writes it."""
    return written(tmp_path / "orders.parquet", ORDERS)


def written(path: Path, query: str) -> ParquetData:
    with duckdb.connect() as database:
        database.execute("set TimeZone = 'UTC'")
        database.execute(f"copy ({query}) to '{path}' (format parquet, compression zstd)")
    return ParquetData((path,))


def check(expectation: str, name: str = "check", **kwargs: Any) -> Check:
    return Check(name, f"expect_{expectation}", kwargs)


def one(data: ParquetData | SqlData, expectation: str, **kwargs: Any) -> CheckResult:
    [result] = audit([check(expectation, **kwargs)], data, now=NOW)
    return result


def test_each_check_goes_the_cheapest_way_there_is(orders: ParquetData) -> None:
    checks = [
        check("column_values_to_not_be_null", "nulls", column="email", mostly=0.9),
        check("column_values_to_be_between", "bounds", column="amount", min_value=0, max_value=500),
        check("table_row_count_to_be_between", "rows", min_value=1),
        check("column_max_to_be_between", "freshness", column="placed_at", min_value="now - 2h"),
        check("column_values_to_be_of_type", "type", column="placed_at", type_="timestamptz"),
        check("column_values_to_be_in_set", "set", column="code", value_set=["c0", "c1", "c2"]),
        check("column_value_lengths_to_be_between", "lengths", column="code", min_value=2, max_value=2),
        check("column_values_to_be_unique", "unique", column="order_id"),
        check("column_values_to_match_regex", "pattern", column="email", regex="^n[0-9]+@"),
        check("column_values_to_be_increasing", "order", column="order_id"),
        check("column_mean_to_be_between", "mean", column="amount", min_value=1),
        check("column_values_to_be_json_parseable", "foreign", column="code"),
    ]
    assert plan(checks, orders, now=NOW).ways() == {
        "nulls": "footer",
        "bounds": "footer",
        "rows": "footer",
        "freshness": "footer",
        "type": "schema",
        "set": "dictionary",
        "lengths": "dictionary",
        "unique": "unique",
        "pattern": "regex",
        "order": "order",
        "mean": "scan",
        "foreign": "gx",
    }


def test_results_come_in_the_order_of_the_checks(orders: ParquetData) -> None:
    checks = [
        check("column_mean_to_be_between", "c", column="amount", min_value=1),
        check("table_row_count_to_equal", "a", value=1000),
        check("column_values_to_be_unique", "b", column="order_id"),
    ]
    results = audit(checks, orders, now=NOW)
    assert [(result.check.name, result.success) for result in results] == [("c", True), ("a", True), ("b", True)]


def test_a_check_that_cannot_be_evaluated_is_failed_and_the_others_are_answered(orders: ParquetData) -> None:
    checks = [
        check("column_values_to_be_unique", "no_column", column="nothing"),
        check("column_values_to_be_between", "wrong_type", column="code", min_value=3),
        check("column_values_to_be_between", "wrong_arguments", column="amount"),
        check("column_mean_to_be_between", "fine", column="amount", min_value=1),
        check("column_mean_to_be_between", "no_mean", column="code", min_value=1),
        check("column_stdev_to_be_between", "overflow", column="amount", min_value=0, max_value=10**400),
    ]
    by_name = {result.check.name: result for result in audit(checks, orders, now=NOW)}
    assert by_name["fine"].success
    assert by_name["no_column"].exception == (
        "KeyError: there is no column 'nothing'; the columns are order_id, code, email, amount, placed_at"
    )
    assert by_name["wrong_type"].exception == "TypeError: 3 cannot be compared with values of type string"
    assert by_name["wrong_arguments"].exception == "ValueError: needs 'min_value' or 'max_value'"
    assert by_name["no_mean"].exception == "TypeError: column 'code' is of type string; its mean does not exist"
    assert not any(result.success for name, result in by_name.items() if name not in {"fine", "overflow"})


def test_a_fault_of_the_engine_in_one_check_leaves_the_others_of_its_scan_alone() -> None:
    with duckdb.connect() as database:
        database.execute("create table numbers as select 1 as good, 'x' as bad")
        columns = {"good": "INTEGER", "bad": "INTEGER"}  # the catalog lies about one column
        data = SqlData("duckdb", "numbers", lambda sql: database.execute(sql).fetchall(), columns)
        checks = [check("column_mean_to_be_between", name, column=name, min_value=0) for name in ("good", "bad")]
        good, bad = audit(checks, data, now=NOW)
    assert good.success
    assert not bad.success
    assert "Exception" in (bad.exception or "")


def test_a_file_that_is_none_fails_every_check(tmp_path: Path) -> None:
    broken = tmp_path / "broken.parquet"
    broken.write_bytes(b"PAR1 this is not a file")
    result = one(ParquetData((broken,)), "table_row_count_to_be_between", min_value=0)
    assert not result.success
    assert result.exception


def test_no_files_are_an_empty_table_of_the_schema_given() -> None:
    data = ParquetData((), pa.schema({"a": pa.int64(), "s": pa.string()}))
    checks = [
        check("column_values_to_be_unique", "unique", column="a"),
        check("column_mean_to_be_between", "mean", column="a", min_value=0),
        check("column_values_to_match_regex", "pattern", column="s", regex="x"),
        check("table_row_count_to_be_between", "rows", max_value=0),
        check("column_distinct_values_to_contain_set", "set", column="s", value_set=["x"]),
        check("column_values_to_be_increasing", "order", column="a"),
    ]
    found = {result.check.name: result.success for result in audit(checks, data, now=NOW)}
    assert found == {"unique": True, "mean": False, "pattern": True, "rows": True, "set": False, "order": True}


def test_no_checks_ask_nothing_of_the_data(tmp_path: Path) -> None:
    assert audit([], ParquetData((tmp_path / "absent.parquet",)), now=NOW) == ()


def test_relative_bounds_are_taken_from_the_time_of_the_audit(orders: ParquetData) -> None:
    fresh = one(orders, "column_max_to_be_between", column="placed_at", min_value="now - 2h")
    stale = one(orders, "column_max_to_be_between", column="placed_at", min_value="now - 1h")
    assert (fresh.success, stale.success) == (True, False)
    assert stale.observed_value == datetime(2025, 12, 31, 22, 16, 39, tzinfo=UTC)


def test_a_failed_check_shows_at_most_twenty_rows_and_counts_all(orders: ParquetData) -> None:
    result = one(orders, "column_values_to_be_between", column="amount", max_value=10)
    assert (result.element_count, result.unexpected_count, len(result.sample)) == (1000, 979, 20)
    assert [float(value) for value in result.sample[:2]] == [10.5, 11.0]


def test_a_check_that_passes_mostly_counts_and_shows_nothing(orders: ParquetData) -> None:
    result = one(orders, "column_values_to_be_between", column="amount", max_value=490, mostly=0.9)
    assert (result.success, result.unexpected_count, result.sample) == (True, 19, ())


@pytest.mark.parametrize("way", ["regex", "scan", "unique", "query"])
def test_samples_of_masked_columns_are_masked_whatever_way_found_them(tmp_path: Path, way: str) -> None:
    data = written(tmp_path / "people.parquet", "select 'eve@example.org' as email, 'e' as name from range(3)")
    kwargs: dict[str, dict[str, Any]] = {
        "regex": {"expectation": "column_values_to_match_regex", "column": "email", "regex": "^x"},
        "scan": {"expectation": "column_pair_values_to_be_equal", "column_A": "email", "column_B": "name"},
        "unique": {"expectation": "column_values_to_be_unique", "column": "email"},
        "query": {"expectation": "column_distinct_values_to_be_in_set", "column": "email", "value_set": ["x"]},
    }
    [result] = audit([check(**kwargs[way])], data, now=NOW, masks={"email": "hash"}, masking_key="secret")
    assert not result.success
    assert "eve@" not in repr(result)


def test_a_smallest_value_of_a_masked_column_is_masked(orders: ParquetData) -> None:
    asked = check("column_min_to_be_between", column="email", min_value="z")
    [result] = audit([asked], orders, now=NOW, masks={"email": "redact"})
    assert result.observed_value == "***"


def test_words_of_an_engine_about_a_masked_column_are_withheld() -> None:
    with duckdb.connect() as database:
        database.execute("create table people as select 'eve@example.org' as age")
        run = lambda sql: database.execute(sql).fetchall()  # noqa: E731
        data = SqlData("duckdb", "people", run, {"age": "INTEGER"})  # the catalog lies
        asked = check("column_values_to_be_between", column="age", min_value=3.5)
        [open_result] = audit([asked], data, now=NOW)
        [masked_result] = audit([asked], data, now=NOW, masks={"age": "redact"})
    assert "eve@" in (open_result.exception or "")
    assert masked_result.exception == "ConversionException: its message may quote a masked column and is withheld"


@pytest.mark.slow
def test_a_row_condition_is_answered_by_great_expectations(orders: ParquetData) -> None:
    kwargs = {"column": "amount", "max_value": 1, "row_condition": "order_id < 3", "condition_parser": "pandas"}
    result = one(orders, "column_values_to_be_between", **kwargs)
    assert (result.how, result.success, result.exception) == ("gx", True, None)


@pytest.mark.slow
def test_a_pattern_only_python_can_answer_is_answered_all_the_same(orders: ParquetData) -> None:
    result = one(orders, "column_values_to_match_regex", column="email", regex=r"^n(?!0@)")
    assert (result.how, result.unexpected_count, result.sample) == ("gx", 1, ("n0@example.org",))


def test_columns_may_have_any_name(tmp_path: Path) -> None:
    table = pa.table({'a "b" c': [1, 2, 2], "select": ["x", "y", "z"]})
    pq.write_table(table, tmp_path / "odd.parquet")
    data = ParquetData((tmp_path / "odd.parquet",))
    assert one(data, "column_values_to_be_unique", column='a "b" c').unexpected_count == 2
    assert one(data, "column_values_to_be_in_set", column="select", value_set=["x'", "y"]).unexpected_count == 2
