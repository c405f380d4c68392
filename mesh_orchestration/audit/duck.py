"""A DuckDB in memory that scans Parquet files; one database a process, one cursor an audit."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from sqlglot import exp

from mesh_orchestration.audit.data import Execute

MEMORY_LIMIT = "600MB"


@cache
def _database() -> Any:
    """Opening a database costs more than auditing a small product, so it is opened once."""
    import duckdb

    spill = tempfile.gettempdir()  # the default is a folder in whatever directory the process runs in
    database = duckdb.connect(":memory:", config={"memory_limit": MEMORY_LIMIT, "temp_directory": spill})
    database.execute("set TimeZone = 'UTC'")
    return database


@contextmanager
def session() -> Iterator[Execute]:
    """A cursor as a function from a statement to its rows."""
    cursor = _database().cursor()
    try:
        yield lambda statement: cursor.execute(statement).fetchall()
    finally:
        cursor.close()


def parquet(paths: Sequence[Path]) -> exp.Expression:
    """The files as a relation, in their order."""
    files = exp.Array(expressions=[exp.Literal.string(str(path)) for path in paths])
    return exp.Anonymous(this="read_parquet", expressions=[files])
