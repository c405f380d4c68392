"""Local files as SQL that DuckDB can read, whatever engine their rows go to.

Types are declared, never guessed from values. Text formats are read as text and cast one by one, so
that a value which is not what the port declares fails by name instead of being rounded or dropped.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mesh_orchestration.engines.base import Files
from mesh_orchestration.engines.columns import Column, duckdb_type
from mesh_orchestration.quoting import exactly, ident, literal

if TYPE_CHECKING:
    import duckdb

_NARROWER = {
    "INTEGER": {"TINYINT", "SMALLINT", "UTINYINT", "USMALLINT"},
    "BIGINT": {"TINYINT", "SMALLINT", "INTEGER", "UTINYINT", "USMALLINT", "UINTEGER"},
    "DOUBLE": {"FLOAT"},
    "TIMESTAMP": {"TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS"},
    "TIMESTAMP WITH TIME ZONE": {"TIMESTAMPTZ_NS"},
}
_DECIMAL = re.compile(r"DECIMAL\((\d+),(\d+)\)")


def fits(found: str, column: Column) -> bool:
    """Whether a file's column of DuckDB type ``found`` can land as ``column`` without losing a value.

    Integers, floats and decimals may be narrower; times of other units become microseconds, the
    precision of every time in the mesh.
    """
    expected = duckdb_type(column)
    if found in ("", expected) or found in _NARROWER.get(expected, ()):
        return True
    if found.startswith("ENUM(") and expected == "VARCHAR":
        return True
    narrow, wide = _DECIMAL.fullmatch(found), _DECIMAL.fullmatch(expected)
    if not narrow or not wide:
        return False
    digits, scale = (int(part) for part in narrow.groups())
    wide_digits, wide_scale = (int(part) for part in wide.groups())
    return scale <= wide_scale and digits - scale <= wide_digits - wide_scale


def offered_types(connection: duckdb.DuckDBPyConnection, files: Files) -> Mapping[str, str] | None:
    """The columns the files offer with their DuckDB types (``""`` in text formats, which have none).

    None when a JSON-lines file has no line to tell. Raises duckdb.Error, OSError, UnicodeDecodeError.
    """
    if files.format == "csv":
        return dict.fromkeys(_header(files.paths[0]), "")
    if files.format == "json" and not any(path.stat().st_size for path in files.paths):
        return None
    rows = connection.execute(f"describe select * from {_function(files, ())}").fetchall()
    return {str(name): "" if files.format == "json" else str(kind) for name, kind, *_ in rows}


def select_sql(files: Files, columns: Sequence[Column], *, present: Mapping[str, str] | None = None) -> str:
    """A DuckDB query for the rows of the files, typed as ``columns``.

    With ``present`` given, columns outside it are typed nulls.
    """
    spelled = []
    for column in columns:
        name, kind = ident("source", column.source), duckdb_type(column)
        if present is not None and column.source not in present:
            value = f"null::{kind}"
        elif files.format == "parquet" or column.type.item:
            value = f"{name}::{kind}"
        else:
            value = _strict_cast(column)
        spelled.append(f"{value} as {ident(column.name)}")
    return f"select {', '.join(spelled)} from {_function(files, columns)} as source"


def _strict_cast(column: Column) -> str:
    """Text to the column's type; a value that does not spell one is an error that quotes it."""
    name, kind = ident("source", column.source), duckdb_type(column)
    if column.type.name == "string":
        return name
    spelled = {
        "integer": r"\s*[+-]?\d+\s*",
        "long": r"\s*[+-]?\d+\s*",
        "decimal": rf"\s*[+-]?\d*\.?\d{{0,{column.type.scale}}}0*\s*",
    }.get(column.type.name)
    guard = f"case when regexp_full_match({name}, {literal(spelled)}) then {name} end" if spelled else name
    message = f"{literal(f'column {column.name}: found ')} || {name} || {literal(f', expected {column.word}')}"
    return f"coalesce(try_cast({guard} as {kind}), case when {name} is not null then error({message}) end)"


def _function(files: Files, columns: Sequence[Column]) -> str:
    paths = f"[{', '.join(exactly(path) for path in files.paths)}]"
    if files.format == "parquet":
        union = ", union_by_name = true" if len(files.paths) > 1 else ""
        return f"read_parquet({paths}, hive_partitioning = false{union})"
    if files.format == "csv":
        header = ", ".join(f"{literal(name)}: 'VARCHAR'" for name in _header(files.paths[0]))
        return (
            f"read_csv({paths}, auto_detect = false, header = true, delim = ',', quote = '\"', escape = '\"', "
            f"allow_quoted_nulls = false, hive_partitioning = false, columns = {{{header}}})"
        )
    kinds = ", ".join(f"{literal(c.source)}: '{duckdb_type(c) if c.type.item else 'VARCHAR'}'" for c in columns)
    typed = f"columns = {{{kinds}}}" if columns else "sample_size = -1, maximum_depth = 1"
    return f"read_json({paths}, format = 'newline_delimited', hive_partitioning = false, {typed})"


def _header(path: Path) -> list[str]:
    with path.open(encoding="utf-8-sig", newline="") as lines:
        return next(csv.reader(lines), [])
