"""Uniqueness by sorting keys, order in one pass, patterns in Rust."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mesh_orchestration.audit import ParquetData, columns
from mesh_orchestration.audit.columns import Columns
from mesh_orchestration.audit.statistics import Statistics, read_footers, read_statistics
from mesh_orchestration.expectations.question import Disorder, Duplicates, Tally


def table(path: Path, **values: Any) -> tuple[Columns, Statistics]:
    pq.write_table(pa.table(values), path, row_group_size=3)
    data = ParquetData((path,))
    return Columns(data.paths, data.types), read_statistics(read_footers(data.paths), data.types)


def repeated(path: Path, shown: tuple[str, ...], ignore: Any = "any", **values: Any) -> Tally | None:
    source, known = table(path, **values)
    return source.duplicates(Duplicates(shown, ignore), known)


@pytest.mark.parametrize(
    ("values", "unexpected"),
    [
        ([1, 2, 3, 9], 0),
        ([9, 1, 3, 2], 0),
        ([5, 1, 5, 2, 5, 1], 5),
        ([7, 7], 2),
        ([None, None, 4], 0),
        ([None, 4, 4, None], 2),
        ([], 0),
        ([-(2**63), 2**63 - 1, -(2**63)], 2),
    ],
)
def test_repeated_numbers_are_counted_exactly(tmp_path: Path, values: list[int | None], unexpected: int) -> None:
    found = repeated(tmp_path / "a", ("n",), n=pa.array(values, pa.int64()))
    present = sum(value is not None for value in values)
    assert found == Tally(len(values), present, unexpected)


def test_hashes_that_differ_prove_texts_unique(tmp_path: Path) -> None:
    values = [f"value {number}" for number in range(1000)]
    assert repeated(tmp_path / "a", ("s",), s=values) == Tally(1000, 1000, 0)


def test_hashes_that_tie_leave_the_counting_to_the_values(tmp_path: Path) -> None:
    assert repeated(tmp_path / "a", ("s",), s=["x", "y", "x"]) is None


def test_both_zeros_are_one_number(tmp_path: Path) -> None:
    assert repeated(tmp_path / "a", ("f",), f=[0.0, -0.0]) is None


def test_missing_values_of_a_combination_equal_each_other(tmp_path: Path) -> None:
    pairs: dict[str, Any] = {"a": [1, 1, None, None], "b": ["x", "y", "z", "z"]}
    assert repeated(tmp_path / "a", ("a", "b"), "never", **pairs) is None
    assert repeated(tmp_path / "a", ("a", "b"), "any", **pairs) == Tally(4, 2, 0)


def test_columns_in_another_place_are_another_combination(tmp_path: Path) -> None:
    assert repeated(tmp_path / "a", ("a", "b"), "never", a=[1, 2], b=[2, 1]) == Tally(2, 2, 0)


def test_uniqueness_in_parts_counts_the_same(tmp_path: Path) -> None:
    keys, known = table(tmp_path / "a", n=[number % 70 for number in range(100)])
    whole = keys.duplicates(Duplicates(("n",)), known)
    frame = keys.frame().select(columns._exact_key("n").alias("key"))
    parts = [columns._repeated(part) for part in columns._parts(frame, 5 * columns.MOST_KEYS)]
    assert whole == Tally(100, 100, 60)
    assert (len(parts), sum(parts)) == (5, 60)


def test_disorder_is_found_across_row_groups_and_files(tmp_path: Path) -> None:
    for name, values in (("a", [1, 2, None, 5]), ("b", [4, 4, 9])):
        pq.write_table(pa.table({"n": values}), tmp_path / name, row_group_size=2)
    data = ParquetData((tmp_path / "a", tmp_path / "b"))
    source = Columns(data.paths, data.types)
    assert source.disorder(Disorder("n")) == Tally(7, 6, 1, ((4,),))
    assert source.disorder(Disorder("n", strictly=True)) == Tally(7, 6, 2, ((4,), (4,)))
    assert source.disorder(Disorder("n", descending=True)).unexpected == 3


def test_texts_have_no_order_to_keep(tmp_path: Path) -> None:
    source, _ = table(tmp_path / "a", s=["a"])
    with pytest.raises(TypeError, match="a number or a time was expected"):
        source.disorder(Disorder("s"))
