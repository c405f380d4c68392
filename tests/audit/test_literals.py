"""Constants of a contract as values of the column they are held against."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from mesh_orchestration.audit.literals import Unplanned, fit, fit_members, fit_predicate
from mesh_orchestration.audit.types import Kind, of_sql
from mesh_orchestration.expectations.predicate import Column, Compare, Length, Matches, between

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
LOCAL = datetime(2024, 5, 6, 7)  # noqa: DTZ001 # a local time
INSTANT = datetime(2024, 5, 6, 7, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "kind", "fitted"),
    [
        (3.0, "integer", 3),
        (2.5, "integer", 2.5),
        (float("inf"), "integer", float("inf")),
        (3, "float", 3.0),
        (0.1, "decimal", Decimal("0.1")),
        ("a", "string", "a"),
        (True, "boolean", True),
        ("2024-05-06T07:00:00", "timestamp", LOCAL),
        ("2024-05-06T09:00:00+02:00", "timestamp", LOCAL),
        ("2024-05-06T07:00:00", "instant", INSTANT),
        ("6 May 2024 07:00", "instant", INSTANT),
        (date(2024, 5, 6), "instant", datetime(2024, 5, 6, tzinfo=UTC)),
        ("now - 2h", "instant", datetime(2026, 1, 1, 10, tzinfo=UTC)),
        ("2024-05-06", "date", date(2024, 5, 6)),
        ("2024-05-06T07:00:00", "date", LOCAL),
        ("now - 12h", "date", date(2026, 1, 1)),
        ("07:30", "time", time(7, 30)),
        ("12345678-1234-5678-1234-567812345678", "uuid", UUID("12345678-1234-5678-1234-567812345678")),
    ],
)
def test_a_constant_becomes_a_value_of_its_column(value: Any, kind: Kind, fitted: Any) -> None:
    found = fit(value, kind, NOW)
    assert (found, type(found)) == (fitted, type(fitted))


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ("3", "integer"),
        (3, "string"),
        (True, "integer"),
        (1, "boolean"),
        ("soon", "instant"),
        (5, "date"),
        ("x", "uuid"),
    ],
)
def test_a_constant_that_does_not_compare_is_an_error(value: Any, kind: Kind) -> None:
    with pytest.raises(TypeError):
        fit(value, kind, NOW)


def test_members_a_column_cannot_hold_are_no_members() -> None:
    assert fit_members([1, "1", 1.0, 2.5, None], "integer", NOW) == (1, 2.5)


def test_columns_of_different_worlds_do_not_compare() -> None:
    types = {"n": of_sql("BIGINT"), "s": of_sql("VARCHAR"), "f": of_sql("DOUBLE")}
    assert fit_predicate(Compare(Column("n"), ">", Column("f")), types, NOW)
    with pytest.raises(TypeError, match="column 'n' of type integer does not compare with 's' of string"):
        fit_predicate(Compare(Column("n"), ">", Column("s")), types, NOW)


@pytest.mark.parametrize("predicate", [between(Length(Column("f")), 1, 2), Matches(Column("f"), "1")])
def test_numbers_that_engines_write_differently_are_no_texts(predicate: Any) -> None:
    with pytest.raises(Unplanned):
        fit_predicate(predicate, {"f": of_sql("DOUBLE")}, NOW)
