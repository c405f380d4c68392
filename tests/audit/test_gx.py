"""Results in Great Expectations' JSON; that they equal its own is held by the comparison on random tables."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

from mesh_orchestration.audit.gx import to_gx
from mesh_orchestration.expectations.check import Check, CheckResult

CHECK = Check("amounts", "expect_column_values_to_be_between", {"column": "amount", "min_value": Decimal("0.5")})
FAILED = CheckResult(CHECK, False, element_count=8, missing_count=3, unexpected_count=2, sample=(Decimal("0.25"), 0.0))


def test_a_tally_becomes_counts_and_percentages() -> None:
    assert to_gx(FAILED) == {
        "element_count": 8,
        "unexpected_count": 2,
        "unexpected_percent": 40.0,
        "partial_unexpected_list": [0.25, 0.0],
        "missing_count": 3,
        "missing_percent": 37.5,
        "unexpected_percent_total": 25.0,
        "unexpected_percent_nonmissing": 40.0,
        "partial_unexpected_counts": [{"value": 0.0, "count": 1}, {"value": 0.25, "count": 1}],
    }


def test_formats_differ_as_in_great_expectations() -> None:
    assert to_gx(FAILED, "BOOLEAN_ONLY") == {}
    assert "partial_unexpected_counts" not in to_gx(FAILED, "BASIC")


def test_a_measure_becomes_an_observed_value() -> None:
    newest = datetime(2026, 1, 1, tzinfo=UTC)
    result = CheckResult(CHECK, True, observed_value=newest)
    assert to_gx(result) == {"observed_value": "2026-01-01T00:00:00+00:00"}
