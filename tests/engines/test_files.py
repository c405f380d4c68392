from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from mesh_orchestration.engines.base import Files, Format
from mesh_orchestration.engines.columns import Column
from mesh_orchestration.engines.files import fits, offered_types, select_sql


def read(path: Path, kind: Format, **types: str) -> list[tuple[Any, ...]]:
    columns = [Column.parse(name, text) for name, text in types.items()]
    with duckdb.connect() as connection:
        return connection.execute(select_sql(Files((path,), kind), columns)).fetchall()


def written(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_csv_values_are_read_as_declared(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", 'id,price,note,spare\n7,1.50,"a, b",x\n8,,"",y\n9,2,,z\n')
    assert read(path, "csv", note="string", id="long", price="decimal(12,2)") == [
        ("a, b", 7, Decimal("1.50")),
        ("", 8, None),
        (None, 9, Decimal("2.00")),
    ]


@pytest.mark.parametrize(
    ("kind", "value"),
    [("long", "1.5"), ("integer", "x"), ("long", "1e3"), ("decimal(12,2)", "1.005"), ("date", "2026-13-01"),
     ("timestamptz", "yesterday"), ("boolean", "maybe")],
)  # fmt: skip
def test_a_text_value_that_would_be_rounded_or_lost_fails_by_name(tmp_path: Path, kind: str, value: str) -> None:
    path = written(tmp_path / "a.csv", f"id\n{value}\n")
    with pytest.raises(duckdb.Error, match=rf"column id: found {value}, expected {kind.replace('(', '.')[:7]}"):
        read(path, "csv", id=kind)


def test_json_lines_are_read_as_declared(tmp_path: Path) -> None:
    path = written(tmp_path / "a.json", '{"id": 7, "tags": ["a", "b"], "at": "2026-01-02T03:04:05Z"}\n{"id": null}\n')
    rows = read(path, "json", id="long", tags="array<string>", at="timestamp")
    assert [row[:2] for row in rows] == [(7, ["a", "b"]), (None, None)]


def test_a_json_number_with_a_fraction_is_no_long(tmp_path: Path) -> None:
    with pytest.raises(duckdb.Error, match=r"column id: found 1\.5, expected long"):
        read(written(tmp_path / "a.json", '{"id": 1.5}\n'), "json", id="long")


def test_empty_json_lines_are_no_rows(tmp_path: Path) -> None:
    path = written(tmp_path / "a.json", "")
    with duckdb.connect() as connection:
        assert offered_types(connection, Files((path,), "json")) is None
    assert read(path, "json", id="long") == []


@pytest.mark.parametrize(
    ("found", "declared", "fine"),
    [("INTEGER", "long", True), ("BIGINT", "integer", False), ("FLOAT", "double", True), ("DOUBLE", "float", False),
     ("TIMESTAMPTZ_NS", "timestamptz", True),
     ("TIMESTAMP_NS", "timestamp", True), ("TIMESTAMP WITH TIME ZONE", "timestamp", False),
     ("TIMESTAMP", "timestamptz", False), ("DECIMAL(10,2)", "decimal(12,2)", True),
     ("DECIMAL(12,4)", "decimal(12,2)", False), ("DECIMAL(12,0)", "decimal(12,2)", False),
     ("ENUM('a')", "string", True), ("VARCHAR", "long", False), ("VARCHAR[]", "array<string>", True)],
)  # fmt: skip
def test_a_column_lands_only_without_loss(found: str, declared: str, fine: bool) -> None:
    assert fits(found, Column.parse("x", declared)) is fine
