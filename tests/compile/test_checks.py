"""Constraints, quality checks and service levels as checks."""

from __future__ import annotations

from typing import Any

from mesh_orchestration.compile.checks import contract_checks, short_name
from mesh_orchestration.expectations import registry
from mesh_orchestration.expectations.check import Check
from tests.builders import product


def checks(**parts: Any) -> dict[str, Check]:
    parts.setdefault("fields", {"amount": "double"})
    return {check.name: check for check in contract_checks(product(**parts))}


def said(found: dict[str, Check]) -> dict[str, dict[str, Any]]:
    return {name: dict(check.kwargs) for name, check in found.items()}


def test_a_primary_key_is_unique_and_not_null() -> None:
    found = checks(fields={"order_id": {"type": "string", "constraints": {"primary_key": True}}})
    assert said(found) == {
        "contract__unique__order_id": {"column": "order_id"},
        "contract__not_null__order_id": {"column": "order_id"},
    }


def test_a_primary_key_of_two_fields_is_unique_as_a_pair() -> None:
    key = {"type": "long", "constraints": {"primary_key": True}}
    found = checks(fields={"a": key, "b": key})
    assert list(found) == ["contract__compound_columns_unique__a_b", "contract__not_null__a", "contract__not_null__b"]
    assert dict(found["contract__compound_columns_unique__a_b"].kwargs)["column_list"] == ["a", "b"]


def test_every_constraint_becomes_a_check() -> None:
    constraints = {"pattern": "^a", "enum": ["ab", "ac"], "min_length": 1, "max_length": 5, "unique": True}
    moment = {"type": "timestamp", "constraints": {"timezone": "UTC", "min": "2020-01-01"}}
    found = checks(fields={"code": {"type": "string", "constraints": constraints}, "at": moment})
    assert said(found) == {
        "contract__unique__code": {"column": "code"},
        "contract__match_regex__code": {"column": "code", "regex": "^a"},
        "contract__in_set__code": {"column": "code", "value_set": ["ab", "ac"]},
        "contract__lengths__code": {"column": "code", "min_value": 1, "max_value": 5},
        "contract__of_type__at": {"column": "at", "type_": "timestamptz"},
        "contract__between__at": {"column": "at", "min_value": "2020-01-01"},
    }


def test_the_stricter_of_a_constraint_and_a_check_that_say_the_same_stands() -> None:
    found = checks(
        fields={"order_id": {"type": "string", "constraints": {"null": False}}},
        checks=[
            {
                "column": "order_id",
                "assertion": "expect_column_values_to_not_be_null",
                "threshold": 0.99,
                "severity": "warn",
                "description": "Ours.",
            }
        ],
    )
    [check] = found.values()
    assert (check.mostly, check.severity, check.description) == (1.0, "error", "Ours.")


def test_a_looser_check_beside_a_constraint_on_other_bounds_stays_a_check_of_its_own() -> None:
    between = {"column": "amount", "assertion": "expect_column_values_to_be_between"}
    found = checks(
        fields={"amount": {"type": "double", "constraints": {"min": 0}}},
        checks=[between | {"threshold": 0.9, "value": {"max_value": 5}}],
    )
    assert said(found) == {
        "contract__between__amount": {"column": "amount", "min_value": 0},
        "contract__between__amount_2": {"column": "amount", "max_value": 5, "mostly": 0.9},
    }


def test_bounds_about_the_same_rows_are_drawn_together() -> None:
    between = {"column": "amount", "assertion": "expect_column_values_to_be_between"}
    found = checks(
        fields={"amount": {"type": "double", "constraints": {"min": 0, "max": 9}}},
        checks=[between | {"value": {"min_value": 2, "max_value": 20}}],
    )
    assert said(found) == {"contract__between__amount": {"column": "amount", "min_value": 2, "max_value": 9}}


def test_event_freshness_is_a_check_on_the_newest_event() -> None:
    found = checks(fields={"at": "timestamp"}, sla={"event_time": "at", "event_freshness": "2h"})
    assert said(found) == {"event_freshness": {"column": "at", "min_value": "now - 2h"}}


def test_a_given_name_is_kept_and_never_taken_twice() -> None:
    rows = {"assertion": "expect_table_row_count_to_be_between"}
    found = checks(
        checks=[
            rows | {"value": {"min_value": 1}, "severity": "warn"},
            rows | {"value": {"min_value": 5}, "name": "contract__row_count"},
        ]
    )
    assert said(found) == {"contract__row_count_2": {"min_value": 1}, "contract__row_count": {"min_value": 5}}


def test_short_names_differ_where_columns_are_named_alike() -> None:
    alike = [name for name in registry.own() if name.startswith("expect_column_")]
    assert len({short_name(name) for name in alike}) == len(alike)


def test_every_derived_check_is_a_valid_use_of_its_expectation() -> None:
    constraints = {"pattern": "^a", "enum": ["ab"], "min_length": 1, "max_length": 5, "primary_key": True}
    item = product(fields={"code": {"type": "string", "constraints": constraints}})
    for check in contract_checks(item):
        assert registry.problems(check.expectation, check.kwargs, item.columns) == []
