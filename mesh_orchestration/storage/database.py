"""The databases of the mesh's own stores: a SQLite file below MESH_HOME each, or PostgreSQL."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Self
from zlib import crc32

import sqlalchemy.orm  # noqa: F401 (see below)
from sqlalchemy import Connection, Engine, MetaData, create_engine, event, inspect, text
from sqlalchemy.exc import SQLAlchemyError

from mesh_orchestration.errors import StorageError
from mesh_orchestration.settings import Settings

# PyIceberg imports SQLAlchemy's object mapper when a thread first asks a catalog; until that is done, other threads
# that build a statement fail with an AttributeError. So it is there before any thread works with a store.

_UNUSABLE = (SQLAlchemyError, OSError, ImportError, ValueError)
"""What opening a database may raise."""
_PATIENCE = 30  # seconds that a writer waits for its turn
_AGAIN = 0.01
_KIND = 0xFF  # the part of SQLite's error codes that says of what kind they are
_TURN = text("select pg_advisory_xact_lock(:number)")


@dataclass(frozen=True)
class Place:
    """Where a store is: the database whose URL ``setting`` holds, else the SQLite ``file`` below MESH_HOME.

    Errors call it by its ``name`` and end with the ``remedy``. A crash of the process loses nothing that was
    committed; where it is ``durable`` a power cut neither.
    """

    name: str
    setting: str
    file: str
    remedy: str
    durable: bool

    def path(self, settings: Settings) -> Path:
        """The SQLite file."""
        return settings.home / self.file

    def begun(self, settings: Settings) -> bool:
        """Whether there may be something in the store."""
        return bool(settings.get(self.setting)) or self.path(settings).exists()


class Database:
    """An open store; close it, or use it as a context manager. Safe to share between threads."""

    place: ClassVar[Place]
    tables: ClassVar[MetaData]
    pragmas: ClassVar[tuple[str, ...]] = ()
    """What SQLite is told of each connection, beside its journal."""

    def __init__(self, engine: Engine, where: str) -> None:
        """``where`` names the database in errors: no URL, which may hold a password."""
        self.engine, self.where = engine, where

    @classmethod
    def open(cls, settings: Settings) -> Self:
        """The store that settings choose, made when there is none; raises StorageError when it cannot be used."""
        url, file = settings.get(cls.place.setting), cls.place.path(settings)
        where = f"the database of {cls.place.setting}" if url else str(file)
        try:
            engine = create_engine(_with_driver(url), pool_pre_ping=True) if url else cls._sqlite(file)
            opened = cls(engine, where)
            opened.provide()
        except _UNUSABLE as error:
            raise cls._unusable(where, error) from error
        return opened

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give its connections back."""
        self.engine.dispose()

    @property
    def is_sqlite(self) -> bool:
        return self.engine.dialect.name == "sqlite"

    def provide(self) -> None:
        """Make the tables that are not there yet; several processes may do so at once."""
        with self.reading() as connection:
            if self.tables.tables.keys() <= set(inspect(connection).get_table_names()):
                return
        with self.writing() as connection:
            self.tables.create_all(connection)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection that sees what is committed; raises StorageError when the store cannot be used."""
        try:
            with self.engine.connect() as connection:
                yield connection
        except SQLAlchemyError as error:
            raise self._unusable(self.where, error) from error

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that no other writer runs beside, durable when the block ends; raises StorageError, and then
        nothing is written."""
        with self.reading() as connection:
            if self.is_sqlite:
                connection.exec_driver_sql("begin immediate")
            else:
                connection.execute(_TURN, {"number": crc32(self.place.name.encode())})
            yield connection
            connection.commit()

    @classmethod
    def _sqlite(cls, file: Path) -> Engine:
        file.parent.mkdir(parents=True, exist_ok=True)
        # No isolation level: the driver begins no transactions of its own, so that writers can begin theirs in turn.
        arguments = {"timeout": _PATIENCE, "isolation_level": None}
        engine = create_engine(f"sqlite:///{file}", connect_args=arguments, pool_size=8, max_overflow=32)
        synchronous = "full" if cls.place.durable else "normal"
        said = (f"synchronous = {synchronous}", *cls.pragmas)

        @event.listens_for(engine, "connect")
        def _settle(connection: Any, _: Any) -> None:
            _write_ahead(connection)
            for pragma in said:
                connection.execute(f"pragma {pragma}")

        return engine

    @classmethod
    def _unusable(cls, where: str, error: Exception) -> StorageError:
        cause = " ".join(str(getattr(error, "orig", None) or error).split())
        return StorageError(f"{cls.place.name} in {where} cannot be used: {cause}; {cls.place.remedy}")


def _write_ahead(connection: sqlite3.Connection) -> None:
    """Have the file written ahead: in the moment in which it changes to that, SQLite lets nobody wait for a turn."""
    end = time.monotonic() + _PATIENCE
    while True:
        try:
            connection.execute("pragma journal_mode = wal")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & _KIND != sqlite3.SQLITE_BUSY or time.monotonic() > end:
                raise
            time.sleep(_AGAIN)
        else:
            return


def _with_driver(url: str) -> str:
    """A PostgreSQL URL that names no driver with the one that is installed with the mesh."""
    scheme, colon, rest = url.partition(":")
    return f"postgresql+psycopg2{colon}{rest}" if scheme in {"postgresql", "postgres"} else url
