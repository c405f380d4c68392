"""The first look: what nobody has asked for yet is found as soon as the service runs, so that the first who asks need
not wait, and what the mesh holds is in the catalog also where no daemon runs."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from fastapi import FastAPI
from jinja2 import TemplateError

from mesh_orchestration.catalog.collection import lasting
from mesh_orchestration.catalog.held import held_of
from mesh_orchestration.catalog.held_columns import columns_of
from mesh_orchestration.catalog.store import Catalog
from mesh_orchestration.errors import MeshError
from mesh_orchestration.settings import Settings
from mesh_orchestration.web.governance_findings import board_of
from mesh_orchestration.web.kept import Kept, kept_of, mesh_of, readers_of
from mesh_orchestration.web.pages import environment
from mesh_orchestration.web.projecting import projecting

Steps = tuple[tuple[Callable[[], object], str], ...]
"""What to do one after the other, each with what it means that it went wrong."""
_BEHIND = "the catalog may be behind the mesh"
_OFTEN = 0.1  # seconds
_MANY = 2_000  # products: some seconds
_log = logging.getLogger("mesh.catalog")


def look(app: FastAPI, stop: threading.Event) -> None:
    """Look, once, and come back when all is known, or soon after ``stop``; ``app`` has its catalog open."""
    settings: Settings = app.state.settings
    catalog: Catalog = app.state.catalog
    lineage = "the first question about lineage will take longer"
    at_once: Steps = ((lambda: read_graph(catalog), lineage), (compile_templates, "a page cannot be shown"))
    # After the projection, for not to take the processor from requests together with it; and contracts can be read fast
    # once it has read them.
    then: Steps = (
        (lambda: read_columns(catalog), lineage),
        (lambda: readers_of(kept_of(app), settings), "the first question about readers will take longer"),
        (lambda: read_board(kept_of(app), settings), "the first look at governance will take longer"),
    )
    try:
        with projecting(settings) as projection:
            _try(at_once, stop)
            while projection.poll() is None and not stop.wait(_OFTEN):
                pass
            if projection.poll():
                _log.warning(_BEHIND)
    except OSError as error:
        _log.warning("%s: %s", _BEHIND, error)
        _try(at_once, stop)
    _try(then, stop)


def _try(steps: Steps, stop: threading.Event) -> None:
    """One step after the other, until ``stop``."""
    for step, otherwise in steps:
        if stop.is_set():
            return
        try:
            step()
        except (MeshError, TemplateError) as error:
            _log.warning("%s: %s", otherwise, error)


def read_board(kept: Kept, settings: Settings) -> None:
    """Have the page on governance ready, but for a mesh so large that requests would feel the work."""
    if len(mesh_of(kept, settings).products) <= _MANY:
        board_of(kept, settings)


def read_graph(catalog: Catalog) -> None:
    """Have the graph of the catalog in memory."""
    with catalog.reading() as conn, lasting():
        held = held_of(conn)
        with held.lock:
            held.refresh(conn)


def read_columns(catalog: Catalog) -> None:
    """Have which column is made of which in memory; whoever asks only about the graph before need not wait for it."""
    with catalog.reading() as conn, lasting():
        held = held_of(conn)
        with held.lock:
            held.refresh(conn)
            columns_of(conn, held)


def compile_templates() -> None:
    """Have every page's template ready."""
    pages = environment()
    for name in pages.list_templates():
        pages.get_template(name)
