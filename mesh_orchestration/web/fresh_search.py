"""What others tell of datasets and jobs is found by search soon after, also where no daemon runs."""

from __future__ import annotations

import logging
import threading
import time

from sqlalchemy import select

from mesh_orchestration.catalog import tables_lineage as tables
from mesh_orchestration.catalog.search_index import index_lineage
from mesh_orchestration.catalog.store import Catalog
from mesh_orchestration.errors import StorageError

_PAUSE, _AFTER_ERROR = 1.0, 30.0  # seconds
_CALM, _BUSY = 1, 9
"""How many times as long as a part took to rest before the next: while nobody sends, and while somebody does."""
_log = logging.getLogger("mesh.catalog")


def keep(catalog: Catalog, stop: threading.Event) -> None:
    """Until ``stop``, write what was told since into the index of search, whichever process took it; a catalog that
    cannot be used is tried again."""
    seen, pause = ("", -1), _PAUSE
    while not stop.wait(pause):
        try:
            seen, pause = _step(catalog, seen)
        except StorageError as error:
            _log.warning("search may not find what was told lately: %s", error)
            pause = _AFTER_ERROR


def _step(catalog: Catalog, seen: tuple[str, int]) -> tuple[tuple[str, int], float]:
    """Write one part unless everything up to now was ``seen``; returns what is seen now, and how long to rest."""
    now = _told(catalog)
    if now == seen:
        return seen, _PAUSE
    begun = time.monotonic()
    with catalog.writing() as conn:
        found = index_lineage(conn)
    if not found:
        return now, _PAUSE
    took = time.monotonic() - begun
    return seen, took * (_CALM if _told(catalog) == now else _BUSY)


def _told(catalog: Catalog) -> tuple[str, int]:
    """What is another after whatever was told."""
    with catalog.reading() as conn:
        row = conn.execute(select(*tables.state.c["epoch", "generation"])).one_or_none()
    return (row.epoch, row.generation) if row else ("", -1)
