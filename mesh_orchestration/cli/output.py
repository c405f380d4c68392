"""How the commands print: ages, counts and JSON."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import orjson

from mesh_orchestration.contract.address import Address

if TYPE_CHECKING:
    from rich.text import Text


def plain(value: Any) -> Any:
    """``value`` as JSON can hold it: addresses and times as text, decimals as text, bytes as hex."""
    if isinstance(value, Address):
        return str(value)
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item) for item in value]
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.hex()
    if value is None or isinstance(value, bool | int | float | str):
        return value
    return str(value)


def literal(value: Any) -> Text:
    """``value`` as a cell of a table, letter for letter: rich takes ``[a-z]`` in a text for markup. None is empty."""
    from rich.text import Text

    return Text("" if value is None else str(value))


def print_json(value: Any) -> None:
    """Write ``value`` to standard output as indented JSON."""
    sys.stdout.write(orjson.dumps(plain(value), option=orjson.OPT_INDENT_2).decode() + "\n")
