"""What statistics prove of a question, and what they leave open."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from mesh_orchestration.audit.proofs import by_statistics
from mesh_orchestration.audit.statistics import ColumnStatistics, Statistics
from mesh_orchestration.expectations.predicate import (
    Among,
    Column,
    Compare,
    Constant,
    Missing,
    Not,
    Predicate,
    Some,
    between,
)
from mesh_orchestration.expectations.question import Measure, Measures, Reading, Rows, Tally

ALL, NONE = Tally(10, 8, 0), Tally(10, 8, 8)


def rows(holds: Predicate) -> Any:
    known = Statistics(10, {"n": ColumnStatistics(2, 0, 3, 7)})
    return by_statistics(Rows(("n",), holds), known)


@pytest.mark.parametrize(
    ("holds", "answer"),
    [
        (between(Column("n"), 3, 7), ALL),
        (between(Column("n"), 3, 7, strict_max=True), None),
        (between(Column("n"), 2, 8, strict_min=True, strict_max=True), ALL),
        (between(Column("n"), 8, None), NONE),
        (between(Column("n"), 7, None, strict_min=True), NONE),
        (between(Column("n"), 4, None), None),
        (Not(between(Column("n"), 8, None)), ALL),
        (Some((between(Column("n"), 9, None), between(Column("n"), None, 7))), ALL),
        (Among(Column("n"), (8, 9)), NONE),
        (Among(Column("n"), (3, 4, 5, 6, 7)), None),
        (Not(Among(Column("n"), (1, 9))), ALL),
        (Compare(Column("n"), "==", Constant(9)), NONE),
        (Compare(Column("n"), "==", Constant(5)), None),
    ],
)
def test_bounds_prove_that_all_rows_hold_or_none(holds: Predicate, answer: Tally | None) -> None:
    assert rows(holds) == answer


def test_one_value_in_all_rows_is_known_exactly() -> None:
    known = Statistics(4, {"n": ColumnStatistics(0, 0, 5, 5)})
    assert by_statistics(Rows(("n",), Among(Column("n"), (5, 6))), known) == Tally(4, 4, 0)
    assert by_statistics(Rows(("n",), Compare(Column("n"), "==", Constant(5))), known) == Tally(4, 4, 0)


def test_missing_values_are_counted_with_a_sample() -> None:
    known = Statistics(10, {"n": ColumnStatistics(2, 0, 3, 7)})
    question = Rows(("n",), Not(Missing(Column("n"))), "never", missing_counts=False)
    assert by_statistics(question, known) == Tally(10, 10, 2, ((None,), (None,)))


def test_unknown_missing_values_prove_nothing() -> None:
    known = Statistics(10, {"n": ColumnStatistics(0, None, 3.0, 7.0)})
    assert by_statistics(Rows(("n",), between(Column("n"), 0, 9)), known) is None
    assert by_statistics(Measure("max", "n"), known) is None


def test_two_columns_are_in_order_when_their_ranges_are() -> None:
    known = Statistics(3, {"a": ColumnStatistics(0, 0, 5, 9), "b": ColumnStatistics(0, 0, 1, 5)})
    columns = (Column("a"), Column("b"))
    assert by_statistics(Rows(("a", "b"), Compare(columns[0], ">=", columns[1]), "all"), known) == Tally(3, 3, 0)
    assert by_statistics(Rows(("a", "b"), Compare(columns[0], ">", columns[1]), "all"), known) is None
    assert by_statistics(Rows(("a", "b"), Compare(columns[0], "<", columns[1]), "all"), known) == Tally(3, 3, 3)


def test_missing_values_of_a_pair_leave_it_open() -> None:
    known = Statistics(3, {"a": ColumnStatistics(1, 0, 5, 9), "b": ColumnStatistics(0, 0, 1, 5)})
    assert by_statistics(Rows(("a", "b"), Compare(Column("a"), ">=", Column("b")), "all"), known) is None


def test_a_date_is_held_against_a_moment_as_its_midnight() -> None:
    known = Statistics(1, {"d": ColumnStatistics(0, 0, date(2024, 1, 2), date(2024, 1, 2))})
    noon = datetime(2024, 1, 1, 12)  # noqa: DTZ001 # a local time
    assert by_statistics(Rows(("d",), between(Column("d"), noon, None)), known) == Tally(1, 1, 0)
    assert by_statistics(Rows(("d",), between(Column("d"), None, noon)), known) == Tally(1, 1, 1)


def test_measures_are_read_from_the_footer() -> None:
    newest = datetime(2024, 1, 2, tzinfo=UTC)
    known = Statistics(10, {"t": ColumnStatistics(4, 0, newest, newest), "e": ColumnStatistics(10, 0)})
    assert by_statistics(Measure("max", "t"), known) == Reading(newest)
    assert by_statistics(Measure("max", "e"), known) == Reading(None)
    assert by_statistics(Measure("mean", "t"), known) is None
    assert by_statistics(Measures((Measure("present", "t"), Measure("rows"))), known) == Reading((6, 10))
