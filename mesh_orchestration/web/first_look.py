"""The first look: what nobody has asked for yet is found as soon as the service runs, so that the first who asks need
not wait, and what the mesh holds is in the catalog also where no daemon runs."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from fastapi import FastAPI
from jinja2 import TemplateError

from mesh_orchestration.catalog.held import held_of
from mesh_orchestration.catalog.held_columns import columns_of
from mesh_orchestration.catalog.project import project
from mesh_orchestration.catalog.store import Catalog
from mesh_orchestration.errors import MeshError
from mesh_orchestration.settings import Settings
from mesh_orchestration.web.kept import Kept, kept_of, mesh_of, readers_of
from mesh_orchestration.web.pages import environment

_log = logging.getLogger("mesh.catalog")


def begin(app: FastAPI) -> None:
    """Look, once, in a thread that nobody waits for; ``app`` has its catalog open."""
    threading.Thread(target=_look, args=(app,), name="first-look", daemon=True).start()


def _look(app: FastAPI) -> None:
    settings: Settings = app.state.settings
    catalog: Catalog = app.state.catalog
    kept = kept_of(app)
    _try(lambda: read_lineage(catalog), "the first question about lineage will take longer")
    _try(compile_templates, "a page cannot be shown")
    _try(lambda: _project(settings, catalog, kept), "the catalog may be behind the mesh")


def read_lineage(catalog: Catalog) -> None:
    """Have the graph of the catalog in memory, then its columns: questions about the graph wait for the graph alone."""
    with catalog.reading() as conn:
        held = held_of(conn)
        with held.lock:
            held.refresh(conn)
    with catalog.reading() as conn, held.lock:
        held.refresh(conn)
        columns_of(conn, held)


def compile_templates() -> None:
    """Have every page's template ready."""
    pages = environment()
    for name in pages.list_templates():
        pages.get_template(name)


def _project(settings: Settings, catalog: Catalog, kept: Kept) -> None:
    project(settings, catalog, mesh_of(kept, settings))
    readers_of(kept, settings)


def _try(step: Callable[[], None], otherwise: str) -> None:
    try:
        step()
    except (MeshError, TemplateError) as error:
        _log.warning("%s: %s", otherwise, error)
