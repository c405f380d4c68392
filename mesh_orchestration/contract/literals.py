"""Values that a contract writes for a field (bounds, enumerations) as values of the field's type."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

from mesh_orchestration.contract.duration import resolve_relative
from mesh_orchestration.contract.types import LogicalType
from mesh_orchestration.contract.wording import found
from mesh_orchestration.expectations.arguments import is_relative
from mesh_orchestration.moments import in_utc

ORDERED = frozenset({"integer", "long", "float", "double", "decimal", "string", "date", "time", "timestamp"})
"""Types that have a smallest and a largest value."""
LISTABLE = ORDERED | {"boolean", "uuid"}
"""Types whose values a contract can write down."""
_NOW = datetime(2000, 1, 1, tzinfo=UTC)


def literal(value: Any, type_: LogicalType) -> Any:
    """``value`` as a comparable value of ``type_``; raises ValueError when it is none.

    Timestamps without a zone are read as UTC; relative times are taken from one fixed moment, so
    that they compare with each other only.
    """
    try:
        return _convert(value, type_)
    except (ValueError, TypeError, InvalidOperation):
        example = _EXAMPLES.get(type_.name, f"a value of type {type_}")
        hint = "; YAML reads bare yes, no, on and off as yes/no values, put words in quotes"
        said = hint if isinstance(value, bool) and type_.name == "string" else ""
        raise ValueError(f"found {found(value)}, expected {example} because the field is {type_}{said}") from None


_EXAMPLES = {
    "string": "text in quotes",
    "integer": "a whole number",
    "long": "a whole number",
    "float": "a number",
    "double": "a number",
    "decimal": "a number",
    "boolean": "true or false",
    "date": "a date such as 2026-12-31 or 'now - 2d'",
    "time": "a time in quotes such as '12:30:00'",
    "timestamp": "a time such as 2026-12-31T00:00:00Z or 'now - 2h'",
    "uuid": "a UUID in quotes",
}


def _convert(value: Any, type_: LogicalType) -> Any:
    match type_.name:
        case "string" if isinstance(value, str):
            return value
        case "integer" | "long" if isinstance(value, int) and not isinstance(value, bool):
            return value
        case "float" | "double" if isinstance(value, int | float) and not isinstance(value, bool):
            return value
        case "decimal" if isinstance(value, int | float | str) and not isinstance(value, bool):
            return Decimal(str(value))
        case "boolean" if isinstance(value, bool):
            return value
        case "date" | "timestamp":
            return _moment(value)
        case "time" if isinstance(value, str):
            return time.fromisoformat(value)
        case "uuid" if isinstance(value, str):
            return UUID(value)
    raise ValueError


def _moment(value: Any) -> datetime:
    if is_relative(value):
        resolved = resolve_relative(value, _NOW)
        if not isinstance(resolved, datetime):
            raise ValueError
        return resolved
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    if isinstance(value, datetime):
        return in_utc(value)
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day, tzinfo=UTC)
    raise ValueError
