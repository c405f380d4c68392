"""The logical types of a contract, in one table; every target maps from these words.

``string, integer (32 bit), long (64 bit), float, double, decimal(p,s), boolean, date, time,
timestamp, binary, uuid, array<T>`` plus common aliases.
A ``timestamp`` field with the constraint ``timezone: UTC`` is an instant (Iceberg ``timestamptz``);
without it a local date and time (Iceberg ``timestamp``). Both have microseconds.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from mesh_orchestration.contract.wording import suggestion

ALIASES = {
    "int": "integer", "int32": "integer", "smallint": "integer",
    "bigint": "long", "int64": "long",
    "str": "string", "text": "string", "varchar": "string",
    "bool": "boolean",
    "real": "float", "float32": "float", "float64": "double", "number": "double",
    "timestamptz": "timestamp", "datetime": "timestamp",
    "bytes": "binary",
    "numeric": "decimal",
}  # fmt: skip
SCALARS = (
    "string", "integer", "long", "float", "double", "decimal", "boolean",
    "date", "time", "timestamp", "binary", "uuid",
)  # fmt: skip
MAX_NESTING = 8
"""Lists within lists; engines and formats differ in how many more they bear."""
NUMERIC = frozenset({"integer", "long", "float", "double", "decimal"})
_DECIMAL = re.compile(r"^(?:decimal|numeric)\(\s*(\d+)\s*,\s*(\d+)\s*\)$")
ARRAY = re.compile(r"^array<(.+)>$")


@dataclass(frozen=True)
class LogicalType:
    """A parsed type; ``precision`` and ``scale`` belong to decimals, ``item`` to arrays."""

    name: str
    precision: int = 38
    scale: int = 9
    item: LogicalType | None = None

    def __str__(self) -> str:
        if self.name == "decimal":
            return f"decimal({self.precision},{self.scale})"
        return f"array<{self.item}>" if self.item else self.name

    @property
    def is_numeric(self) -> bool:
        return self.name in NUMERIC


def parse_type(text: str) -> LogicalType:
    """The logical type written as ``text``; raises ValueError with the nearest valid word."""
    word = str(text).strip().lower()
    if match := _DECIMAL.match(word):
        precision, scale = int(match[1]), int(match[2])
        if not 1 <= precision <= 38 or scale > precision:
            raise ValueError(f"'{text}' needs 1 <= precision <= 38 and scale <= precision")
        return LogicalType("decimal", precision, scale)
    if word.count("<") > MAX_NESTING:
        raise ValueError(f"'{word[:20]}…' nests lists deeper than {MAX_NESTING} levels")
    if match := ARRAY.match(word):
        return LogicalType("array", item=parse_type(match[1]))
    word = ALIASES.get(word, word)
    if word in SCALARS:
        return LogicalType(word)
    known = (*SCALARS, *ALIASES, "decimal(18,2)", "array<string>")
    raise ValueError(f"'{text}' is not a type{suggestion(word, known)}")
