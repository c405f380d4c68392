"""The types of columns as the audit sees them: one kind each, and every name the type goes by."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Literal

from mesh_orchestration.expectations.question import ColumnType

if TYPE_CHECKING:
    import pyarrow as pa

Kind = Literal[
    "integer",
    "float",
    "decimal",
    "string",
    "boolean",
    "date",
    "time",
    "timestamp",
    "instant",
    "binary",
    "uuid",
    "other",
]
"""``timestamp`` is a local date and time, ``instant`` one with a time zone."""

_NAMES: dict[str, tuple[Kind, str]] = {
    "int8": ("integer", "int8 int tinyint"),
    "int16": ("integer", "int16 int smallint int2"),
    "int32": ("integer", "int32 int integer int4"),
    "int64": ("integer", "int64 int long bigint"),
    "uint8": ("integer", "uint8 int utinyint"),
    "uint16": ("integer", "uint16 int usmallint"),
    "uint32": ("integer", "uint32 int uinteger"),
    "uint64": ("integer", "uint64 int ubigint"),
    "halffloat": ("float", "float16 halffloat"),
    "float": ("float", "float32 real float4 single_precision"),
    "double": ("float", "float64 float double double_precision float8 number"),
    "decimal": ("decimal", "decimal numeric"),
    "string": ("string", "string str text varchar object string_types"),
    "bool": ("boolean", "boolean bool bool_"),
    "date32": ("date", "date date32"),
    "time64": ("time", "time time64"),
    "timestamp": ("timestamp", "timestamp datetime datetime64 datetime64[us] datetime64[ns] timestamp_ntz"),
    "instant": ("instant", "timestamptz datetime64[us,utc] datetime64[ns,utc] datetimetzdtype timestamp_tz"),
    "binary": ("binary", "binary bytes bytea blob varbinary"),
    "uuid": ("uuid", "uuid"),
}
_SQL = {
    "tinyint": "int8", "smallint": "int16", "integer": "int32", "bigint": "int64",
    "utinyint": "uint8", "usmallint": "uint16", "uinteger": "uint32", "ubigint": "uint64", "hugeint": "decimal",
    "float": "float", "real": "float", "double": "double", "double precision": "double",
    "decimal": "decimal", "numeric": "decimal",
    "varchar": "string", "text": "string", "character varying": "string", "character": "string", "bpchar": "string",
    "boolean": "bool", "date": "date32", "time": "time64", "time without time zone": "time64",
    "timestamp": "timestamp", "timestamp without time zone": "timestamp",
    "timestamp with time zone": "instant", "timestamptz": "instant",
    "blob": "binary", "bytea": "binary", "uuid": "uuid",
}  # fmt: skip
_PARAMETERS = re.compile(r"\(.*?\)")


@dataclass(frozen=True)
class Type:
    """A column's kind; ``single`` marks 32-bit floats, which compare as 64-bit ones."""

    kind: Kind
    column_type: ColumnType
    single: bool = False


@cache
def _type(word: str, said: str) -> Type:
    kind, names = _NAMES.get(word, ("other", ""))
    spelled = (*names.split(), word, said.lower(), said.lower().replace(" ", ""))
    return Type(kind, ColumnType(said, frozenset(spelled)), word == "float")


def of_arrow(kind: pa.DataType) -> Type:
    """The type of an Arrow (or Parquet) column."""
    text = str(kind)
    base = _PARAMETERS.sub("", text.split("[")[0]).strip()
    if base.startswith("timestamp"):
        return _type("instant" if "tz=" in text else "timestamp", text)
    if base.startswith("dictionary"):
        return of_arrow(kind.value_type)
    aliases = {"large_string": "string", "string_view": "string", "large_binary": "binary", "date64": "timestamp"}
    if base.startswith("decimal"):
        return _type("decimal", text)
    if base.startswith("extension<arrow.uuid"):
        return _type("uuid", "uuid")
    return _type(aliases.get(base, base), text)


def of_sql(said: str) -> Type:
    """The type of a column as a SQL engine's catalog writes it."""
    plain = re.sub(r"\s+", " ", _PARAMETERS.sub("", said.lower())).strip()
    return _type(_SQL.get(plain, plain), said)
