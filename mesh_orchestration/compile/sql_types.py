"""A contract's types as the SQL words that DuckDB and PostgreSQL both read."""

from __future__ import annotations

from mesh_orchestration.contract.model import SchemaField
from mesh_orchestration.contract.types import LogicalType, parse_type

_SQL = {
    "string": "text",
    "integer": "integer",
    "long": "bigint",
    "float": "real",
    "double": "double precision",
    "boolean": "boolean",
    "date": "date",
    "time": "time",
    "timestamp": "timestamp",
    "binary": "bytea",
    "uuid": "uuid",
}


def sql_type(logical: LogicalType, *, instant: bool = False) -> str:
    """The portable SQL type; ``instant`` makes a timestamp a ``timestamptz``."""
    if logical.item:
        return f"{sql_type(logical.item)}[]"
    if logical.name == "decimal":
        return f"numeric({logical.precision},{logical.scale})"
    return "timestamptz" if instant and logical.name == "timestamp" else _SQL[logical.name]


def field_sql_type(field: SchemaField) -> str:
    """The SQL type of a contract's field."""
    return sql_type(field.logical_type, instant=field.is_instant)


def column_sql_type(text: str) -> str:
    """The SQL type of an input port's column, written as in ``columns: {basket_id: long}``."""
    return sql_type(parse_type(text), instant=text.strip().lower() == "timestamptz")
