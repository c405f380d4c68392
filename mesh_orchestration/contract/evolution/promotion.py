"""Which type a column may become while what was written under the old one stays readable.

Types are words as a contract says them, ``timestamptz`` for an instant (``column_type``).
"""

from __future__ import annotations

import re

from mesh_orchestration.contract.model import SchemaField
from mesh_orchestration.contract.types import ARRAY

_DECIMAL = re.compile(r"^decimal\((\d+),(\d+)\)$")
_TABLE = frozenset({("integer", "long"), ("float", "double")})
_AVRO = _TABLE | {
    ("integer", "float"), ("integer", "double"), ("long", "float"), ("long", "double"),
    ("string", "binary"), ("binary", "string"),
}  # fmt: skip


def column_type(field: SchemaField) -> str:
    """The type of a field in one spelling: ``integer``, ``decimal(12,2)``, ``array<string>``, ``timestamptz``."""
    return "timestamptz" if field.is_instant else str(field.logical_type)


def widens(old: str, new: str) -> bool:
    """Whether a table reads files of type ``old`` as ``new``; a type becomes itself.

    Apache Iceberg's specification, section "Schema Evolution", format version 2: int to long, float to
    double, decimal(P,S) to decimal(P',S) with P' above P; elements of a list likewise.
    """
    if (before := ARRAY.match(old)) and (after := ARRAY.match(new)):
        return widens(before[1], after[1])
    if (before := _DECIMAL.match(old)) and (after := _DECIMAL.match(new)):
        return before[2] == after[2] and int(before[1]) <= int(after[1])
    return old == new or (old, new) in _TABLE


def resolves(writer: str, reader: str) -> bool:
    """Whether a reader of Avro type ``reader`` reads what was written as ``writer``.

    Apache Avro's specification 1.12, section "Schema Resolution": int is promoted to long, float or
    double, long to float or double, float to double, string and bytes to each other; items of an array
    likewise. Decimals match when scale and precision do (section "Decimal"). Of other logical types,
    only equal ones count as readable, because the same bytes would mean something else.
    """
    if (before := ARRAY.match(writer)) and (after := ARRAY.match(reader)):
        return resolves(before[1], after[1])
    return writer == reader or (writer, reader) in _AVRO
