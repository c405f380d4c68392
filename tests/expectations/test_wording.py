"""Expectations in the words of whoever reads the data."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from mesh_orchestration.expectations import registry
from mesh_orchestration.expectations.wording import in_words

SAID: dict[str, tuple[dict[str, Any], str]] = {
    "expect_column_distinct_values_to_be_in_set": ({"value_set": ["a", "b"]}, "values of x are among a, b"),
    "expect_column_distinct_values_to_contain_set": ({"value_set": [1]}, "values of x include 1"),
    "expect_column_distinct_values_to_equal_set": ({"value_set": [1, 2]}, "values of x are exactly 1, 2"),
    "expect_column_max_to_be_between": ({"min_value": "now - 48h"}, "newest x is at most 48h old"),
    "expect_column_mean_to_be_between": ({"min_value": 2, "max_value": 5}, "mean of x is from 2 to 5"),
    "expect_column_median_to_be_between": ({"max_value": 2.5}, "median of x is at most 2.5"),
    "expect_column_min_to_be_between": (
        {"min_value": datetime(2026, 1, 2, tzinfo=UTC)},
        "smallest x is at least 2026-01-02 00:00 UTC",
    ),
    "expect_column_pair_values_a_to_be_greater_than_b": (
        {"column_A": "x", "column_B": "y", "or_equal": True},
        "x is at least y",
    ),
    "expect_column_pair_values_to_be_equal": ({"column_A": "x", "column_B": "y"}, "x equals y"),
    "expect_column_proportion_of_non_null_values_to_be_between": (
        {"min_value": 0.995},
        "share of x that is known is at least 99.5\u202f%",
    ),
    "expect_column_proportion_of_unique_values_to_be_between": (
        {"min_value": 0.1, "max_value": 1},
        "share of x that is unique is from 10\u202f% to 100\u202f%",
    ),
    "expect_column_quantile_values_to_be_between": (
        {"quantile_ranges": {"quantiles": [0.5, 0.9], "value_ranges": [[1, 2], [None, 9]]}},
        "quantiles of x are 50\u202f%: from 1 to 2, 90\u202f%: at most 9",
    ),
    "expect_column_stdev_to_be_between": ({"max_value": 1}, "standard deviation of x is at most 1"),
    "expect_column_sum_to_be_between": ({"min_value": 1, "max_value": 1}, "sum of x is 1"),
    "expect_column_to_exist": ({}, "there is a column x"),
    "expect_column_unique_value_count_to_be_between": (
        {"min_value": 1},
        "number of different values of x is at least 1",
    ),
    "expect_column_value_lengths_to_be_between": ({"max_value": 20}, "length of x is at most 20"),
    "expect_column_value_lengths_to_equal": ({"value": 3}, "length of x is 3"),
    "expect_column_values_to_be_between": (
        {"min_value": 0, "strict_min": True, "max_value": 100_000, "mostly": 0.98},
        "x is above 0 and at most 100,000, in at least 98\u202f% of the rows",
    ),
    "expect_column_values_to_be_decreasing": ({}, "x never increases"),
    "expect_column_values_to_be_in_set": ({"value_set": [*"abcdefgh"]}, "x is one of a, b, c, d, e, f and 2 more"),
    "expect_column_values_to_be_increasing": ({"strictly": True}, "x only increases"),
    "expect_column_values_to_be_null": ({}, "x is null"),
    "expect_column_values_to_be_of_type": ({"type_": "timestamptz"}, "x is of type timestamptz"),
    "expect_column_values_to_be_unique": ({"mostly": 1.0}, "x is unique"),
    "expect_column_values_to_match_regex": ({"regex": "^a+$"}, "x matches ^a+$"),
    "expect_column_values_to_not_be_in_set": ({"value_set": [0]}, "x is none of 0"),
    "expect_column_values_to_not_be_null": ({}, "x is not null"),
    "expect_column_values_to_not_match_regex": ({"regex": "^a+$"}, "x does not match ^a+$"),
    "expect_compound_columns_to_be_k_anonymous": (
        {"column_list": ["x", "y"], "k": 5},
        "each combination of x, y stands in at least 5 rows",
    ),
    "expect_compound_columns_to_be_unique": ({"column_list": ["x", "y"]}, "x, y are unique together"),
    "expect_table_row_count_to_be_between": ({"min_value": 1}, "number of rows is at least 1"),
    "expect_table_row_count_to_equal": ({"value": 1_000}, "number of rows is 1,000"),
}


@pytest.mark.parametrize("name", SAID)
def test_an_expectation_is_said_with_its_bounds(name: str) -> None:
    given, said = SAID[name]
    assert in_words(name, {"column": "x", **given}) == said


@pytest.mark.parametrize(
    ("bound", "said"),
    [
        ("now", "now"),
        ("now + 5m", "5m from now"),
        ("now - 2h", "2h ago"),
        ("2017-01-01T01:00:00+01:00", "2017-01-01 00:00 UTC"),
        (datetime.fromisoformat("2017-01-01"), "2017-01-01 00:00"),
        ("nowhere", "nowhere"),
    ],
)
def test_a_bound_in_time_is_said_in_utc_or_from_now(bound: object, said: str) -> None:
    assert in_words("expect_column_values_to_be_between", {"column": "x", "max_value": bound}) == f"x is at most {said}"


def test_every_expectation_of_the_mesh_has_words() -> None:
    assert set(SAID) == registry.own()


def test_an_expectation_of_others_is_said_by_its_name() -> None:
    assert in_words("expect_column_kl_divergence_to_be_less_than", {"column": "x"}) == (
        "column kl divergence to be less than"
    )
