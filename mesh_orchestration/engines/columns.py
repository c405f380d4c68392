"""The columns an engine lands and exports, and how DuckDB, PostgreSQL and Arrow spell their types."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mesh_orchestration.contract.model import SchemaField
from mesh_orchestration.contract.types import LogicalType, parse_type

if TYPE_CHECKING:
    import pyarrow as pa

_DUCKDB = {
    "string": "VARCHAR", "integer": "INTEGER", "long": "BIGINT", "float": "FLOAT", "double": "DOUBLE",
    "boolean": "BOOLEAN", "date": "DATE", "time": "TIME", "timestamp": "TIMESTAMP", "binary": "BLOB", "uuid": "UUID",
}  # fmt: skip
_POSTGRES = {
    "string": "text", "integer": "integer", "long": "bigint", "float": "real", "double": "double precision",
    "boolean": "boolean", "date": "date", "time": "time without time zone", "timestamp": "timestamp without time zone",
    "binary": "bytea", "uuid": "uuid",
}  # fmt: skip


@dataclass(frozen=True)
class Column:
    """A column's name and logical type; ``instant`` tells a UTC ``timestamptz`` from a local ``timestamp``,
    ``called`` is its name in the files it comes from when that is another."""

    name: str
    type: LogicalType
    instant: bool = False
    called: str = ""

    @property
    def source(self) -> str:
        """The name in the files it comes from."""
        return self.called or self.name

    @classmethod
    def parse(cls, name: str, text: str) -> Column:
        """The column an input port declares as ``name: text``; raises ValueError on an unknown type."""
        return cls(name, parse_type(text), instant=text.strip().lower() == "timestamptz")

    @classmethod
    def of(cls, field: SchemaField) -> Column:
        """The column of a contract's field."""
        return cls(field.name, field.logical_type, instant=field.is_instant)

    @classmethod
    def from_duckdb(cls, name: str, kind: str) -> Column:
        """The column of a DuckDB type as ``duckdb_type`` spells it; raises ValueError on others."""
        words = {spelled: word for word, spelled in _DUCKDB.items()} | {"TIMESTAMP WITH TIME ZONE": "timestamptz"}
        if kind.endswith("[]"):
            return cls(name, LogicalType("array", item=cls.from_duckdb(name, kind[:-2]).type))
        return cls.parse(name, words.get(kind, kind))

    @property
    def word(self) -> str:
        """The type as a contract's author would write it."""
        return "timestamptz" if self.instant else str(self.type)


def duckdb_type(column: Column) -> str:
    """The type as DuckDB's ``duckdb_columns()`` spells it."""
    if column.instant:
        return "TIMESTAMP WITH TIME ZONE"
    return _spell(column.type, _DUCKDB, "DECIMAL")


def postgres_type(column: Column) -> str:
    """The type as PostgreSQL's ``format_type`` spells it."""
    if column.instant:
        return "timestamp with time zone"
    return _spell(column.type, _POSTGRES, "numeric")


def _spell(logical: LogicalType, words: Mapping[str, str], decimal: str) -> str:
    if logical.name == "decimal":
        return f"{decimal}({logical.precision},{logical.scale})"
    if logical.item:
        return f"{_spell(logical.item, words, decimal)}[]"
    return words[logical.name]


def arrow_type(column: Column) -> pa.DataType:
    """The Arrow type that Parquet and Iceberg store the column as; times have microseconds."""
    import pyarrow as pa

    return pa.timestamp("us", tz="UTC") if column.instant else _arrow(column.type)


def _arrow(logical: LogicalType) -> pa.DataType:
    import pyarrow as pa

    if logical.name == "decimal":
        return pa.decimal128(logical.precision, logical.scale)
    if logical.item:
        return pa.list_(pa.field("element", _arrow(logical.item)))
    scalars: dict[str, Callable[[], Any]] = {
        "string": pa.string, "integer": pa.int32, "long": pa.int64, "float": pa.float32, "double": pa.float64,
        "boolean": pa.bool_, "date": pa.date32, "binary": pa.binary, "uuid": pa.uuid,
    }  # fmt: skip
    if logical.name in scalars:
        return scalars[logical.name]()
    return pa.time64("us") if logical.name == "time" else pa.timestamp("us")
