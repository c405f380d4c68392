"""``/sla`` and ``/sla/ADDRESS``: what was promised, what was kept, and what is left of the error budgets."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import HTMLResponse

from mesh_orchestration.contract.address import Address
from mesh_orchestration.errors import MeshError
from mesh_orchestration.sla import wording
from mesh_orchestration.sla.report import UNITS, Unit
from mesh_orchestration.web import sla_view
from mesh_orchestration.web.context import CurrentSettings
from mesh_orchestration.web.kept import CurrentKept, mesh_of
from mesh_orchestration.web.pages import Entry, render
from mesh_orchestration.web.sla_view import WINDOWS, Window, levels_of, overview

NAV = Entry("SLA", "/sla", 60, "a")
SECONDS = 10.0
State = Literal["", "kept", "broken", "unknown"]
router = APIRouter(include_in_schema=False)


@router.get("/sla", response_class=HTMLResponse)
def mesh_page(
    request: Request,
    settings: CurrentSettings,
    kept: CurrentKept,
    window: Window = "7d",
    domain: str = "",
    state: State = "",
) -> HTMLResponse:
    """The service levels of the mesh in a window, and whether the gate to more domains is open."""
    mesh = mesh_of(kept, settings)
    found = kept.get(f"sla {window}", lambda: overview(settings, mesh_of(kept, settings), window), seconds=SECONDS)
    return render(
        request,
        "sla.html",
        found=found,
        levels=found.of(domain, state),
        asked={"window": window, "domain": domain, "state": state},
        windows=tuple(WINDOWS),
        products=len(mesh.products),
        sla=sla_view,
        wording=wording,
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
        wording=wording,
    )


def _address(text: str) -> Address:
    try:
        return Address.parse(text)
    except (ValueError, MeshError) as error:
        raise HTTPException(404, f"{text} is no address of a product: {error}") from None
