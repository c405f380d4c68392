"""The arguments expectations take: one definition each, with what a valid value looks like."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from mesh_orchestration.expectations.question import Ignore

Arguments = Mapping[str, Any]
Rule = Callable[[Arguments], Iterable[str]]


@dataclass(frozen=True)
class Argument:
    """One argument; ``fits`` returns what a value should have been, or None when it is fine."""

    name: str
    fits: Callable[[Any], str | None]
    required: bool = False
    default: Any = None


def number(value: Any) -> str | None:
    fits = isinstance(value, int | float | Decimal) and not isinstance(value, bool)
    return None if fits else "a number"


def count(value: Any) -> str | None:
    fits = isinstance(value, int) and not isinstance(value, bool) and value >= 0
    return None if fits else "a whole number, zero or more"


def comparable(value: Any) -> str | None:
    fits = isinstance(value, int | float | Decimal | str | date | datetime | time)
    return None if fits else "a number, a text, a date or a time"


def share(value: Any) -> str | None:
    fits = isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1
    return None if fits else "a share between 0 and 1"


def flag(value: Any) -> str | None:
    return None if isinstance(value, bool) else "true or false"


def text(value: Any) -> str | None:
    return None if isinstance(value, str) and value else "a text"


def anything(_: Any) -> str | None:
    return None


def pattern(value: Any) -> str | None:
    if not isinstance(value, str):
        return "a regular expression"
    try:
        re.compile(value)
    except (re.error, OverflowError) as error:
        return f"a regular expression ({error})"
    except RecursionError:
        return "a regular expression that is nested less deeply"
    return None


def values(value: Any) -> str | None:
    if not isinstance(value, list | tuple | set | frozenset) or not value:
        return "a list with at least one value"
    if any(isinstance(item, list | dict) or item is None for item in value):
        return "a list of plain values, none of them null"
    return None


def texts(value: Any) -> str | None:
    fits = isinstance(value, list | tuple) and value and all(isinstance(item, str) and item for item in value)
    return None if fits else "a list of texts"


def columns(value: Any) -> str | None:
    if texts(value) or len(value) < 2:
        return "a list of at least two columns"
    return None if len(set(value)) == len(value) else "a list of different columns"


def some_columns(value: Any) -> str | None:
    if texts(value):
        return "a list of columns"
    return None if len(set(value)) == len(value) else "a list of different columns"


def crowd(value: Any) -> str | None:
    return None if not count(value) and value >= 2 else "a whole number, two or more"


def one_of(*words: Any) -> Callable[[Any], str | None]:
    return lambda value: None if value in words else f"one of {', '.join(str(word).lower() for word in words)}"


def quantile_ranges(value: Any) -> str | None:
    wanted = "{quantiles: [0.5, …], value_ranges: [[low, high], …]} with as many ranges as quantiles"
    if not isinstance(value, Mapping) or set(value) != {"quantiles", "value_ranges"}:
        return wanted
    shares, ranges = value["quantiles"], value["value_ranges"]
    if not isinstance(shares, list | tuple) or not isinstance(ranges, list | tuple) or len(shares) != len(ranges):
        return wanted
    if not shares or any(share(item) for item in shares) or any(_range(item) for item in ranges):
        return wanted
    return None


def _range(value: Any) -> str | None:
    fits = isinstance(value, list | tuple) and len(value) == 2
    return None if fits and all(item is None or not comparable(item) for item in value) else "[low, high]"


COLUMN = Argument("column", text, required=True)
COLUMN_A = Argument("column_A", text, required=True)
COLUMN_B = Argument("column_B", text, required=True)
COLUMN_LIST = Argument("column_list", columns, required=True)
IDENTIFYING = Argument("column_list", some_columns, required=True)
K = Argument("k", crowd, required=True)
MOSTLY = Argument("mostly", share, default=1.0)
VALUE_SET = Argument("value_set", values, required=True)
REGEX = Argument("regex", pattern, required=True)
STRICTLY = Argument("strictly", flag, default=False)
STRICT = (Argument("strict_min", flag, default=False), Argument("strict_max", flag, default=False))
BOUNDS = (Argument("min_value", comparable), Argument("max_value", comparable), *STRICT)
NUMBERS = (Argument("min_value", number), Argument("max_value", number), *STRICT)
COUNTS = (Argument("min_value", count), Argument("max_value", count), *STRICT)
SHARES = (Argument("min_value", share), Argument("max_value", share), *STRICT)
PAIR_IGNORE = Argument(
    "ignore_row_if",
    one_of("both_values_are_missing", "either_value_is_missing", "neither"),
    default="both_values_are_missing",
)
LIST_IGNORE = Argument(
    "ignore_row_if",
    one_of("all_values_are_missing", "any_value_is_missing", "never"),
    default="all_values_are_missing",
)
EVERYWHERE = (Argument("row_condition", anything), Argument("condition_parser", text))
"""Arguments every expectation of Great Expectations takes; with a row condition GX itself answers."""


def bounded(arguments: Arguments) -> Iterator[str]:
    """At least one bound, in the right order, and a range that some value can lie in."""
    low, high = arguments.get("min_value"), arguments.get("max_value")
    if low is None and high is None:
        yield "needs 'min_value' or 'max_value'"
    for flag_name, bound in (("strict_min", low), ("strict_max", high)):
        if arguments.get(flag_name) and bound is None:
            yield f"'{flag_name}' has no effect without '{flag_name.replace('strict', '')[1:]}_value'"
    if low is None or high is None or is_relative(low) or is_relative(high):
        return
    try:
        empty = low > high or (low == high and (arguments.get("strict_min") or arguments.get("strict_max")))
    except TypeError:
        yield f"'min_value' {low!r} and 'max_value' {high!r} cannot be compared; write both as numbers, texts or times"
        return
    if empty:
        yield f"no value lies between 'min_value' {low!r} and 'max_value' {high!r}"


def is_relative(value: Any) -> bool:
    """Whether a bound is written relative to the time of the check (``now - 2h``)."""
    return isinstance(value, str) and value.strip().lower().startswith("now")


def distinct_pair(arguments: Arguments) -> Iterator[str]:
    if arguments.get("column_A") is not None and arguments.get("column_A") == arguments.get("column_B"):
        yield f"'column_A' and 'column_B' are the same column '{arguments['column_A']}'"


def ignore(arguments: Arguments) -> Ignore:
    """Which rows ``ignore_row_if`` leaves out, in one vocabulary for pairs and lists of columns."""
    return _IGNORE[arguments["ignore_row_if"]]


_IGNORE: Mapping[str, Ignore] = {
    "both_values_are_missing": "all",
    "either_value_is_missing": "any",
    "neither": "never",
    "all_values_are_missing": "all",
    "any_value_is_missing": "any",
    "never": "never",
}
