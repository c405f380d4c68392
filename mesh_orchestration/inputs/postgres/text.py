"""Values as PostgreSQL writes them (ISO dates, UTC, hex bytes) as Arrow arrays of the declared types."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import time
from typing import TYPE_CHECKING, Any

from mesh_orchestration.contract.types import LogicalType
from mesh_orchestration.engines.columns import Column, arrow_type

if TYPE_CHECKING:
    import pyarrow as pa

FITTING = {
    "integer": ("smallint", "integer"),
    "long": ("smallint", "integer", "bigint"),
    "float": ("real",),
    "double": ("real", "double precision"),
    "decimal": ("numeric", "smallint", "integer", "bigint"),
    "boolean": ("boolean",),
    "date": ("date",),
    "time": ("time",),
    "timestamp": ("timestamp",),
    "timestamptz": ("timestamp with time zone",),
    "binary": ("bytea",),
    "uuid": ("uuid",),
}
"""The source types that each declared type can hold without losing a value; ``string`` holds any as text."""
_ALSO = {"time without time zone": "time", "timestamp without time zone": "timestamp"}
_DERIVED = {"smallint": "integer", "bigint": "long", "real": "float", "double precision": "double",
            "timestamp with time zone": "timestamptz", "bytea": "binary", "numeric": "decimal"}  # fmt: skip


def fits(found: str, column: Column) -> bool:
    """Whether a source column of type ``found`` (as ``format_type`` spells it) can land as ``column``.

    The digits of a numeric are held against each value, not here.
    """
    if column.type.item:
        return found.endswith("[]") and fits(found[:-2], Column(column.name, column.type.item))
    plain = _plain(found)
    return column.type.name == "string" or plain in FITTING["timestamptz" if column.instant else column.type.name]


def derived(found: str) -> str:
    """The type that a contract would declare for a source column; text for what has no word of its own."""
    plain = _plain(found)
    if found.endswith("[]"):
        return f"array<{derived(found[:-2])}>"
    if plain == "numeric" and "(" in found:
        digits = found[found.index("(") + 1 : -1].split(",")
        return f"decimal({digits[0]},{digits[1]})" if 0 <= int(digits[1]) <= int(digits[0]) <= 38 else "string"
    known = {word for words in FITTING.values() for word in words}
    return _DERIVED.get(plain, plain) if plain in known else "string"


def _plain(found: str) -> str:
    """``numeric(12,2)`` as ``numeric``, ``timestamp(3) with time zone`` as ``timestamp with time zone``."""
    if "(" in found:
        found = found[: found.index("(")] + found[found.index(")") + 1 :]
    return _ALSO.get(found, found)


def array(column: Column, values: Sequence[str | None]) -> pa.Array:
    """The values as an Arrow array of the column's type; ValueError names column, value and type."""
    import pyarrow as pa

    try:
        return _array(column.type, values, instant=column.instant)
    except (pa.ArrowException, ValueError) as error:
        culprit = _culprit(column, values)
        raise ValueError(f"column {column.name}: found {culprit!r}, expected {column.word}") from error


def _culprit(column: Column, values: Sequence[str | None]) -> str | None:
    import pyarrow as pa

    for value in values:
        try:
            _array(column.type, [value], instant=column.instant)
        except (pa.ArrowException, ValueError):
            return value
    return None


def _array(kind: LogicalType, values: Sequence[str | None], *, instant: bool = False) -> pa.Array:
    import pyarrow as pa

    if kind.item:
        return _lists(kind.item, values)
    if kind.name in _READ:
        return pa.array(
            [None if value is None else _READ[kind.name](value) for value in values], arrow_type(Column("", kind))
        )
    text = pa.array(values, pa.string())
    # UUIDs stay text: both engines cast it.
    return text if kind.name in ("string", "uuid") else text.cast(arrow_type(Column("", kind, instant)))


def _lists(item: LogicalType, values: Sequence[str | None]) -> pa.Array:
    import pyarrow as pa
    from psycopg2.extensions import UNICODEARRAY

    lists: list[list[str | None] | None] = [None if value is None else UNICODEARRAY(value, None) for value in values]
    if any(isinstance(part, list) for one in lists for part in one or ()):
        raise ValueError("an array of arrays")
    flat = _array(item, [part for one in lists for part in one or ()])
    ends = [0]
    for one in lists:
        ends.append(ends[-1] + len(one or ()))
    missing = pa.array([one is None for one in lists], pa.bool_())
    return pa.ListArray.from_arrays(
        pa.array(ends, pa.int32()), flat, type=pa.list_(pa.field("element", flat.type)), mask=missing
    )


def _boolean(text: str) -> bool:
    if text not in ("t", "f"):
        raise ValueError("a boolean is expected as t or f")
    return text == "t"


def _bytes(text: str) -> bytes:
    if not text.startswith("\\x"):
        raise ValueError("bytes are expected as hex")
    return bytes.fromhex(text[2:])


_READ: dict[str, Callable[[str], Any]] = {"boolean": _boolean, "binary": _bytes, "time": time.fromisoformat}
