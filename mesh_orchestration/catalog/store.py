"""The catalog's database: one SQLite file below MESH_HOME, or the PostgreSQL database of MESH_CATALOG_URL.

Its tables come from the migrations alone; whoever opens it first brings it to the newest one.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.exc import SQLAlchemyError

from mesh_orchestration.errors import StorageError
from mesh_orchestration.settings import Settings

FOLDER, FILE = "catalog", "catalog.db"
_LOCK_NUMBER = 7_215_604_391  # any number of our own: the PostgreSQL advisory lock of whoever migrates
_SQLITE = (
    "pragma journal_mode = wal",
    "pragma synchronous = full",  # what was acknowledged survives a power cut
    "pragma foreign_keys = on",
    "pragma temp_store = memory",
    "pragma cache_size = -65536",
    "pragma wal_autocheckpoint = 8000",  # pages; what batches write again and again is copied once
    "pragma mmap_size = 1073741824",
)


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
    url = settings.get("MESH_CATALOG_URL")
    where = "the database of MESH_CATALOG_URL" if url else str(catalog_file(settings))
    try:
        if not url:
            catalog_file(settings).parent.mkdir(parents=True, exist_ok=True)
        engine = create_engine(_with_driver(url), pool_pre_ping=True) if url else _sqlite(catalog_file(settings))
        _migrate(engine)
    except (SQLAlchemyError, OSError, ImportError, ValueError) as error:
        raise unusable(where, error) from error
    return Catalog(engine, where)


def catalog_file(settings: Settings) -> Path:
    """The SQLite file of the catalog."""
    return settings.home / FOLDER / FILE


def unusable(where: str, error: Exception) -> StorageError:
    """The error that says which catalog cannot be used, and what to do."""
    cause = " ".join(str(getattr(error, "orig", None) or error).split())
    return StorageError(
        f"the catalog in {where} cannot be used: {cause}; mend it, or write it anew with: mesh catalog rebuild"
    )


def _with_driver(url: str) -> str:
    """A PostgreSQL URL that names no driver with the one that is installed with the mesh."""
    scheme, colon, rest = url.partition(":")
    return f"postgresql+psycopg2{colon}{rest}" if scheme in {"postgresql", "postgres"} else url


def _sqlite(path: Path) -> Engine:
    engine = create_engine(
        f"sqlite:///{path}",
        connect_args={"timeout": 30, "check_same_thread": False, "isolation_level": None},
        pool_size=8,
        max_overflow=32,
    )

    @event.listens_for(engine, "connect")
    def _settle(connection: Any, _: Any) -> None:
        for pragma in _SQLITE:
            connection.execute(pragma)

    return engine


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
