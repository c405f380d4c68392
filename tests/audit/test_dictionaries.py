"""Dictionaries of Parquet chunks: what they prove, and which chunks have none that would do."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mesh_orchestration.audit.data import ParquetData
from mesh_orchestration.audit.dictionaries import MOST_ENTRIES, Dictionaries, by_dictionary, keeps
from mesh_orchestration.audit.statistics import read_footers, read_statistics
from mesh_orchestration.expectations.predicate import Among, Column, Length, Matches, Missing, Not, Some, between
from mesh_orchestration.expectations.question import Members, Reading, Rows, Strays, Tally


def dictionaries(*paths: Path) -> Dictionaries:
    return Dictionaries(paths, read_footers(paths), ParquetData(paths).types)


def by_arrow(path: Path, values: Sequence[Any], **options: Any) -> Path:
    pq.write_table(pa.table({"c": values}), path, **options)
    return path


@pytest.mark.parametrize("compression", ["NONE", "SNAPPY", "GZIP", "ZSTD", "BROTLI", "LZ4"])
@pytest.mark.parametrize("version", ["1.0", "2.0"])
def test_entries_are_read_whatever_the_compression_and_page_version(
    tmp_path: Path, compression: str, version: str
) -> None:
    path = by_arrow(
        tmp_path / "a",
        ["x", "é", None, "x", ""] * 50,
        compression=compression,
        data_page_version=version,
        row_group_size=60,
    )
    assert dictionaries(path).entries("c") == {"x", "é", ""}


def test_whole_numbers_have_dictionaries_too(tmp_path: Path) -> None:
    assert dictionaries(by_arrow(tmp_path / "a", [-5, 2**40, -5])).entries("c") == {-5, 2**40}
    small = pa.array([-5, 7], pa.int32())
    assert dictionaries(by_arrow(tmp_path / "b", small)).entries("c") == {-5, 7}  # type: ignore[arg-type]


def test_the_dictionaries_of_all_files_are_one(tmp_path: Path) -> None:
    assert dictionaries(by_arrow(tmp_path / "a", ["x"]), by_arrow(tmp_path / "b", ["y"])).entries("c") == {"x", "y"}


def test_duckdb_files_have_dictionaries(tmp_path: Path) -> None:
    path = tmp_path / "a"
    with duckdb.connect() as database:
        query = "select 'v' || (i % 7) as c from range(300000) t(i)"
        database.execute(f"copy ({query}) to '{path}' (format parquet, compression zstd)")
    assert dictionaries(path).entries("c") == {f"v{number}" for number in range(7)}


def test_a_chunk_that_fell_back_to_plain_pages_proves_nothing(tmp_path: Path) -> None:
    values = [f"value {number}" for number in range(5000)]
    path = by_arrow(tmp_path / "a", values, dictionary_pagesize_limit=2000, data_page_size=1000)
    assert pq.read_metadata(path).row_group(0).column(0).has_dictionary_page
    assert dictionaries(path).entries("c") is None


def test_columns_without_dictionary_and_of_other_types_prove_nothing(tmp_path: Path) -> None:
    assert dictionaries(by_arrow(tmp_path / "a", ["x"], use_dictionary=False)).entries("c") is None
    assert dictionaries(by_arrow(tmp_path / "b", [1.5])).entries("c") is None


def test_a_large_dictionary_is_left_alone(tmp_path: Path) -> None:
    values = list(range(MOST_ENTRIES + 1))
    path = by_arrow(tmp_path / "a", values, dictionary_pagesize_limit=2**30, row_group_size=2**20)
    assert dictionaries(path).entries("c") is None


def test_a_column_all_of_whose_values_keep_an_expectation_keeps_it(tmp_path: Path) -> None:
    path = by_arrow(tmp_path / "a", ["ab", "cd", None])
    known = read_statistics(read_footers((path,)), ParquetData((path,)).types)
    two_long = Rows(("c",), between(Length(Column("c")), 2, 2))
    assert by_dictionary(two_long, dictionaries(path), known) == Tally(3, 2, 0)
    assert by_dictionary(Rows(("c",), Matches(Column("c"), "^a")), dictionaries(path), known) is None
    members = Members("c", ("ab", "cd", "ef"), absent=False)
    assert by_dictionary(members, dictionaries(path), known) == Reading(Strays(0))
    assert by_dictionary(Members("c", ("ab",), absent=False), dictionaries(path), known) is None


def test_a_value_is_judged_as_the_engines_judge_it() -> None:
    column = Column("c")
    assert keeps(Some((Among(column, ("a",)), Matches(column, "b$"))), "ab")
    assert not keeps(Not(between(column, 1, 3, strict_max=True)), 1)
    assert keeps(Not(Missing(column)), "a")
    assert [keeps(between(Length(column), 2, None, strict_min=strict), 12) for strict in (False, True)] == [True, False]
