"""The first look: what the mesh holds is in the catalog as soon as it is served, also where no daemon runs."""

from __future__ import annotations

import logging
import threading

from mesh_orchestration.catalog.project import project
from mesh_orchestration.catalog.store import open_catalog
from mesh_orchestration.contract.mesh import load_mesh
from mesh_orchestration.errors import MeshError
from mesh_orchestration.settings import Settings

_log = logging.getLogger("mesh.catalog")


def begin(settings: Settings) -> None:
    """Bring contracts, publications and usage into the catalog once, in a thread that nobody waits for."""
    threading.Thread(target=_look, args=(settings,), name="first-look", daemon=True).start()


def _look(settings: Settings) -> None:
    try:
        with open_catalog(settings) as catalog:
            project(settings, catalog, load_mesh(settings))
    except MeshError as error:
        _log.warning("the catalog may be behind the mesh: %s", error)
