"""The catalog's database: one SQLite file below MESH_HOME, or the PostgreSQL database of MESH_CATALOG_URL.

Its tables come from the migrations alone; whoever opens it first brings it to the newest one.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import SQLAlchemyError

from mesh_orchestration.errors import StorageError
from mesh_orchestration.settings import Settings
from mesh_orchestration.storage.database import UNUSABLE, cause, connect, place

FOLDER, FILE = "catalog", "catalog.db"
_LOCK_NUMBER = 7_215_604_391  # any number of our own: the PostgreSQL advisory lock of whoever migrates
_SETTING = "MESH_CATALOG_URL"
_PRAGMAS = (
    "foreign_keys = on",
    "temp_store = memory",
    "cache_size = -65536",
    "wal_autocheckpoint = 8000",  # pages; what batches write again and again is copied once
    "mmap_size = 1073741824",
)
_WAL_INDEX_HEADER = 48  # bytes
_ARGUMENTS = {"check_same_thread": False, "isolation_level": None}
_POOL = {"pool_size": 8, "max_overflow": 32}


@dataclass(frozen=True)
class Catalog:
    """An open catalog; close it, or use it as a context manager. Safe to share between threads."""

    engine: Engine
    where: str

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self.engine.dispose()

    @property
    def is_sqlite(self) -> bool:
        return self.engine.dialect.name == "sqlite"

    def state(self) -> str:
        """Something that is another after whatever was written; raises StorageError."""
        if not self.is_sqlite:
            with self.reading() as connection:
                return str(connection.execute(text("select cast(txid_current_snapshot() as text)")).scalar_one())
        try:  # the header of the index of the write-ahead log, which every commit changes: sqlite.org/walformat.html
            with Path(f"{self.engine.url.database}-shm").open("rb") as index:
                return index.read(_WAL_INDEX_HEADER).hex()
        except FileNotFoundError:  # nobody has read yet
            return str(time.monotonic_ns())

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection that sees one moment of the catalog; raises StorageError when it cannot be used."""
        try:
            with self.engine.connect() as connection:
                yield connection
        except SQLAlchemyError as error:
            raise unusable(self.where, error) from error

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction, durable when the block ends; writers take turns. Raises StorageError."""
        try:
            with self.engine.connect() as connection:
                if self.is_sqlite:
                    connection.exec_driver_sql("begin immediate")
                yield connection
                connection.commit()
        except SQLAlchemyError as error:
            raise unusable(self.where, error) from error


def open_catalog(settings: Settings) -> Catalog:
    """The catalog that settings choose, with the newest tables; raises StorageError when it cannot be used."""
    file = catalog_file(settings)
    where = place(settings, _SETTING, file)
    try:
        # Durable: what was acknowledged to a sender of lineage is sent by nobody again.
        engine = connect(settings, _SETTING, file, durable=True, pragmas=_PRAGMAS, arguments=_ARGUMENTS, **_POOL)
        _migrate(engine)
    except UNUSABLE as error:
        raise unusable(where, error) from error
    return Catalog(engine, where)


def catalog_file(settings: Settings) -> Path:
    """The SQLite file of the catalog."""
    return settings.home / FOLDER / FILE


def unusable(where: str, error: Exception) -> StorageError:
    """The error that says which catalog cannot be used, and what to do."""
    return StorageError(
        f"the catalog in {where} cannot be used: {cause(error)}; mend it, or write it anew with: mesh catalog rebuild"
    )


def _migrate(engine: Engine) -> None:
    """Bring the tables to the newest migration; several processes may try at once and take turns."""
    from alembic import command
    from alembic.config import Config
    from alembic.runtime.migration import MigrationContext
    from alembic.script import ScriptDirectory

    logging.getLogger("alembic").setLevel(logging.WARNING)
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    heads = set(ScriptDirectory.from_config(config).get_heads())
    with engine.connect() as connection:
        if set(MigrationContext.configure(connection).get_current_heads()) == heads:
            return
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            connection.exec_driver_sql("begin immediate")
        else:
            connection.execute(text("select pg_advisory_xact_lock(:number)"), {"number": _LOCK_NUMBER})
        config.attributes["connection"] = connection
        command.upgrade(config, "heads")
        connection.commit()
