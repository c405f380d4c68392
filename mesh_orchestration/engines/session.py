"""DuckDB sessions as every part of the engines wants them: UTC, bounded memory, spilling beside their file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryDirectory
from typing import Any

import duckdb

from mesh_orchestration.quoting import literal
from mesh_orchestration.settings import Settings


def session_settings(settings: Settings) -> dict[str, Any]:
    """DuckDB's settings by name; ``MESH_THREADS`` (2) and ``MESH_MEMORY_LIMIT`` (1GB) bound a session."""
    return {
        "TimeZone": "UTC",
        "memory_limit": settings.memory_limit,
        "threads": settings.integer("MESH_THREADS", 2),
        "preserve_insertion_order": False,
    }


def configure(connection: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    """Apply the session settings to an open connection."""
    for name, value in session_settings(settings).items():
        spelled = str(value).lower() if isinstance(value, bool | int) else literal(str(value))
        connection.execute(f"set {name} = {spelled}")


@contextmanager
def file_reader(settings: Settings) -> Iterator[duckdb.DuckDBPyConnection]:
    """An in-memory session for reading files on behalf of any engine."""
    settings.home.mkdir(parents=True, exist_ok=True)
    # Spill files of two sessions in one folder overwrite each other; an engine's file has its own folder.
    with TemporaryDirectory(prefix="spill-", dir=settings.home) as spill, duckdb.connect() as connection:
        configure(connection, settings)
        connection.execute(f"set temp_directory = {literal(spill)}")
        yield connection


def first_line(error: BaseException) -> str:
    """The first line of a DuckDB message, which names the cause; the rest quotes SQL and options."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0] if lines else type(error).__name__
