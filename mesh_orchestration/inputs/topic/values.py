"""What a message says (JSON or Avro) as values of the declared types; nothing is rounded, cut or guessed."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, time
from decimal import Context, Decimal, InvalidOperation
from io import BytesIO
from typing import TYPE_CHECKING, Any
from uuid import UUID

from mesh_orchestration.contract.types import LogicalType
from mesh_orchestration.engines.columns import Column, arrow_type

if TYPE_CHECKING:
    import pyarrow as pa

Decoder = Callable[[bytes], Mapping[str, Any]]
_BITS = {"integer": 31, "long": 63}
_ENOUGH = Context(prec=100)  # digits; the default of 28 is less than a decimal may have
_CONFLUENT = 5  # bytes: a zero and the schema's number in a registry


def json_decoder() -> Decoder:
    """Reads one JSON object; ValueError on anything else. Numbers keep their digits."""

    def decode(value: bytes) -> Mapping[str, Any]:
        try:
            found = json.loads(value, parse_float=Decimal, parse_constant=_no_number)
        except (ValueError, RecursionError) as error:
            raise ValueError(f"is not JSON: {error}") from error
        if not isinstance(found, dict):
            raise ValueError(f"is JSON of {type(found).__name__}, expected an object")
        return found

    return decode


def _no_number(word: str) -> Any:
    raise ValueError(f"{word} is not a JSON number")


def avro_decoder(schema: Any) -> Decoder:
    """Reads one Avro record of the schema (parsed JSON), plain or in a registry's frame; ValueError on others."""
    import fastavro

    parsed = fastavro.parse_schema(schema)

    def exactly(value: bytes) -> Mapping[str, Any]:
        stream = BytesIO(value)
        found: Any = fastavro.schemaless_reader(stream, parsed, None)
        if stream.tell() != len(value):
            raise ValueError(f"{len(value) - stream.tell()} bytes are left over")
        return dict(found)

    def decode(value: bytes) -> Mapping[str, Any]:
        framed = len(value) > _CONFLUENT and value[0] == 0
        for part in (value[_CONFLUENT:], value) if framed else (value,):
            try:
                return exactly(part)
            except Exception as error:  # fastavro raises whatever the bytes lead it to
                problem = error
        raise ValueError(f"is not Avro of the port's schema: {type(problem).__name__}: {problem}") from problem

    return decode


def row(columns: Sequence[Column], said: Mapping[str, Any]) -> tuple[Any, ...]:
    """The values of a message's columns; ValueError names the column that is missing or of another type."""
    missing = [column.name for column in columns if column.name not in said]
    if missing:
        raise ValueError(f"has no {', '.join(missing)}")
    return tuple(_value(column, said[column.name]) for column in columns)


def key_of(columns: Sequence[Column], key: bytes | None) -> tuple[Any, ...]:
    """The key columns from a tombstone's key: a JSON object, or the value itself when it is one column."""
    if key is None:
        raise ValueError("is a tombstone without a key")
    try:
        text = key.decode()
        said = json.loads(text, parse_float=Decimal) if text[:1] in ("{", '"') else text
    except ValueError as error:
        raise ValueError(f"is a tombstone whose key is neither text nor JSON: {error}") from error
    if isinstance(said, dict):
        return row(columns, said)
    if len(columns) > 1:
        names = ", ".join(column.name for column in columns)
        raise ValueError(f"is a tombstone whose key is {text!r}, expected a JSON object of {names}")
    if columns[0].type.name in _BITS:
        said = _whole(said)
    return (_value(columns[0], said),)


def _whole(text: str) -> Any:
    try:
        return int(text)
    except ValueError:
        return text


def _value(column: Column, value: Any) -> Any:
    try:
        return None if value is None else _READ[_word(column.type)](column.type, value, column.instant)
    except (ValueError, TypeError, InvalidOperation, OverflowError) as error:
        shown = repr(value) if len(repr(value)) <= 60 else f"{repr(value)[:60]}…"
        hint = f" ({error})" if isinstance(error, _Hint) else ""
        raise ValueError(f"column {column.name}: found {shown}, expected {column.word}{hint}") from error


class _Hint(ValueError):
    """What a value should look like."""


def _word(kind: LogicalType) -> str:
    return "array" if kind.item else kind.name


def _exactly(kind: type) -> Callable[[LogicalType, Any, bool], Any]:
    def read(_kind: LogicalType, value: Any, _instant: bool) -> Any:
        if not isinstance(value, kind):
            raise TypeError
        return value

    return read


def _integer(kind: LogicalType, value: Any, _instant: bool) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError
    number: int = value
    if not -(1 << _BITS[kind.name]) <= number < 1 << _BITS[kind.name]:
        raise OverflowError
    return number


def _float(_kind: LogicalType, value: Any, _instant: bool) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise TypeError
    return float(value)


def _decimal(kind: LogicalType, value: Any, _instant: bool) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | str | Decimal):
        raise TypeError
    number = Decimal(value)
    if not number.is_finite():
        raise ValueError
    exact = number.quantize(Decimal(1).scaleb(-kind.scale), context=_ENOUGH)
    if exact != number:
        raise ValueError
    if exact.copy_abs() >= Decimal(10) ** (kind.precision - kind.scale):
        raise OverflowError
    return exact


def _date(_kind: LogicalType, value: Any, _instant: bool) -> date:
    if isinstance(value, datetime):
        raise TypeError
    return value if isinstance(value, date) else date.fromisoformat(value)


def _time(_kind: LogicalType, value: Any, _instant: bool) -> time:
    found = value if isinstance(value, time) else time.fromisoformat(value)
    if found.tzinfo:
        raise _Hint("without a zone")
    return found


def _timestamp(_kind: LogicalType, value: Any, instant: bool) -> datetime:
    if not isinstance(value, datetime | str):
        raise _Hint("as ISO 8601 text, e.g. 2026-01-31T12:00:00Z")
    found = value if isinstance(value, datetime) else datetime.fromisoformat(value)
    if instant and not found.tzinfo:
        raise _Hint("with a zone, e.g. 2026-01-31T12:00:00Z")
    if found.tzinfo and not instant:
        raise _Hint("without a zone; declare timestamptz for points in time")
    return found


def _binary(_kind: LogicalType, value: Any, _instant: bool) -> bytes:
    return value if isinstance(value, bytes) else base64.b64decode(value, validate=True)


def _uuid(_kind: LogicalType, value: Any, _instant: bool) -> str:
    return str(value if isinstance(value, UUID) else UUID(value))


def _array(kind: LogicalType, value: Any, _instant: bool) -> list[Any]:
    if not isinstance(value, list) or kind.item is None:
        raise TypeError
    item = kind.item
    return [None if one is None else _READ[_word(item)](item, one, False) for one in value]


_READ: dict[str, Callable[[LogicalType, Any, bool], Any]] = {
    "string": _exactly(str), "boolean": _exactly(bool), "integer": _integer, "long": _integer, "float": _float,
    "double": _float, "decimal": _decimal, "date": _date, "time": _time, "timestamp": _timestamp, "binary": _binary,
    "uuid": _uuid, "array": _array,
}  # fmt: skip


def array(column: Column, values: Sequence[Any]) -> pa.Array:
    """Values that ``row`` gave as an Arrow array; UUIDs stay text, which both engines cast."""
    import pyarrow as pa

    if column.type.name == "uuid":
        return pa.array(values, pa.string())
    if column.type.item and column.type.item.name == "uuid":
        return pa.array(values, pa.list_(pa.string()))
    return pa.array(values, arrow_type(column))
