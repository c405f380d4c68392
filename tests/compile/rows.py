"""Any column of any type with a value that the contract allows, for the schemas of rows."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from mesh_orchestration.contract.model import SchemaField
from mesh_orchestration.contract.types import LogicalType

TYPES = (
    *("string", "integer", "long", "float", "double", "decimal", "decimal(12,2)", "decimal(5,5)", "decimal(4,0)"),
    *("boolean", "date", "time", "timestamp", "timestamptz", "binary", "uuid"),
    *("array<string>", "array<decimal(12,2)>", "array<array<timestamp>>", "array<uuid>", "array<binary>"),
)
_LEAST, _MOST = dt.datetime.fromisoformat("1900-01-02"), dt.datetime.fromisoformat("2200-01-01")


def value(kind: LogicalType, *, instant: bool = False) -> st.SearchStrategy[Any]:
    """A value of the type as Python holds it: instants are aware and in UTC."""
    if kind.item:
        return st.lists(st.none() | value(kind.item), max_size=3)
    if kind.name == "decimal":
        digits = 10**kind.precision - 1
        return st.integers(-digits, digits).map(lambda number: Decimal(f"{number}e-{kind.scale}"))
    zone = st.just(dt.UTC) if instant else st.none()
    return {
        "string": st.text(max_size=12),
        "integer": st.integers(-(2**31), 2**31 - 1),
        "long": st.integers(-(2**63), 2**63 - 1),
        "float": st.floats(width=32, allow_nan=False, allow_infinity=False),
        "double": st.floats(allow_nan=False, allow_infinity=False),
        "boolean": st.booleans(),
        "date": st.dates(),
        "time": st.times(),
        "timestamp": st.datetimes(_LEAST, _MOST, timezones=zone),
        "binary": st.binary(max_size=8),
        "uuid": st.uuids(),
    }[kind.name]


def cell(field: SchemaField) -> st.SearchStrategy[Any]:
    """A value of the column, or null where it may be null."""
    some = value(field.logical_type, instant=field.is_instant)
    return some | st.none() if field.nullable else some


columns = st.lists(st.tuples(st.sampled_from(TYPES), st.booleans()), min_size=1, max_size=6).map(
    lambda said: {
        f"c{place}": {"type": kind, "constraints": {"null": nullable}} for place, (kind, nullable) in enumerate(said)
    }
)
"""The fields of a contract: any types, nullable or not."""
every_type = {f"c{place}": {"type": kind} for place, kind in enumerate(TYPES)}
"""The fields of a contract that has each type once."""


@st.composite
def row(draw: st.DrawFn, fields: tuple[SchemaField, ...]) -> dict[str, Any]:
    """A row with a value for each of ``fields``."""
    return {field.name: draw(cell(field)) for field in fields}
