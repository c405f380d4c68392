"""``/sla`` and ``/sla/ADDRESS``: what was promised, what was kept, and what is left of the error budgets."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, HTTPException, Query, Request
from fastapi.responses import HTMLResponse
from pydantic import BaseModel, Field

from mesh_orchestration.contract.address import Address
from mesh_orchestration.errors import MeshError
from mesh_orchestration.sla.report import UNITS, Unit
from mesh_orchestration.web import sla_view
from mesh_orchestration.web.context import CurrentSettings
from mesh_orchestration.web.kept import CurrentKept, mesh_of
from mesh_orchestration.web.pages import Entry, render
from mesh_orchestration.web.sla_view import WINDOWS, Window, levels_of, overview

NAV = Entry("SLA", "/sla", 60, "a")
SECONDS = 10.0
State = Literal["", "kept", "broken", "unknown"]
LIMIT = 100
router = APIRouter(include_in_schema=False)


class Question(BaseModel):
    """What the address of the page says: how far back, and which levels to list."""

    window: Window = "7d"
    domain: Annotated[str, Field(max_length=100)] = ""
    state: State = ""
    offset: Annotated[int, Field(ge=0)] = 0


@router.get("/sla", response_class=HTMLResponse)
def mesh_page(
    request: Request,
    settings: CurrentSettings,
    kept: CurrentKept,
    query: Annotated[Question, Query()],
) -> HTMLResponse:
    """The service levels of the mesh in a window, and whether the gate to more domains is open."""
    window = query.window
    found = kept.get(f"sla {window}", lambda: overview(settings, mesh_of(kept, settings), window), seconds=SECONDS)
    levels = found.of(query.domain, query.state)
    return render(
        request,
        "sla.html",
        found=found,
        levels=levels[query.offset : query.offset + LIMIT],
        total=len(levels),
        limit=LIMIT,
        asked=query,
        windows=tuple(WINDOWS),
        sla=sla_view,
    )


@router.get("/sla/{address}", response_class=HTMLResponse)
def product_page(
    request: Request,
    settings: CurrentSettings,
    kept: CurrentKept,
    address: str,
    window: Window = "7d",
    unit: Unit = "day",
) -> HTMLResponse:
    """Every service level of one product: gauge, error budget, burn, days, breaches with their evidence."""
    product = _address(address)
    report = levels_of(settings, product, window)
    known = mesh_of(kept, settings).products.get(product)
    if known is None and not report.levels:
        raise HTTPException(404, f"there is no product {address}")
    return render(
        request,
        "sla_product.html",
        address=product,
        product=known,
        report=report,
        asked={"window": window, "unit": unit},
        windows=tuple(WINDOWS),
        units=UNITS,
        sla=sla_view,
    )


def _address(text: str) -> Address:
    try:
        return Address.parse(text)
    except (ValueError, MeshError) as error:
        raise HTTPException(404, f"{text} is no address of a product: {error}") from None
