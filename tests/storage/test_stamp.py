"""The stamp of a snapshot says the same before and after Iceberg kept it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from mesh_orchestration.storage.stamp import MAX_OBSERVED, Stamp, Verdict, shorten

STAMP = Stamp(
    state="refused",
    address="orders.orders.v1",
    run_id="r1",
    contract_version="1.2.0",
    contract_hash="ab12",
    at=datetime(2026, 11, 20, 6, tzinfo=UTC),
    rows=3,
    inputs={"transactions": {"watermark": "w", "batch": "b"}},
    verdicts=(Verdict("a", "expect_x", "col", "error", False, 1, 3, "ü"), Verdict("b", "expect_y", None, "warn", True)),
    reasons=("check a failed",),
    sla={"freshness": "1h", "availability": 0.999},
)


def test_a_stamp_survives_the_summary() -> None:
    summary = STAMP.summary()

    assert all(isinstance(value, str) and key.startswith("mesh.") for key, value in summary.items())
    assert Stamp.of(summary) == STAMP


def test_a_stamp_stands_among_icebergs_own_keys() -> None:
    assert Stamp.of({"total-records": "3", **STAMP.summary()}) == STAMP


def test_a_summary_without_a_stamp_has_none() -> None:
    assert Stamp.of({"total-records": "3"}) is None


@pytest.mark.parametrize(
    ("value", "short"),
    [
        (None, None),
        (True, True),
        (1.5, 1.5),
        ("text", "text"),
        ([1, 2], "[1,2]"),
        (datetime(2026, 1, 1, tzinfo=UTC), '"2026-01-01 00:00:00+00:00"'),
        ("x" * 200, "x" * (MAX_OBSERVED - 1) + "…"),
    ],
)
def test_observed_values_are_short_json(value: object, short: object) -> None:
    assert shorten(value) == short
