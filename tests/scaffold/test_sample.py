"""Made-up rows keep the constraints they were made for."""

from __future__ import annotations

import re
from typing import Any

import pytest

from mesh_orchestration.contract.model import SchemaField
from mesh_orchestration.scaffold import sample


def field(kind: str, **constraints: Any) -> SchemaField:
    return SchemaField(name="x", type=kind, constraints=constraints)


@pytest.mark.parametrize(
    ("kind", "constraints"),
    [
        ("long", {"min": 100}),
        ("integer", {"min": 1, "max": 3}),
        ("decimal(6,2)", {"min": 0.5}),
        ("double", {"min": 0}),
        ("string", {"min_length": 12}),
        ("string", {"max_length": 3}),
        ("string", {"min_length": 2, "max_length": 2}),
        ("string", {"enum": ["a", "b"]}),
    ],
)
def test_values_keep_bounds_lengths_and_sets(kind: str, constraints: dict[str, Any]) -> None:
    for value in sample.values(field(kind, **constraints)):
        size = len(value) if isinstance(value, str) else 0
        assert constraints.get("min_length", 0) <= size <= constraints.get("max_length", 99)
        if "enum" in constraints:
            assert value in constraints["enum"]
        if kind != "string":
            assert constraints.get("min", value) <= value <= constraints.get("max", value)


@pytest.mark.parametrize(
    "kind", ["long", "integer", "double", "decimal(9,2)", "string", "date", "time", "timestamp", "uuid", "binary"]
)
def test_values_tell_rows_apart(kind: str) -> None:
    assert len(set(sample.values(field(kind)))) == sample.ROWS


def test_rows_are_written_as_csv_and_as_json_lines() -> None:
    columns = {"id": field("long"), "at": field("timestamptz"), "ok": field("boolean")}
    made = sample.rows(columns, 2)
    assert sample.as_csv(made).decode().splitlines()[:2] == ["id,at,ok", "1,2026-01-01T12:00:00+00:00,true"]
    assert re.match(rb'\{"id": 1, "at": "2026-01-01T12:00:00\+00:00", "ok": true\}\n', sample.as_json_lines(made))
