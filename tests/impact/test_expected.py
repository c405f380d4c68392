"""What a consumer expects, held against a contract."""

from __future__ import annotations

from typing import Any

import pytest

from mesh_orchestration.contract.model import DataProduct
from mesh_orchestration.impact.expected import filed_by, gaps, unmet
from tests.builders import product

FIELDS: dict[str, Any] = {
    "line_id": {"type": "long", "constraints": {"primary_key": True}},
    "amount": {"type": "decimal(12,2)", "constraints": {"null": False, "min": 0, "max": 1000}},
    "status": {"type": "string", "constraints": {"enum": ["open", "paid"]}},
    "paid_at": {"type": "timestamp", "constraints": {"timezone": "UTC"}},
}


def upstream(fields: dict[str, Any] | None = None, **parts: Any) -> DataProduct:
    return product("orders.order_lines.v1", fields=FIELDS | (fields or {}), **({"sla": {"freshness": "1h"}} | parts))


def consumer(**expects: Any) -> DataProduct:
    port = {"name": "order_lines", "type": "data-product", "product": "orders.order_lines.v1", "expects": expects}
    return product("billing.revenue.v1", owner="team:money", inputs=[port])


def said(given: DataProduct, **expects: Any) -> tuple[str, ...]:
    (filed,) = filed_by(consumer(**expects))
    return unmet(filed, given)


def states(given: DataProduct, *checks: dict[str, Any]) -> list[str]:
    (filed,) = filed_by(consumer(checks=list(checks)))
    return [gap.state for gap in gaps(filed, given)]


def test_what_the_contract_promises_is_kept() -> None:
    expects = {
        "fields": [{"name": "amount", "type": "decimal(14,2)", "null": False}, {"name": "line_id", "type": "long"}],
        "checks": [
            {"column": "amount", "assertion": "expect_column_values_to_be_between", "value": {"min_value": -1}},
            {"column": "line_id", "assertion": "expect_column_values_to_be_unique"},
            {"column": "status", "assertion": "expect_column_values_to_be_in_set",
             "value": {"value_set": ["open", "paid", "void"]}, "threshold": 0.9},
            {"column": "status", "assertion": "expect_column_to_exist"},
        ],
        "freshness": "2h",
    }  # fmt: skip
    assert said(upstream(), **expects) == ()


def test_a_missing_field_is_named_with_the_nearest_one() -> None:
    assert said(upstream(), fields=[{"name": "amounts"}]) == (
        "orders.order_lines.v1 has no column 'amounts'; did you mean 'amount'?",
    )


def test_a_renamed_field_is_found_by_its_alias() -> None:
    renamed = upstream({"total": {"type": "decimal(12,2)", "aliases": ["sum"]}})
    assert said(renamed, fields=[{"name": "sum"}]) == (
        "orders.order_lines.v1 has no column 'sum'; it is called 'total' now",
    )


@pytest.mark.parametrize(
    ("given", "wanted", "readable"),
    [
        ("integer", "long", True),
        ("long", "integer", False),
        ("decimal(10,2)", "decimal(12,2)", True),
        ("decimal(12,2)", "decimal(10,2)", False),
        ("timestamptz", "timestamp", True),
        ("timestamp", "timestamptz", False),
        ("string", "date", False),
    ],
)
def test_a_type_is_expected_as_it_can_be_read(given: str, wanted: str, readable: bool) -> None:
    assert (said(upstream({"x": given}), fields=[{"name": "x", "type": wanted}]) == ()) == readable


def test_a_field_that_may_be_null_now_is_told() -> None:
    assert said(upstream({"amount": "decimal(12,2)"}), fields=[{"name": "amount", "null": False}]) == (
        "orders.order_lines.v1.amount may be null, expected a value in every row",
    )


def test_a_check_promises_no_nulls_as_well_as_a_constraint() -> None:
    checked = upstream(
        {"amount": "decimal(12,2)"},
        checks=[{"column": "amount", "assertion": "expect_column_values_to_not_be_null"}],
    )
    assert said(checked, fields=[{"name": "amount", "null": False}]) == ()


def test_a_looser_promise_breaks_the_expectation() -> None:
    check = {"column": "amount", "assertion": "expect_column_values_to_be_between", "value": {"min_value": 1}}
    promised = "expect_column_values_to_be_between of amount (min_value 0, max_value 1000)"
    expected = "expect_column_values_to_be_between of amount (min_value 1)"
    assert said(upstream(), checks=[check]) == (f"orders.order_lines.v1 promises {promised}, expected {expected}",)


def test_two_promises_keep_an_expectation_with_two_bounds_together() -> None:
    fields = {"amount": {"type": "decimal(12,2)", "constraints": {"min": 0}}}
    upper = {"column": "amount", "assertion": "expect_column_values_to_be_between", "value": {"max_value": 900}}
    given = upstream(fields, checks=[upper | {"threshold": 0.99}])
    wanted = {
        "column": "amount",
        "assertion": "expect_column_values_to_be_between",
        "value": {"min_value": 0, "max_value": 900},
    }
    assert states(given, wanted | {"threshold": 0.99}) == []
    assert states(given, wanted | {"threshold": 0.999}) == ["broken"]


def test_a_warning_does_not_keep_what_is_expected_to_stop_publication() -> None:
    warned = {"column": "status", "assertion": "expect_column_values_to_not_be_null", "severity": "warn"}
    assert states(upstream(checks=[warned]), warned | {"severity": "error"}) == ["broken"]
    assert states(upstream(checks=[warned]), warned) == []


def test_what_the_contract_says_nothing_of_is_left_to_the_data() -> None:
    mean = {"column": "amount", "assertion": "expect_column_mean_to_be_between", "value": {"min_value": 1}}
    assert states(upstream(), mean) == ["open"]
    assert said(upstream(), checks=[mean]) == ()


def test_a_promise_that_is_taken_back_is_told_although_nothing_can_be_compared() -> None:
    before = upstream({"amount": {"type": "decimal(12,2)", "constraints": {"min": 0}}})
    after = upstream({"amount": "decimal(12,2)"})
    check = {"column": "amount", "assertion": "expect_column_values_to_be_between", "value": {"min_value": 0}}
    (filed,) = filed_by(consumer(checks=[check]))
    assert unmet(filed, after) == ()
    (told,) = unmet(filed, after, before=before)
    assert told.startswith("orders.order_lines.v1 does not promise expect_column_values_to_be_between of amount")
    assert told.endswith(", as it did before")


def test_freshness_may_be_better_than_expected_but_not_looser() -> None:
    assert said(upstream(), freshness="1h") == ()
    assert said(upstream(), freshness="30m") == ("orders.order_lines.v1 promises a freshness of 1h, expected 30m",)
    assert said(upstream(sla={}), freshness="30m") == ("orders.order_lines.v1 promises no freshness, expected 30m",)


def test_relative_times_are_compared_by_their_distance() -> None:
    def of(bound: str) -> dict[str, Any]:
        value = {"max_value": bound}
        return {"column": "paid_at", "assertion": "expect_column_values_to_be_between", "value": value}

    given = upstream(checks=[of("now + 5m")])
    assert states(given, of("now + 1h")) == []
    assert states(given, of("now")) == ["broken"]


def test_a_bound_that_the_column_cannot_hold_is_told() -> None:
    check = {"column": "paid_at", "assertion": "expect_column_values_to_be_between", "value": {"min_value": "soon"}}
    (told,) = said(upstream(), checks=[check])
    assert told.startswith("orders.order_lines.v1.paid_at: found 'soon', expected a time")
