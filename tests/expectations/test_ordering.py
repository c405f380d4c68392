"""Which of two settings of an expectation is stricter, held against the audit's verdicts on random tables."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mesh_orchestration.audit import ParquetData, audit
from mesh_orchestration.expectations import registry
from mesh_orchestration.expectations.base import Expectation
from mesh_orchestration.expectations.check import Check
from mesh_orchestration.expectations.ordering import Relation
from tests.audit.frames import CHECKS, OWN, tables

BETWEEN = "expect_column_values_to_be_between"
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def expectation(name: str) -> Expectation:
    found = registry.get(name)
    assert found is not None
    return found


def relation(name: str, old: dict[str, Any], new: dict[str, Any]) -> Relation:
    return expectation(name).compare({"column": "a"} | old, {"column": "a"} | new)


ORDERED = tuple(name for name in sorted(registry.own()) if expectation(name).order)
OPPOSITE = {"tighter": "looser", "looser": "tighter", "same": "same", "changed": "changed"}


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ({"min_value": 1}, {"min_value": 2}, "tighter"),
        ({"min_value": 1}, {"min_value": 1, "max_value": 9}, "tighter"),
        ({"min_value": 1}, {"min_value": 1, "strict_min": True}, "tighter"),
        ({"min_value": 1, "strict_min": True}, {"min_value": 2}, "tighter"),
        ({"max_value": 1}, {"max_value": 2}, "looser"),
        ({"min_value": 1}, {"max_value": 1}, "changed"),
        ({"min_value": 1}, {"min_value": "a"}, "changed"),
        ({"min_value": 1, "mostly": 0.9}, {"min_value": 1}, "same"),
        ({"min_value": 1}, {"min_value": 2, "row_condition": "b > 1"}, "changed"),
    ],
)
def test_bounds_compare_with_their_strictness(old: dict[str, Any], new: dict[str, Any], expected: Relation) -> None:
    assert relation(BETWEEN, old, new) == expected
    assert relation(BETWEEN, new, old) == OPPOSITE[expected]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("expect_column_values_to_be_in_set", "looser"),
        ("expect_column_values_to_not_be_in_set", "tighter"),
        ("expect_column_distinct_values_to_contain_set", "tighter"),
        ("expect_column_distinct_values_to_equal_set", "changed"),
    ],
)
def test_one_member_more_means_what_the_expectation_makes_of_it(name: str, expected: Relation) -> None:
    assert relation(name, {"value_set": [1]}, {"value_set": [1, 2]}) == expected


@pytest.mark.parametrize(
    ("new", "expected"),
    [
        ({"k": 5}, "tighter"),
        ({"k": 2}, "looser"),
        ({"column_list": ["age", "income", "size"]}, "tighter"),
        ({"column_list": ["income", "age"]}, "same"),
        ({"column_list": ["income"]}, "looser"),
        ({"column_list": ["age", "size"]}, "changed"),
        ({"column_list": ["age"], "k": 5}, "changed"),
    ],
)
def test_a_larger_crowd_and_more_columns_hide_more(new: dict[str, Any], expected: Relation) -> None:
    old = {"column_list": ["age", "income"], "k": 3}
    assert expectation("expect_compound_columns_to_be_k_anonymous").compare(old, old | new) == expected


def test_every_expectation_with_bounds_a_set_or_a_flag_says_which_is_stricter() -> None:
    unordered = {
        "expect_column_distinct_values_to_equal_set",  # another set is another promise
        "expect_column_to_exist",
    }
    comparable = {"min_value", "value_set", "strictly", "or_equal", "quantile_ranges", "column_index", "k"}
    assert {name for name in registry.own() if comparable & set(expectation(name).names)} - unordered == set(ORDERED)


@pytest.mark.slow
@pytest.mark.parametrize("name", ORDERED)
def test_whatever_keeps_the_tighter_setting_keeps_the_looser_one(name: str, tmp_path: Path) -> None:
    arguments = (CHECKS | OWN)[name]
    ordered = {argument for ordering in expectation(name).order for argument in ordering.arguments}

    @settings(max_examples=25, suppress_health_check=list(HealthCheck))
    @given(table=tables(), first=arguments, others=st.lists(arguments, min_size=5, max_size=5))
    def hold(table: pa.Table, first: dict[str, Any], others: list[dict[str, Any]]) -> None:
        other = next((item for item in others if item.get("column") == first.get("column")), first)
        fixed = {key: value for key, value in first.items() if key not in ordered}
        second = fixed | {key: value for key, value in other.items() if key in ordered}
        said = expectation(name).compare(first, second)
        if said not in ("tighter", "looser") or registry.problems(name, second):
            return
        strict, loose = (second, first) if said == "tighter" else (first, second)
        path = tmp_path / "table.parquet"
        pq.write_table(table, path)
        kept = audit(
            [Check("strict", name, strict), Check("loose", name, loose)], ParquetData((path,)), now=NOW
        )  # fmt: skip
        assert kept[1].success or not kept[0].success

    hold()
