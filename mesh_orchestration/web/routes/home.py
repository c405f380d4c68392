"""``/``: the mesh at a glance."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from mesh_orchestration.catalog import products
from mesh_orchestration.catalog.home import home as glance
from mesh_orchestration.web.context import CurrentCatalog, CurrentSettings
from mesh_orchestration.web.kept import CurrentKept
from mesh_orchestration.web.levels import standing
from mesh_orchestration.web.pages import Entry, render
from mesh_orchestration.web.troubles import troubles

NAV = Entry("Home", "/", 10, "h")
_TROUBLED: tuple[products.Health, ...] = ("refused", "late", "warned")
_SHOWN = 8
router = APIRouter(include_in_schema=False)


@router.get("/")
def home(request: Request, settings: CurrentSettings, catalog: CurrentCatalog, kept: CurrentKept) -> HTMLResponse:
    """Domains, products, health, service levels, open incidents, and what changed in the last day."""
    now = settings.now()
    with catalog.reading() as connection:
        found = glance(connection, now=now)
        pages = [
            products.products(connection, products.Wanted(health=word), now=now, limit=_SHOWN)
            for word in _TROUBLED
            if found.health.get(word)
        ]
    return render(
        request,
        "home.html",
        home=found,
        standing=standing(kept, settings),
        attention=[one for page in pages for one in page.products][:_SHOWN],
        troubles=troubles(settings, limit=_SHOWN),
    )
