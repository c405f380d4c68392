"""One value, several spellings: shares as percentages, dates and times as text, lengths of time as number and unit."""

from __future__ import annotations

import re
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from mesh_orchestration.contract.types import ALIASES

_MOMENT = re.compile(r"^\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d:\d\d(?:\.\d{1,6})?(?:Z|[+-]\d\d:\d\d)?)?$")


def percentage(share: float) -> str | None:
    """``99.5`` for 0.995; None when no decimal number of percent is exactly this share."""
    text = format((Decimal(str(share)) * 100).normalize(), "f")
    return text if len(text) < 20 and float(Decimal(text) / 100) == share else None


def as_moment(value: Any, type_: str) -> Any:
    """A full date or time in text, of a column of type ``type_``, as the date or time that YAML reads in it."""
    if (
        ALIASES.get(type_.lower(), type_.lower()) not in {"date", "timestamp"}
        or not isinstance(value, str)
        or not _MOMENT.match(value)
    ):
        return value
    try:
        return date.fromisoformat(value) if len(value) == 10 else datetime.fromisoformat(value)
    except ValueError:
        return value


def as_text(value: Any) -> Any:
    """``value`` with its dates and times as ISO text, so that JSON can hold it; tuples become lists."""
    if isinstance(value, dict):
        return {str(key): as_text(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [as_text(item) for item in value]
    return value.isoformat() if isinstance(value, date | time) else value
