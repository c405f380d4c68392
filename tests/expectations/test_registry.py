"""The vocabulary of checks: what is known, and what is said of a check that is written wrongly."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from mesh_orchestration.expectations import registry

BETWEEN = "expect_column_values_to_be_between"


def said(name: str, **kwargs: Any) -> str:
    return " | ".join(registry.problems(name, kwargs))


def test_every_file_is_an_expectation_with_complete_arguments() -> None:
    for name in registry.own():
        expectation = registry.get(name)
        assert expectation is not None
        assert expectation.complete({}).keys() == expectation.names.keys()


def test_expectations_of_great_expectations_without_a_file_are_known_by_name() -> None:
    assert "expect_column_values_to_match_strftime_format" in registry.names()
    assert registry.get("expect_column_values_to_match_strftime_format") is None


def test_an_unknown_expectation_is_met_with_the_nearest_word() -> None:
    assert said("expect_column_values_to_be_betwen") == (
        f"'expect_column_values_to_be_betwen' is not an expectation; did you mean '{BETWEEN}'?"
    )


@pytest.mark.parametrize(
    ("name", "kwargs", "message"),
    [
        (BETWEEN, {"column": "a", "max_valu": 3, "min_value": 1}, "did you mean 'max_value'?"),
        (BETWEEN, {"min_value": 1}, "needs 'column'"),
        (BETWEEN, {"column": "a"}, "needs 'min_value' or 'max_value'"),
        (BETWEEN, {"column": "a", "min_value": 5, "max_value": 2}, "no value lies between"),
        (BETWEEN, {"column": "a", "min_value": 5, "max_value": 5, "strict_max": True}, "no value lies between"),
        (BETWEEN, {"column": "a", "min_value": 5, "strict_max": True}, "'strict_max' has no effect"),
        (BETWEEN, {"column": "a", "min_value": 5, "max_value": "x"}, "cannot be compared"),
        (BETWEEN, {"column": "a", "min_value": 5, "mostly": 99}, "'mostly' is 99, expected a share between 0 and 1"),
        ("expect_column_values_to_be_in_set", {"column": "a", "value_set": []}, "at least one value"),
        ("expect_column_values_to_match_regex", {"column": "a", "regex": "("}, "expected a regular expression"),
        ("expect_compound_columns_to_be_unique", {"column_list": ["a"]}, "at least two columns"),
        ("expect_compound_columns_to_be_k_anonymous", {"column_list": ["a"]}, "needs 'k'"),
        ("expect_compound_columns_to_be_k_anonymous", {"column_list": ["a"], "k": 1}, "a whole number, two or more"),
        ("expect_compound_columns_to_be_k_anonymous", {"column_list": ["a", "a"], "k": 2}, "different columns"),
        ("expect_column_quantile_values_to_be_between", {"column": "a", "quantile_ranges": {}}, "quantiles"),
        ("expect_column_pair_values_to_be_equal", {"column_A": "a", "column_B": "a"}, "are the same column"),
        ("expect_column_values_to_match_strftime_format", {"column": "a", "format": "%Y"}, "'format' is not an"),
        ("expect_column_values_to_match_strftime_format", {"column": "a"}, "needs 'strftime_format'"),
    ],
)
def test_wrong_arguments_are_named(name: str, kwargs: dict[str, Any], message: str) -> None:
    assert message in said(name, **kwargs)


def test_a_relative_bound_is_a_bound() -> None:
    assert said(BETWEEN, column="a", min_value="2020-01-01", max_value="now + 5m") == ""


def test_a_column_the_product_lacks_is_named_with_the_nearest_one() -> None:
    kwargs = {"column": "amout", "min_value": 1}
    assert registry.problems(BETWEEN, kwargs, ["amount", "id"]) == [
        "'amout' is not a column of this product; did you mean 'amount'?"
    ]


def test_the_vocabulary_costs_no_heavy_import() -> None:
    code = (
        "import sys; from mesh_orchestration.expectations import registry; registry.names();"
        f"registry.problems('{BETWEEN}', {{}}); registry.problems('expect_column_values_to_be_json_parseable', {{}});"
        "heavy = {'great_expectations', 'pandas', 'pyarrow', 'duckdb', 'polars', 'sqlglot', 'pydantic'};"
        "sys.exit(' '.join(heavy & set(sys.modules)) or 0)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
