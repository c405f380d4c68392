"""What footers say, and when they must not be believed."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mesh_orchestration.audit.data import ParquetData
from mesh_orchestration.audit.statistics import ColumnStatistics, Statistics, read_footers, read_statistics


def known(*paths: Path) -> Statistics:
    return read_statistics(read_footers(paths), ParquetData(paths).types)


def by_arrow(path: Path, **columns: list[object]) -> Path:
    pq.write_table(pa.table(columns), path, row_group_size=2)
    return path


def by_duckdb(path: Path, query: str) -> Path:
    with duckdb.connect() as database:
        database.execute(f"copy ({query}) to '{path}' (format parquet)")
    return path


def test_counts_and_bounds_are_those_of_all_files_together(tmp_path: Path) -> None:
    first = by_arrow(tmp_path / "a", n=[1, None, 7], d=[date(2024, 1, 2)] * 3, m=[Decimal("1.50")] * 3)
    second = by_arrow(tmp_path / "b", n=[-2, 3], d=[date(2024, 1, 1)] * 2, m=[Decimal("2.50")] * 2)
    found = known(first, second)
    assert found.rows == 5
    assert found.of("n") == ColumnStatistics(1, 0, -2, 7)
    assert found.of("d") == ColumnStatistics(0, 0, date(2024, 1, 1), date(2024, 1, 2))
    assert found.of("m") == ColumnStatistics(0, 0, Decimal("1.50"), Decimal("2.50"))


def test_texts_have_no_bounds_because_footers_may_cut_them_off(tmp_path: Path) -> None:
    assert known(by_arrow(tmp_path / "a", s=["a", "b"])).of("s") == ColumnStatistics(0, 0)


def test_a_float_written_by_arrow_may_hide_a_nan(tmp_path: Path) -> None:
    found = known(by_arrow(tmp_path / "a", f=[1.0, float("nan")])).of("f")
    assert (found.nans, found.missing) == (None, None)


def test_duckdb_gives_no_bounds_to_a_chunk_with_a_nan(tmp_path: Path) -> None:
    clean = known(by_duckdb(tmp_path / "a", "select i::double as f from range(9) t(i)")).of("f")
    dirty = known(by_duckdb(tmp_path / "b", "select unnest(['1', 'nan', '2'])::double as f")).of("f")
    single = known(by_duckdb(tmp_path / "c", "select unnest(['1', 'nan', '2'])::real as f")).of("f")
    assert clean == ColumnStatistics(0, 0, 0.0, 8.0)
    assert dirty == single == ColumnStatistics(0, None)


def test_a_nan_in_one_row_group_is_not_overlooked_behind_the_bounds_of_another(tmp_path: Path) -> None:
    query = "select case when i = 130000 then 'nan'::double else 1.0 end as f from range(131000) t(i)"
    found = known(by_duckdb(tmp_path / "a", query)).of("f")
    assert (found.nans, found.minimum, found.maximum) == (None, None, None)


def test_row_groups_without_values_leave_the_bounds_of_the_others(tmp_path: Path) -> None:
    assert known(by_arrow(tmp_path / "a", n=[None, None, 4, 5])).of("n") == ColumnStatistics(2, 0, 4, 5)


def test_a_file_without_statistics_makes_the_column_unknown(tmp_path: Path) -> None:
    first = by_arrow(tmp_path / "a", n=[1, 2])
    pq.write_table(pa.table({"n": [3]}), tmp_path / "b", write_statistics=False)
    assert known(first, tmp_path / "b").of("n") == ColumnStatistics()
    assert known(first, tmp_path / "b").rows == 3


def test_a_column_that_a_file_lacks_is_unknown(tmp_path: Path) -> None:
    first, second = by_arrow(tmp_path / "a", n=[1, 2]), by_arrow(tmp_path / "b", m=[1, 2])
    assert known(first, second).of("n") == ColumnStatistics()


def test_an_empty_file_is_no_rows_and_no_bounds(tmp_path: Path) -> None:
    pq.write_table(pa.table({"n": pa.array([], pa.int64())}), tmp_path / "a")
    assert known(tmp_path / "a") == Statistics(0, {"n": ColumnStatistics(0, 0)})


@pytest.mark.parametrize("unit", ["ms", "us", "ns"])
@pytest.mark.parametrize("zone", [None, "UTC"])
def test_bounds_of_times_are_exact_in_every_unit(tmp_path: Path, unit: str, zone: str | None) -> None:
    early, late = datetime(1969, 12, 31, 23, 59, 59, 123000), datetime(2026, 1, 2, 3, 4, 5, 678000)  # noqa: DTZ001
    moments = pa.array([late, early], pa.timestamp(unit, tz=zone))
    pq.write_table(pa.table({"t": moments}), tmp_path / "a")
    found = known(tmp_path / "a").of("t")
    expected = [moment.replace(tzinfo=UTC) if zone else moment for moment in (early, late)]
    assert [found.minimum, found.maximum] == expected


def test_a_time_beyond_the_years_of_python_has_no_bounds(tmp_path: Path) -> None:
    path = by_duckdb(tmp_path / "a", "select timestamp '290000-01-01' as t")
    assert known(path).of("t") == ColumnStatistics(0, 0)


def test_reading_a_footer_imports_no_pandas(tmp_path: Path) -> None:
    path = by_duckdb(tmp_path / "a", "select timestamptz '2026-01-01 00:00:00+00' as t, 1 as n")
    code = (
        "import sys; from pathlib import Path; from mesh_orchestration.audit import ParquetData;"
        "from mesh_orchestration.audit.statistics import read_footers, read_statistics;"
        f"data = ParquetData((Path({str(path)!r}),)); read_statistics(read_footers(data.paths), data.types);"
        "sys.exit('pandas' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
