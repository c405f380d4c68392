"""What the service does beside its requests, in one thread: the first look, then search is kept fresh."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from fastapi import FastAPI

from mesh_orchestration.web import first_look, fresh_search

_LOG = logging.getLogger("mesh.catalog")
_PATIENCE = 5.0  # seconds; what is read in one piece is not waited for any longer


@contextmanager
def beside(app: FastAPI) -> Iterator[None]:
    """Work until the block ends; ``app`` has its catalog open."""
    stop = threading.Event()
    thread = threading.Thread(target=_work, args=(app, stop), name="beside", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(_PATIENCE)


def _work(app: FastAPI, stop: threading.Event) -> None:
    try:
        first_look.look(app, stop)
    except Exception:  # what is found only when somebody asks is late; search that finds nothing new is wrong
        _LOG.warning("the first look ended early", exc_info=True)
    fresh_search.keep(app.state.catalog, stop)
