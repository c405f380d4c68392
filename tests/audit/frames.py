"""Random tables and random checks on them, for holding the audit against Great Expectations."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa
from hypothesis import strategies as st

SCHEMA = pa.schema(
    [
        pa.field("i", pa.int64()),
        pa.field("k", pa.int64()),
        pa.field("f", pa.float64()),
        pa.field("g", pa.float64()),
        pa.field("s", pa.string()),
        pa.field("r", pa.string()),
        pa.field("t", pa.timestamp("us")),
        pa.field("z", pa.timestamp("us", tz="UTC")),
        pa.field("d", pa.date32()),
        pa.field("n", pa.decimal128(9, 2)),
        pa.field("b", pa.bool_()),
    ]
)
START = datetime(2024, 1, 1)  # noqa: DTZ001 # a local time on purpose
TEXTS = ("", "a", "b", "ab", "a b", "b1", "é", "a\n", "A", "日本", "ab12", " ", "\u00a0", "٣", "z@y.xy")
_INTEGERS = st.integers(-4, 4)
_FLOATS = st.sampled_from([-2.5, -1.0, -0.0, 0.0, 0.5, 1.0, 2.0, 2.5, 1e6, float("nan")])
_MOMENTS = st.integers(-3, 3).map(lambda days: START + timedelta(days=days, hours=days % 2))
_DATES = st.integers(-3, 3).map(lambda days: date(2024, 1, 1) + timedelta(days=days))
_DECIMALS = st.integers(-300, 300).map(lambda cents: Decimal(cents * 25) / 100)
_VALUES = {
    "i": _INTEGERS,
    "k": st.integers(-40, 40),
    "f": _FLOATS,
    "g": _FLOATS,
    "s": st.sampled_from(TEXTS),
    "r": st.sampled_from(TEXTS[:4]),
    "t": _MOMENTS,
    "z": _MOMENTS.map(lambda moment: moment.replace(tzinfo=UTC)),
    "d": _DATES,
    "n": _DECIMALS,
    "b": st.booleans(),
}


@st.composite
def tables(draw: st.DrawFn) -> pa.Table:
    """A table of 0 to 24 rows; each column may have missing values, be all missing, or have none."""
    rows = draw(st.one_of(st.just(0), st.integers(1, 24)))
    columns = {}
    for field in SCHEMA:
        values = _VALUES[field.name]
        if field.name != "k":
            kind = draw(st.sampled_from(["some", "some", "none", "all"]))
            values = {"some": st.one_of(st.none(), values, values), "none": values, "all": st.none()}[kind]
        columns[field.name] = draw(st.lists(values, min_size=rows, max_size=rows))
    return pa.table(columns, schema=SCHEMA)


def _some(**optional: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=optional)


MOSTLY = _some(mostly=st.sampled_from([0, 0.25, 0.5, 0.75, 0.9, 1, 1.0]))
STRICT = _some(strict_min=st.booleans(), strict_max=st.booleans())


def _ordered(values: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """One bound, or two in order; strict flags only where there is a bound and room between them."""

    def bounds(pair: tuple[Any, Any, str, bool, bool]) -> dict[str, Any]:
        low, high = sorted(pair[:2])
        chosen = {"low": {"min_value": low}, "high": {"max_value": high}}.get(pair[2])
        chosen = chosen or {"min_value": low, "max_value": high}
        if "min_value" in chosen and low != high:
            chosen["strict_min"] = pair[3]
        if "max_value" in chosen and low != high:
            chosen["strict_max"] = pair[4]
        return chosen

    return st.tuples(values, values, st.sampled_from(["low", "high", "both"]), st.booleans(), st.booleans()).map(bounds)


def _merged(*parts: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    return st.tuples(*parts).map(lambda items: {key: value for item in items for key, value in item.items()})


def _on(*columns: str) -> st.SearchStrategy[dict[str, Any]]:
    return st.sampled_from(columns).map(lambda name: {"column": name})


_NUMBER = st.one_of(st.integers(-5, 5), st.sampled_from([-2.5, -0.5, 0.5, 1.5, 2.0]))
_BOUNDS_OF = {
    "i": _NUMBER,
    "k": _NUMBER,
    "f": _NUMBER,
    "s": st.sampled_from(TEXTS),
    "t": _MOMENTS,
    "z": _VALUES["z"],
    "d": _DATES,
    "n": st.integers(-60, 60).map(lambda value: value * 1.25),
}


@st.composite
def _between(draw: st.DrawFn) -> dict[str, Any]:
    """A column and bounds of its kind; times also written as text."""
    name = draw(st.sampled_from(sorted(_BOUNDS_OF)))
    bounds = draw(_ordered(_BOUNDS_OF[name]))
    if name in "tz" and draw(st.booleans()):
        bounds = {key: item.isoformat() if isinstance(item, datetime) else item for key, item in bounds.items()}
    return {"column": name} | bounds


_BETWEEN = _between()


def _sets(*columns: str) -> st.SearchStrategy[dict[str, Any]]:
    return st.sampled_from(columns).flatmap(
        lambda name: st.fixed_dictionaries(
            {"column": st.just(name), "value_set": st.lists(_MEMBERS[name], min_size=1, max_size=5)}
        )
    )


_MEMBERS = {
    "i": st.one_of(_INTEGERS, st.sampled_from([1.0, 2.5])),
    "k": st.integers(-40, 40),
    "f": st.sampled_from([-1.0, 0, 0.5, 1, 2.5]),
    "s": st.sampled_from(TEXTS),
    "r": st.sampled_from(TEXTS[:4]),
    "t": _MOMENTS,
    "d": _DATES,
    "b": st.booleans(),
}
_PATTERNS = (
    "", "^a", "b$", "^[ab]+$", r"\d", r"\s", r"^\w*$", r"[^a]", ".", "^.$", r"a|é", "(?i)^a", r"\D",
    r"^[^@\s]+@[^@\s]+\.[a-z]{2,}$", r"\bb", r"(?=b)", r"^a\Z", r"[\w ]{2}",
)  # fmt: skip
_LENGTHS = _ordered(st.integers(0, 4))
_PAIRS = st.sampled_from([("i", "k"), ("f", "g"), ("s", "r"), ("i", "f")]).map(
    lambda pair: {"column_A": pair[0], "column_B": pair[1]}
)
_PAIR_IGNORE = _some(ignore_row_if=st.sampled_from(["both_values_are_missing", "either_value_is_missing", "neither"]))
_LIST_IGNORE = _some(ignore_row_if=st.sampled_from(["all_values_are_missing", "any_value_is_missing", "never"]))
_LISTS = st.lists(st.sampled_from("ikfsrd"), min_size=2, max_size=3, unique=True).map(
    lambda names: {"column_list": names}
)
_RANGES = st.lists(
    st.tuples(
        st.sampled_from([0, 0.1, 0.25, 0.5, 0.75, 0.9, 1]),
        st.sampled_from([None, -3, 0]),
        st.sampled_from([None, 1, 3]),
    ),
    min_size=1,
    max_size=3,
).map(
    lambda rows: {
        "quantile_ranges": {"quantiles": [row[0] for row in rows], "value_ranges": [list(row[1:]) for row in rows]}
    }
)
_ALL = tuple("ikfgsrtzdnb")

CHECKS: dict[str, st.SearchStrategy[dict[str, Any]]] = {
    "expect_column_values_to_not_be_null": _merged(_on(*_ALL), MOSTLY),
    "expect_column_values_to_be_null": _merged(_on(*_ALL), MOSTLY),
    "expect_column_values_to_be_unique": _merged(_on(*_ALL), MOSTLY),
    "expect_compound_columns_to_be_unique": _merged(_LISTS, _LIST_IGNORE, MOSTLY),
    "expect_column_values_to_be_between": _merged(_BETWEEN, MOSTLY),
    "expect_column_value_lengths_to_be_between": _merged(_on("s", "r", "k"), _LENGTHS, MOSTLY),
    "expect_column_value_lengths_to_equal": _merged(
        _on("s", "r", "k"), st.fixed_dictionaries({"value": st.integers(0, 4)}), MOSTLY
    ),
    "expect_column_values_to_be_in_set": _merged(_sets(*_MEMBERS), MOSTLY),
    "expect_column_values_to_not_be_in_set": _merged(_sets(*_MEMBERS), MOSTLY),
    "expect_column_values_to_match_regex": _merged(
        _on("s", "r", "k"), st.fixed_dictionaries({"regex": st.sampled_from(_PATTERNS)}), MOSTLY
    ),
    "expect_column_values_to_not_match_regex": _merged(
        _on("s", "r", "k"), st.fixed_dictionaries({"regex": st.sampled_from(_PATTERNS)}), MOSTLY
    ),
    "expect_column_values_to_be_increasing": _merged(
        _on("i", "k", "f", "t", "z"), _some(strictly=st.booleans()), MOSTLY
    ),
    "expect_column_values_to_be_decreasing": _merged(
        _on("i", "k", "f", "t", "z"), _some(strictly=st.booleans()), MOSTLY
    ),
    "expect_column_values_to_be_of_type": _merged(
        _on("k", "f"), st.fixed_dictionaries({"type_": st.sampled_from(["int64", "float64", "int", "float", "bool"])})
    ),
    "expect_column_mean_to_be_between": _merged(_on("i", "k", "f", "n"), _ordered(_NUMBER)),
    "expect_column_sum_to_be_between": _merged(_on("i", "k", "f", "n"), _ordered(_NUMBER)),
    "expect_column_stdev_to_be_between": _merged(_on("i", "k", "f"), _ordered(_NUMBER)),
    "expect_column_median_to_be_between": _merged(_on("i", "k", "f"), _ordered(_NUMBER)),
    "expect_column_min_to_be_between": _BETWEEN,
    "expect_column_max_to_be_between": _BETWEEN,
    "expect_column_quantile_values_to_be_between": _merged(
        _on("i", "k", "f"),
        _RANGES,
        _some(allow_relative_error=st.sampled_from([False, "linear", "lower", "higher", "midpoint", "nearest"])),
    ),
    "expect_column_unique_value_count_to_be_between": _merged(_on(*_ALL), _LENGTHS),
    "expect_column_proportion_of_unique_values_to_be_between": _merged(
        _on(*_ALL), _ordered(st.sampled_from([0, 0.25, 0.5, 1]))
    ),
    "expect_column_proportion_of_non_null_values_to_be_between": _merged(
        _on(*_ALL), _ordered(st.sampled_from([0, 0.25, 0.5, 1]))
    ),
    "expect_column_distinct_values_to_be_in_set": _sets("i", "k", "f", "s", "r", "t", "d"),
    "expect_column_distinct_values_to_contain_set": _sets("i", "k", "f", "s", "r", "t", "d"),
    "expect_column_distinct_values_to_equal_set": _sets("i", "k", "f", "s", "r", "t", "d"),
    "expect_column_pair_values_a_to_be_greater_than_b": _merged(
        _PAIRS, _PAIR_IGNORE, _some(or_equal=st.booleans()), MOSTLY
    ),
    "expect_column_pair_values_to_be_equal": _merged(_PAIRS, _PAIR_IGNORE, MOSTLY),
    "expect_table_row_count_to_be_between": _ordered(st.integers(0, 20)),
    "expect_table_row_count_to_equal": st.fixed_dictionaries({"value": st.integers(0, 20)}),
    "expect_column_to_exist": _merged(
        st.sampled_from(["i", "k", "nothing"]).map(lambda name: {"column": name}), _some(column_index=st.integers(0, 2))
    ),
}
"""For every expectation of Great Expectations that has a file, arguments that fit the tables."""

OWN: dict[str, st.SearchStrategy[dict[str, Any]]] = {
    "expect_compound_columns_to_be_k_anonymous": _merged(
        st.lists(st.sampled_from(_ALL), min_size=1, max_size=3, unique=True).map(lambda names: {"column_list": names}),
        st.fixed_dictionaries({"k": st.integers(2, 5)}),
        MOSTLY,
    ),
}
"""The same for the mesh's own expectations."""
