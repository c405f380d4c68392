"""``/domains``: every domain, and one of them with its products."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, HTTPException, Query, Request
from fastapi.responses import HTMLResponse

from mesh_orchestration.catalog import products
from mesh_orchestration.web.context import CurrentCatalog, CurrentSettings
from mesh_orchestration.web.kept import CurrentKept
from mesh_orchestration.web.levels import standing
from mesh_orchestration.web.pages import Entry, render
from mesh_orchestration.web.troubles import troubles

NAV = Entry("Domains", "/domains", 30, "d")
_LIMIT = 100
router = APIRouter(include_in_schema=False)


@router.get("/domains")
def domains(request: Request, settings: CurrentSettings, catalog: CurrentCatalog, kept: CurrentKept) -> HTMLResponse:
    """Every domain: how many products, how they are, whose they are, and which domains they read."""
    with catalog.reading() as connection:
        found = products.domains(connection, now=settings.now())
    return render(request, "domains.html", domains=found, standing=standing(kept, settings))


@router.get("/domains/{name}")
def domain(
    request: Request,
    name: str,
    settings: CurrentSettings,
    catalog: CurrentCatalog,
    kept: CurrentKept,
    offset: Annotated[int, Query(ge=0, le=10_000_000)] = 0,
) -> HTMLResponse:
    """One domain with its products; 404 when there is none of this name."""
    now = settings.now()
    with catalog.reading() as connection:
        found = products.domain(connection, name, now=now)
        if found is None:
            raise HTTPException(404, f"there is no domain {name!r}; /domains lists those that are known")
        page = products.products(connection, products.Wanted(domain=name), now=now, limit=_LIMIT, offset=offset)
    return render(
        request,
        "domain.html",
        domain=found,
        page=page,
        offset=offset,
        limit=_LIMIT,
        troubles=troubles(settings, subject=name, limit=10),
        tally=standing(kept, settings).domains.get(name),
    )
