"""Random pairs of versions of one product, and rows that keep the older one."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from mesh_orchestration.contract.evolution.promotion import column_type
from mesh_orchestration.contract.model import DataProduct, SchemaField
from tests.builders import contract

NAMES = ("a", "b", "c", "d", "e", "f")
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "string": st.sampled_from(["", "x", "é"]),
    "integer": st.integers(-(2**31), 2**31 - 1),
    "long": st.integers(-(2**63), 2**63 - 1),
    "float": st.floats(width=32, allow_nan=False, allow_infinity=False),
    "double": st.floats(allow_nan=False, allow_infinity=False),
    "boolean": st.booleans(),
    "date": st.dates(date(1970, 1, 1), date(2100, 1, 1)),
    "timestamp": st.datetimes(datetime(1970, 1, 1), datetime(2100, 1, 1)),  # noqa: DTZ001 # a local time is meant
    "timestamptz": st.datetimes(datetime(1970, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    "decimal(9,2)": st.integers(-(10**9) + 1, 10**9 - 1).map(lambda cents: Decimal(cents).scaleb(-2)),
    "decimal(12,2)": st.integers(-(10**12) + 1, 10**12 - 1).map(lambda cents: Decimal(cents).scaleb(-2)),
    "array<integer>": st.lists(st.none() | st.integers(-9, 9), max_size=3),
    "array<long>": st.lists(st.none() | st.integers(-(2**40), 2**40), max_size=3),
}
TYPES = tuple(VALUES)
_EDITS = ("add", "remove", "rename", "retype", "null", "words", "widen", "swap")
_WIDER = {"integer": "long", "float": "double", "decimal(9,2)": "decimal(12,2)", "array<integer>": "array<long>"}


def _field(draw: st.DrawFn, name: str) -> dict[str, Any]:
    return {"name": name, "type": draw(st.sampled_from(TYPES)), "constraints": {"null": draw(st.booleans())}}


def _edit(draw: st.DrawFn, fields: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The fields after one edit; the same ones where it makes no sense."""
    place = draw(st.integers(0, len(fields) - 1))
    one, free = dict(fields[place]), [name for name in NAMES if name not in {field["name"] for field in fields}]
    match draw(st.sampled_from(_EDITS)):
        case "add" if free:
            return [*fields[:place], _field(draw, draw(st.sampled_from(free))), *fields[place:]]
        case "remove" if len(fields) > 1:
            return [*fields[:place], *fields[place + 1 :]]
        case "rename" if free:
            one |= {"name": draw(st.sampled_from(free)), "aliases": [one["name"]]}
        case "retype":
            one["type"] = draw(st.sampled_from(TYPES))
        case "widen":
            one["type"] = _WIDER.get(one["type"], one["type"])
        case "null":
            one["constraints"] = {"null": not one["constraints"]["null"]}
        case "words":
            one["description"] = draw(st.sampled_from(["", "Something.", "Something else."]))
        case "swap":
            return [*fields[place:], *fields[:place]]
    return [*fields[:place], one, *fields[place + 1 :]]


def _product(fields: list[dict[str, Any]], version: str, format_: str, mode: str) -> DataProduct:
    data = contract(version=version)
    data["spec"]["schema"] = {"type": format_, "compatibility": mode, "fields": fields}
    return DataProduct.model_validate(data)


@st.composite
def histories(draw: st.DrawFn, *, format_: str, mode: str = "backward", versions: int = 2) -> tuple[DataProduct, ...]:
    """Versions 1.0.0, 1.1.0 … of a product, each a few edits after the one before."""
    names = draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=4, unique=True))
    fields = [_field(draw, name) for name in names]
    found = [_product(fields, "1.0.0", format_, mode)]
    for number in range(1, versions):
        for _ in range(draw(st.integers(0, 3))):
            fields = _edit(draw, fields)
        found.append(_product(fields, f"1.{number}.0", format_, mode))
    return tuple(found)


def rows(product: DataProduct) -> st.SearchStrategy[list[dict[str, Any]]]:
    """Up to three rows that keep the contract's types and nulls."""
    return st.lists(st.fixed_dictionaries({field.name: _value(field) for field in product.fields}), max_size=3)


def _value(field: SchemaField) -> st.SearchStrategy[Any]:
    values = VALUES[column_type(field)]
    return st.none() | values if field.nullable else values
