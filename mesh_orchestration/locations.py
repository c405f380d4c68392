"""The code locations of the mesh: attribute ``orders`` is the Definitions of domain ``orders``.

Each entry of ``workspace.yaml`` names this module and one attribute: a domain, or ``platform`` for what
watches over all of them. A new domain is a folder of contracts, a dbt project and an entry there.
"""

from __future__ import annotations

import atexit
import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import dagster as dg

PLATFORM = "platform"
_built: dict[str, dg.Definitions] = {}


def __getattr__(name: str) -> dg.Definitions:
    """The definitions of one code location, built once a process.

    Raises ContractError when a contract of the domain is broken: only that location fails to load.
    """
    if name.startswith("_"):
        raise AttributeError(name)
    if name not in _built:
        with _without_collection():
            _built[name] = _build(name)
    return _built[name]


@contextmanager
def _without_collection() -> Iterator[None]:
    """Definitions are made once and stay: looking for garbage among them is a third of the time, and
    their pages are shared with every process forked later only as long as nobody looks."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        atexit.register(gc.unfreeze)  # native modules count as leaked what the last collection cannot see
        if enabled:
            gc.enable()


def _build(name: str) -> dg.Definitions:
    from mesh_orchestration.contract.mesh import load_mesh
    from mesh_orchestration.contract.wording import suggestion
    from mesh_orchestration.settings import Settings

    settings = Settings.load()
    if name == PLATFORM:
        from mesh_orchestration.orchestration.platform import definitions

        return definitions(settings)
    mesh = load_mesh(settings)
    if name not in mesh.domains:
        raise AttributeError(f"'{name}' is neither a domain nor '{PLATFORM}'{suggestion(name, mesh.domains)}")
    from mesh_orchestration.orchestration.domain import build_domain

    return build_domain(settings, mesh, name)
