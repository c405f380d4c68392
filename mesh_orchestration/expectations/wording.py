"""An expectation in words, as a reader of the data says it: ``quantity is from 1 to 100,000``."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

_SHOWN = 6  # values of a set
_RELATIVE = re.compile(r"now(?:\s*([+-])\s*(\S+))?", re.IGNORECASE)
_TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d\S*")


def in_words(expectation: str, given: Mapping[str, Any]) -> str:
    """What an expectation with the arguments ``given`` asks for, in one line, with the share of rows that must hold."""
    words = _WORDS.get(expectation)
    said = words(given) if words else expectation.removeprefix("expect_").replace("_", " ")
    mostly = given.get("mostly")
    return f"{said}, in at least {_share(mostly)} of the rows" if mostly is not None and mostly < 1 else said


def _bounds(given: Mapping[str, Any], shown: Callable[[Any], str]) -> str:
    low, high = given.get("min_value"), given.get("max_value")
    strict_low, strict_high = given.get("strict_min"), given.get("strict_max")
    if low is not None and low == high:
        return shown(low)
    if low is not None and high is not None and not strict_low and not strict_high:
        return f"from {shown(low)} to {shown(high)}"
    parts = [f"{'above' if strict_low else 'at least'} {shown(low)}"] if low is not None else []
    parts += [f"{'below' if strict_high else 'at most'} {shown(high)}"] if high is not None else []
    return " and ".join(parts)


def _value(value: Any) -> str:
    if isinstance(value, str) and (relative := _RELATIVE.fullmatch(value.strip())):
        way, length = relative.groups()
        return "now" if not length else f"{length} ago" if way == "-" else f"{length} from now"
    if isinstance(value, str) and _TIME.fullmatch(value):
        return _time(datetime.fromisoformat(value))
    if isinstance(value, datetime):
        return _time(value)
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        return f"{value:,.6f}".rstrip("0").rstrip(".") if isinstance(value, float) else f"{value:,}"
    return str(value)


def _time(value: datetime) -> str:
    if value.tzinfo is None:
        return value.isoformat(" ", "minutes")
    return f"{value.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def _share(value: float) -> str:
    return f"{value * 100:.6g}\u202f%"


def _some(values: Iterable[Any]) -> str:
    every = [_value(value) for value in values]
    left = len(every) - _SHOWN
    return ", ".join(every[:_SHOWN]) + (f" and {left} more" if left > 0 else "")


def _each(said: str) -> Callable[[Mapping[str, Any]], str]:
    return lambda given: f"{given['column']} {said}"


def _ranged(said: str, shown: Callable[[Any], str] = _value) -> Callable[[Mapping[str, Any]], str]:
    return lambda given: said.format(given.get("column"), _bounds(given, shown))


def _listed(said: str) -> Callable[[Mapping[str, Any]], str]:
    return lambda given: said.format(given["column"], _some(given["value_set"]))


def _pair(given: Mapping[str, Any]) -> str:
    return f"{given['column_A']} is {'at least' if given.get('or_equal') else 'greater than'} {given['column_B']}"


def _ordered(way: str, other: str) -> Callable[[Mapping[str, Any]], str]:
    return lambda given: f"{given['column']} {f'only {way}s' if given.get('strictly') else f'never {other}s'}"


def _largest(given: Mapping[str, Any]) -> str:
    oldest = _RELATIVE.fullmatch(str(given.get("min_value")).strip())
    if oldest and oldest[1] == "-" and given.get("max_value") is None:
        return f"newest {given['column']} is at most {oldest[2]} old"
    return _ranged("largest {} is {}")(given)


def _quantiles(given: Mapping[str, Any]) -> str:
    said = given["quantile_ranges"]
    parts = [
        f"{_share(share)}: {_bounds({'min_value': low, 'max_value': high}, _value) or 'any'}"
        for share, (low, high) in zip(said["quantiles"], said["value_ranges"], strict=True)
    ]
    return f"quantiles of {given['column']} are {', '.join(parts)}"


_WORDS: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "expect_column_distinct_values_to_be_in_set": _listed("values of {} are among {}"),
    "expect_column_distinct_values_to_contain_set": _listed("values of {} include {}"),
    "expect_column_distinct_values_to_equal_set": _listed("values of {} are exactly {}"),
    "expect_column_max_to_be_between": _largest,
    "expect_column_mean_to_be_between": _ranged("mean of {} is {}"),
    "expect_column_median_to_be_between": _ranged("median of {} is {}"),
    "expect_column_min_to_be_between": _ranged("smallest {} is {}"),
    "expect_column_pair_values_a_to_be_greater_than_b": _pair,
    "expect_column_pair_values_to_be_equal": lambda given: f"{given['column_A']} equals {given['column_B']}",
    "expect_column_proportion_of_non_null_values_to_be_between": _ranged("share of {} that is known is {}", _share),
    "expect_column_proportion_of_unique_values_to_be_between": _ranged("share of {} that is unique is {}", _share),
    "expect_column_quantile_values_to_be_between": _quantiles,
    "expect_column_stdev_to_be_between": _ranged("standard deviation of {} is {}"),
    "expect_column_sum_to_be_between": _ranged("sum of {} is {}"),
    "expect_column_to_exist": lambda given: f"there is a column {given['column']}",
    "expect_column_unique_value_count_to_be_between": _ranged("number of different values of {} is {}"),
    "expect_column_value_lengths_to_be_between": _ranged("length of {} is {}"),
    "expect_column_value_lengths_to_equal": lambda given: f"length of {given['column']} is {given['value']}",
    "expect_column_values_to_be_between": _ranged("{} is {}"),
    "expect_column_values_to_be_decreasing": _ordered("decrease", "increase"),
    "expect_column_values_to_be_in_set": _listed("{} is one of {}"),
    "expect_column_values_to_be_increasing": _ordered("increase", "decrease"),
    "expect_column_values_to_be_null": _each("is null"),
    "expect_column_values_to_be_of_type": lambda given: f"{given['column']} is of type {given['type_']}",
    "expect_column_values_to_be_unique": _each("is unique"),
    "expect_column_values_to_match_regex": lambda given: f"{given['column']} matches {given['regex']}",
    "expect_column_values_to_not_be_in_set": _listed("{} is none of {}"),
    "expect_column_values_to_not_be_null": _each("is not null"),
    "expect_column_values_to_not_match_regex": lambda given: f"{given['column']} does not match {given['regex']}",
    "expect_compound_columns_to_be_k_anonymous": lambda given: (
        f"each combination of {', '.join(given['column_list'])} stands in at least {given['k']} rows"
    ),
    "expect_compound_columns_to_be_unique": lambda given: f"{', '.join(given['column_list'])} are unique together",
    "expect_table_row_count_to_be_between": lambda given: f"number of rows is {_bounds(given, _value)}",
    "expect_table_row_count_to_equal": lambda given: f"number of rows is {_value(given['value'])}",
}
