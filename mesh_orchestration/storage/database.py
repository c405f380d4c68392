"""The databases of the mesh's own stores: a SQLite file below MESH_HOME each, or PostgreSQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, MetaData, Table, create_engine, event, insert, select
from sqlalchemy.exc import SQLAlchemyError

from mesh_orchestration.settings import Settings

UNUSABLE = (SQLAlchemyError, OSError, ImportError, ValueError)
"""What opening a database may raise."""
_PATIENCE = 30  # seconds that a writer waits for its turn


def place(settings: Settings, setting: str, file: Path) -> str:
    """The name of a store's database in errors: no URL, which may hold a password."""
    return f"the database of {setting}" if settings.get(setting) else str(file)


def connect(
    settings: Settings,
    setting: str,
    file: Path,
    *,
    durable: bool,
    pragmas: Sequence[str] = (),
    arguments: Mapping[str, Any] | None = None,
    **options: Any,
) -> Engine:
    """The database whose URL ``setting`` holds, else SQLite's at ``file``, made when there is none.

    A crash of the process loses nothing that was committed; with ``durable`` a power cut neither. ``pragmas``,
    ``arguments`` of the connection and ``options`` of the engine are for SQLite alone. Raises UNUSABLE.
    """
    if url := settings.get(setting):
        return create_engine(_with_driver(url), pool_pre_ping=True)
    file.parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(f"sqlite:///{file}", connect_args={"timeout": _PATIENCE, **(arguments or {})}, **options)
    said = ("journal_mode = wal", f"synchronous = {'full' if durable else 'normal'}", *pragmas)

    @event.listens_for(engine, "connect")
    def _settle(connection: Any, _: Any) -> None:
        for pragma in said:
            connection.execute(f"pragma {pragma}")

    return engine


def provide(engine: Engine, tables: MetaData, lock: Table) -> None:
    """Make the tables, and the one row of ``lock`` (``one``, ``held``), unless they are there; several processes may
    do so at once. Raises SQLAlchemyError."""
    for attempt in range(3):
        with engine.connect() as connection:
            if engine.dialect.has_table(connection, lock.name) and connection.execute(select(lock.c.one)).first():
                return
        try:
            with engine.begin() as connection:
                tables.create_all(connection)
                connection.execute(insert(lock).values(one=1, held=0))
        except SQLAlchemyError:
            if attempt == 2:
                raise
        else:
            return


def cause(error: Exception) -> str:
    """What the database said, on one line."""
    return " ".join(str(getattr(error, "orig", None) or error).split())


def _with_driver(url: str) -> str:
    """A PostgreSQL URL that names no driver with the one that is installed with the mesh."""
    scheme, colon, rest = url.partition(":")
    return f"postgresql+psycopg2{colon}{rest}" if scheme in {"postgresql", "postgres"} else url
