"""Values and durations of two versions in a form in which they can be compared."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from mesh_orchestration.contract.duration import parse_duration, resolve_relative
from mesh_orchestration.contract.literals import literal
from mesh_orchestration.contract.types import LogicalType
from mesh_orchestration.expectations.arguments import is_relative

_NOW = datetime(2000, 1, 1)  # noqa: DTZ001 # only differences to it are looked at


def comparable(value: Any, type_: LogicalType | None) -> Any:
    """``value`` as ``type_`` reads it; a time relative to the check as its distance from it.

    So two times compare when both are relative or neither is; what no type can read stays as written.
    """
    if is_relative(value) and (type_ is None or type_.name in {"date", "timestamp"}):
        try:
            moment = resolve_relative(value, _NOW)
        except ValueError:
            return value
        return moment - _NOW if isinstance(moment, datetime) else value
    if type_ is None:
        return value
    try:
        return literal(value, type_)
    except ValueError:
        return str(value)


def length(text: str | None) -> timedelta | None:
    """A duration of a contract as a length of time."""
    return None if text is None else parse_duration(text)
