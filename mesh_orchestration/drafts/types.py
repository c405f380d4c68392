"""The types of sources in a contract's words."""

from __future__ import annotations

import re
from collections.abc import Mapping

from mesh_orchestration.contract.types import parse_type

_DUCKDB = {
    "VARCHAR": "string", "BOOLEAN": "boolean", "TINYINT": "integer", "SMALLINT": "integer", "INTEGER": "integer",
    "BIGINT": "long", "UTINYINT": "integer", "USMALLINT": "integer", "UINTEGER": "long", "FLOAT": "float",
    "DOUBLE": "double", "DATE": "date", "TIME": "time", "TIMESTAMP": "timestamp", "TIMESTAMP_S": "timestamp",
    "TIMESTAMP_MS": "timestamp", "TIMESTAMP_NS": "timestamp", "TIMESTAMP WITH TIME ZONE": "timestamptz",
    "TIMESTAMPTZ_NS": "timestamptz", "BLOB": "binary", "UUID": "uuid",
}  # fmt: skip
_SQL = {
    "CHAR": "string", "NCHAR": "string", "VARCHAR": "string", "NVARCHAR": "string", "TEXT": "string",
    "TINYTEXT": "string", "MEDIUMTEXT": "string", "LONGTEXT": "string", "NAME": "string", "ENUM": "string",
    "BOOLEAN": "boolean", "TINYINT": "integer", "SMALLINT": "integer", "MEDIUMINT": "integer", "INT": "integer",
    "UTINYINT": "integer", "USMALLINT": "integer", "UINT": "long", "BIGINT": "long", "SERIAL": "integer",
    "SMALLSERIAL": "integer", "BIGSERIAL": "long", "FLOAT": "float", "DOUBLE": "double", "DATE": "date",
    "DATE32": "date", "TIME": "time", "TIMESTAMP": "timestamp", "TIMESTAMPNTZ": "timestamp", "DATETIME": "timestamp",
    "TIMESTAMP_S": "timestamp", "TIMESTAMP_MS": "timestamp", "TIMESTAMP_NS": "timestamp",
    "TIMESTAMPTZ": "timestamptz", "TIMESTAMPLTZ": "timestamptz", "VARBINARY": "binary", "BINARY": "binary",
    "BLOB": "binary", "UUID": "uuid",
}  # fmt: skip
_DECIMAL = re.compile(r"^DECIMAL\((\d+),\s*(\d+)\)$")
_WAYS_OUT: Mapping[str, str] = {
    "STRUCT": "make a column of each part (select x.a as x_a)",
    "MAP": "make a column of each key that matters",
    "JSON": "make a column of each part that matters, or cast it to text",
    "JSONB": "make a column of each part that matters, or cast it to text",
    "UBIGINT": "write it as decimal(20,0), which holds every value",
    "HUGEINT": "write it as decimal(38,0)",
    "INTERVAL": "write it as a number of seconds",
    "UNION": "write one column for each of its types",
}


def from_duckdb(kind: str) -> str:
    """The contract's word for a DuckDB type; raises ValueError with the way out when there is none."""
    if kind.endswith("[]"):
        return f"array<{from_duckdb(kind[:-2])}>"
    if match := _DECIMAL.match(kind):
        return f"decimal({match[1]},{match[2]})"
    if kind.startswith("ENUM("):
        return "string"
    if kind in _DUCKDB:
        return _DUCKDB[kind]
    raise ValueError(no_word_for(kind))


def from_sql(text: str, dialect: str = "") -> str:
    """The contract's word for a type as SQL spells it in ``dialect`` (sqlglot's names; the common ones when
    empty); raises ValueError with the way out when there is none."""
    from sqlglot import ParseError, exp

    try:
        return _of_sql(exp.DataType.build(text, dialect=dialect or None), text)
    except ParseError:
        raise ValueError(no_word_for(text)) from None


def _of_sql(parsed: object, text: str) -> str:
    from sqlglot import exp

    assert isinstance(parsed, exp.DataType)
    name = parsed.this.name if isinstance(parsed.this, exp.DataType.Type) else str(parsed.this).upper()
    arguments = parsed.expressions
    if name in {"ARRAY", "LIST"} and arguments:
        return f"array<{_of_sql(arguments[0], text)}>"
    if name in {"DECIMAL", "BIGDECIMAL"}:
        numbers = [int(part.name) for part in arguments if part.name.isdigit()]
        word = f"decimal({numbers[0]},{numbers[1] if len(numbers) > 1 else 0})" if numbers else "decimal"
        return str(parse_type(word)) if numbers else "decimal(38,9)"
    if name in _SQL:
        return _SQL[name]
    raise ValueError(no_word_for(text))


def no_word_for(kind: str) -> str:
    """Why a column of type ``kind`` cannot stand in a contract, and the way out."""
    word = re.split(r"[( <]", kind.strip().upper(), maxsplit=1)[0].removesuffix("[]")
    shown = kind if len(kind) <= 60 else f"{kind[:57]}..."
    return f"{shown} is no type of a contract; {_WAYS_OUT.get(word, 'cast it to one of the types of a contract')}"
