"""The JSON Schema of a row, held against a validator."""

from __future__ import annotations

import json
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from mesh_orchestration.cli.output import plain
from mesh_orchestration.compile.data_schema import data_schema
from mesh_orchestration.contract.model import DataProduct
from tests.builders import product
from tests.compile.rows import columns, every_type, row

LINES = "orders.order_lines.v1"


def validator(found: DataProduct) -> Draft202012Validator:
    schema = json.loads(json.dumps(data_schema(found), allow_nan=False))
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)


def allows(said: str | dict[str, Any], value: Any) -> bool:
    """Whether the schema of a contract with the one field ``said`` allows ``value`` in it."""
    return validator(product(LINES, fields={"it": said})).is_valid({"it": value})


def column(said: dict[str, Any]) -> dict[str, Any]:
    return dict(data_schema(product(LINES, fields={"it": said}))["properties"]["it"])


@given(st.data())
@settings(max_examples=60)
def test_any_row_as_the_mesh_prints_it_is_valid(data: st.DataObject) -> None:
    found = product(LINES, fields=data.draw(columns))
    printed = json.loads(json.dumps(plain(data.draw(row(found.fields)))))
    assert [error.message for error in validator(found).iter_errors(printed)] == []


def test_the_schema_is_the_same_whenever_it_is_made() -> None:
    found = product(LINES, fields=every_type)
    assert json.dumps(data_schema(found)) == json.dumps(data_schema(product(LINES, fields=every_type)))


def test_the_schema_says_what_the_row_is() -> None:
    schema = data_schema(product(LINES, description="One row per line.", fields={"a": "long"}))
    assert schema == {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": LINES,
        "description": "One row per line.",
        "type": "object",
        "properties": {
            "a": {
                "type": ["integer", "null"],
                "minimum": -(2**63),
                "maximum": 2**63 - 1,
                "description": "The a.",
            }
        },
    }


@pytest.mark.parametrize(
    ("said", "good", "bad"),
    [
        ("integer", 2**31 - 1, 2**31),
        ("long", 5, "5"),
        ("date", "2026-11-21", "21.11.2026"),
        ("time", "06:30:00.25", "25:00:00"),
        ("timestamp", "2026-11-21T06:30:00", "2026-11-21"),
        ("uuid", "7d444840-9dc0-11d1-b245-5ffdce74fad2", "7d44"),
        ("binary", "00ff", "0"),
        ("decimal(4,2)", "-12.34", "12.345"),
        ("decimal(4,2)", 12.34, "123.45"),
        ("decimal(3,0)", "123", "1.0"),
        ("array<long>", [1, None], ["1"]),
        ({"type": "long", "constraints": {"min": 1, "max": 5}}, 5, 6),
        ({"type": "decimal(6,2)", "constraints": {"min": "0.5"}}, 0.5, 0.4),
        ({"type": "string", "constraints": {"pattern": "^a+$"}}, "aa", "ab"),
        ({"type": "string", "constraints": {"min_length": 2, "max_length": 3}}, "ab", "a"),
        ({"type": "string", "constraints": {"enum": ["a", "b"]}}, "a", "c"),
        ({"type": "date", "constraints": {"enum": [date(2026, 1, 1)]}}, "2026-01-01", "2026-01-02"),
        ({"type": "string", "constraints": {"enum": ["a"], "null": False}}, "a", None),
        ({"type": "string", "constraints": {"enum": ["a"]}}, None, 1),
    ],
    ids=str,
)
def test_a_value_that_the_contract_forbids_is_refused(said: str | dict[str, Any], good: Any, bad: Any) -> None:
    assert (allows(said, good), allows(said, bad)) == (True, False)


def test_a_column_may_be_missing_exactly_when_it_may_be_null() -> None:
    found = validator(product(LINES, fields={"a": {"type": "long", "constraints": {"null": False}}, "b": "long"}))
    assert (found.is_valid({"a": 1}), found.is_valid({"b": 1})) == (True, False)


def test_a_column_of_a_later_minor_is_no_error() -> None:
    assert validator(product(LINES, fields={"a": "long"})).is_valid({"a": 1, "later": "x"})


@pytest.mark.parametrize(
    ("said", "left"),
    [
        ({"type": "long", "constraints": {"primary_key": True}}, "primary_key: true"),
        ({"type": "long", "constraints": {"unique": True}}, "unique: true"),
        ({"type": "date", "constraints": {"max": "now + 1d"}}, "max: now + 1d"),
        (
            {"type": "timestamp", "constraints": {"min": datetime.fromisoformat("2017-01-01")}},
            "min: 2017-01-01T00:00:00",
        ),
        ({"type": "string", "constraints": {"min": "a", "max": "f"}}, "min: a; max: f"),
        ({"type": "string", "constraints": {"pattern": "(?P<word>a)"}}, "pattern: (?P<word>a)"),
        ({"type": "decimal(3,1)", "constraints": {"enum": [Decimal("1.5"), 2]}}, "enum: [1.5, 2]"),
    ],
    ids=lambda part: part if isinstance(part, str) else "",
)
def test_a_constraint_without_words_in_json_schema_is_named(said: dict[str, Any], left: str) -> None:
    assert column(said)["$comment"] == f"The contract also says: {left}."


def test_an_endless_bound_is_no_bound() -> None:
    assert "maximum" not in column({"type": "double", "constraints": {"max": float("inf")}})


def test_unit_and_personal_data_are_marked() -> None:
    said = column({"type": "long", "unit": "USD", "pii": True})
    assert (said["x-unit"], said["x-pii"]) == ("USD", True)
