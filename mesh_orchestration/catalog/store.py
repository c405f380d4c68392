"""The catalog's database: one SQLite file below MESH_HOME, or the PostgreSQL database of MESH_CATALOG_URL.

Its tables come from the migrations alone; whoever opens it first brings it to the newest one.
"""

from __future__ import annotations

import logging
import time
from pathlib import Path

from sqlalchemy import text

from mesh_orchestration.errors import StorageError
from mesh_orchestration.settings import Settings
from mesh_orchestration.storage.database import Database, Place

_WAL_INDEX_HEADER = 48  # bytes


class Catalog(Database):
    """An open catalog; close it, or use it as a context manager. Safe to share between threads."""

    place = Place(
        "the catalog",
        "MESH_CATALOG_URL",
        "catalog/catalog.db",
        "mend it, or write it anew with: mesh catalog rebuild",
        durable=True,  # what was acknowledged to a sender of lineage is sent by nobody again
    )
    pragmas = (
        "foreign_keys = on",
        "temp_store = memory",
        "cache_size = -65536",
        "wal_autocheckpoint = 8000",  # pages; what batches write again and again is copied once
        "mmap_size = 1073741824",
    )

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

    def provide(self) -> None:
        """Bring the tables to the newest migration; several processes may try at once and take turns. Raises
        StorageError for tables of a newer version of the mesh."""
        from alembic import command
        from alembic.config import Config
        from alembic.runtime.migration import MigrationContext
        from alembic.script import ScriptDirectory

        logging.getLogger("alembic").setLevel(logging.WARNING)
        config = Config()
        config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
        scripts = ScriptDirectory.from_config(config)
        with self.reading() as connection:
            found = set(MigrationContext.configure(connection).get_current_heads())
        if found == set(scripts.get_heads()):
            return
        if newer := found - {script.revision for script in scripts.walk_revisions()}:
            raise StorageError(
                f"{self.place.name} in {self.where} is of a newer version of the mesh: this one does not know its "
                f"tables of {', '.join(newer)}; install the newer one, or move the catalog away and write it anew: "
                "mesh catalog rebuild"
            )
        with self.writing() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "heads")


def open_catalog(settings: Settings) -> Catalog:
    """The catalog that settings choose, with the newest tables; raises StorageError when it cannot be used."""
    return Catalog.open(settings)
