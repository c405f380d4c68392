"""``/``: the mesh at a glance."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from mesh_orchestration.catalog.home import Home
from mesh_orchestration.catalog.home import home as glance
from mesh_orchestration.catalog.store import Catalog
from mesh_orchestration.settings import Settings
from mesh_orchestration.web.context import CurrentCatalog, CurrentSettings
from mesh_orchestration.web.kept import CurrentKept
from mesh_orchestration.web.levels import standing
from mesh_orchestration.web.pages import Entry, render
from mesh_orchestration.web.troubles import troubles

NAV = Entry("Home", "/", 10, "h")
_SHOWN = 8
_AGAIN = 15.0  # seconds after which it is looked anew who has become late meanwhile
router = APIRouter(include_in_schema=False)


@router.get("/")
def home(request: Request, settings: CurrentSettings, catalog: CurrentCatalog, kept: CurrentKept) -> HTMLResponse:
    """Domains, products, health, service levels, open incidents, and what changed in the last day."""
    return render(
        request,
        "home.html",
        home=kept.of_state("home", catalog.state(), lambda: _home(settings, catalog), seconds=_AGAIN),
        standing=standing(kept, settings),
        troubles=troubles(settings, limit=_SHOWN),
    )


def _home(settings: Settings, catalog: Catalog) -> Home:
    with catalog.reading() as connection:
        return glance(connection, now=settings.now())
