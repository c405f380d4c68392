"""Made-up rows that keep a contract: they stand in for a source where there is none."""

from __future__ import annotations

import csv
import io
import json
import tempfile
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

from mesh_orchestration.contract.model import SchemaField

ROWS = 5
_DAY = date(2026, 1, 1)


def values(field: SchemaField, count: int = ROWS) -> list[Any]:
    """``count`` values of the field, different from each other as far as its constraints allow."""
    said = field.constraints
    if said.enum:
        return [said.enum[number % len(said.enum)] for number in range(count)]
    return [_within(_value(field, number), field) for number in range(count)]


def rows(columns: Mapping[str, SchemaField], count: int = ROWS) -> list[dict[str, Any]]:
    """``count`` rows; ``columns`` maps each column of the source to the field it becomes."""
    made = {name: values(field, count) for name, field in columns.items()}
    return [{name: made[name][number] for name in columns} for number in range(count)]


def as_csv(made: Sequence[Mapping[str, Any]]) -> bytes:
    """The rows as a CSV file with a header."""
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(made[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: _spelled(value) for name, value in row.items()} for row in made)
    return text.getvalue().encode()


def as_json_lines(made: Sequence[Mapping[str, Any]]) -> bytes:
    """The rows as one JSON object a line."""
    return "".join(f"{json.dumps({k: _plain(v) for k, v in row.items()})}\n" for row in made).encode()


def as_parquet(made: Sequence[Mapping[str, Any]], columns: Mapping[str, SchemaField]) -> bytes:
    """The rows as a Parquet file with the columns' types."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    from mesh_orchestration.engines.columns import Column, arrow_type

    types = {name: arrow_type(Column.of(field)) for name, field in columns.items()}
    arrays = {
        name: pa.array([_storable(row[name]) for row in made], type=pa.binary(16) if kind == pa.uuid() else kind)
        for name, kind in types.items()
    }
    with tempfile.TemporaryDirectory(prefix="mesh-sample-") as folder:
        path = Path(folder) / "sample.parquet"
        pq.write_table(pa.table({name: array.cast(types[name]) for name, array in arrays.items()}), path)
        return path.read_bytes()


def _value(field: SchemaField, number: int) -> Any:
    kind, said = field.logical_type, field.constraints
    start = said.min if isinstance(said.min, int | float) and not isinstance(said.min, bool) else 1
    if kind.name == "decimal":
        return (Decimal(str(start)) + number).quantize(Decimal(1).scaleb(-kind.scale))
    if kind.name == "timestamp":
        return datetime(2026, 1, 1, 12, tzinfo=UTC if field.is_instant else None) + timedelta(hours=number)
    if kind.name == "string":
        return _text(field, number)
    make: dict[str, Callable[[], Any]] = {
        "integer": lambda: int(start) + number,
        "long": lambda: int(start) + number,
        "float": lambda: float(start) + number,
        "double": lambda: float(start) + number,
        "boolean": lambda: number % 2 == 0,
        "date": lambda: _DAY + timedelta(days=number),
        "time": lambda: time(12, number),
        "binary": lambda: bytes([number]),
        "uuid": lambda: UUID(int=number + 1),
        "array": list,
    }
    return make[kind.name]()


def _text(field: SchemaField, number: int) -> str:
    low, high = field.constraints.min_length or 0, field.constraints.max_length
    text = f"{field.name} {number + 1}".ljust(low, "x")
    if high is None or len(text) <= high:
        return text
    return str(number + 1).rjust(max(low, 1), "0")[-high:] if high else ""


def _within(value: Any, field: SchemaField) -> Any:
    high = field.constraints.max
    is_number = isinstance(value, int | float | Decimal) and isinstance(high, int | float)
    return high if is_number and not isinstance(value, bool) and value > high else value


def _storable(value: Any) -> Any:
    return value.bytes if isinstance(value, UUID) else value


def _spelled(value: Any) -> Any:
    if isinstance(value, bool):
        return str(value).lower()
    return value.isoformat() if isinstance(value, date | datetime | time) else value


def _plain(value: Any) -> Any:
    value = _spelled(value) if not isinstance(value, bool) else value
    return value if value is None or isinstance(value, bool | int | float | str | list) else str(value)
