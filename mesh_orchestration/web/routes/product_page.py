"""``/products/ADDRESS``: everything about one product, and some of its rows."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from sqlalchemy import Connection

from mesh_orchestration.catalog import cost, feedback, products, publications, traits, usage
from mesh_orchestration.contract.deprecation import deprecation_of
from mesh_orchestration.contract.evolution.changelog import Release, State, releases
from mesh_orchestration.errors import AccessDenied
from mesh_orchestration.governance.access import Reader
from mesh_orchestration.settings import Settings
from mesh_orchestration.web import pictures, promises
from mesh_orchestration.web.consume import ways
from mesh_orchestration.web.context import CurrentCatalog, CurrentSettings
from mesh_orchestration.web.levels import product_levels
from mesh_orchestration.web.nearby import nearby
from mesh_orchestration.web.pages import is_fragment, render
from mesh_orchestration.web.samples import Rows, sample
from mesh_orchestration.web.security.callers import CurrentCaller, CurrentReader
from mesh_orchestration.web.troubles import oddities, troubles

router = APIRouter(include_in_schema=False)
_PUBLICATIONS, _INCIDENTS, _DAYS = 25, 20, 30


@router.get("/products/{address}")
def product(
    request: Request,
    address: str,
    settings: CurrentSettings,
    catalog: CurrentCatalog,
    caller: CurrentCaller,
) -> Response:
    """The page of one product; one named without its major leads to the newest."""
    with catalog.reading() as connection:
        detail = known(connection, settings, address)
        name = detail.product.address
        if name != address:
            return RedirectResponse(f"/products/{name}", 307)
        values = _told(connection, settings, detail) | {
            "rating": feedback.rating(connection, name),
            "mine": feedback.rating_by(connection, name, caller.who),
            "comments": feedback.comments(connection, name),
        }
    return render(
        request,
        "product.html",
        **values,
        troubles=troubles(settings, "all", subject=name, limit=_INCIDENTS),
        oddities=oddities(settings, name),
        levels=product_levels(settings, name),
        said=promises.said(detail.contract),
        promised=promises.by_column(detail.contract),
        passed={one.name: one.last.passed for one in values["checks"]},
        ways=ways(detail.contract, str(request.base_url).rstrip("/")),
        caller=caller,
        pictures=pictures,
    )


@router.get("/products/{address}/checks/{check}")
def check(
    request: Request, address: str, check: str, settings: CurrentSettings, catalog: CurrentCatalog
) -> HTMLResponse:
    """How one check went over time, and the rows that broke it, masked."""
    with catalog.reading() as connection:
        detail = known(connection, settings, address)
        found = publications.check_history(connection, detail.product.address, check=check, limit=200)
    if not found:
        raise HTTPException(404, f"{address} has no check {check!r} that was ever run")
    words = promises.said(detail.contract).get(check, "")
    return render(request, "check.html", detail=detail, check=found[0], words=words, pictures=pictures)


@router.get("/products/{address}/sample")
def rows(
    request: Request, address: str, settings: CurrentSettings, catalog: CurrentCatalog, reader: CurrentReader
) -> HTMLResponse:
    """Some rows as whoever asks may see them; a script gets the table only."""
    detail, found, problem = _sample(settings, catalog, address, reader)
    template = "sample_rows.html" if is_fragment(request) else "sample.html"
    status = 200 if found else 403
    return render(request, template, status_code=status, detail=detail, rows=found, problem=problem, reader=reader)


@router.get("/products/{address}/sample.json")
def rows_as_json(
    address: str, settings: CurrentSettings, catalog: CurrentCatalog, reader: CurrentReader
) -> JSONResponse:
    """The same as JSON; 403 with the reason when a policy denies it."""
    _, found, problem = _sample(settings, catalog, address, reader)
    if found is None:
        return JSONResponse({"code": 403, "message": problem}, 403)
    return JSONResponse(found.as_json())


def known(connection: Connection, settings: Settings, address: str) -> products.ProductDetail:
    """The product of ``address``; raises 404 with what to do when the catalog has none."""
    detail = products.product(connection, address, now=settings.now())
    if detail is None:
        raise HTTPException(404, f"there is no product {address!r} in the catalog; look for it at /search")
    return detail


def _sample(
    settings: Settings, catalog: CurrentCatalog, address: str, reader: Reader
) -> tuple[products.ProductDetail, Rows | None, str]:
    """The product with its rows, or with why the reader gets none; raises 404 when there are none to get."""
    with catalog.reading() as connection:
        detail = known(connection, settings, address)
    if detail.product.snapshot is None:
        raise HTTPException(404, f"nothing of {detail.product.address} is published yet")
    try:
        return detail, sample(settings, detail.contract, reader), ""
    except AccessDenied as error:
        return detail, None, str(error)


def _told(connection: Connection, settings: Settings, detail: products.ProductDetail) -> dict[str, Any]:
    """What the catalog itself knows of a product."""
    name, now = detail.product.address, settings.now()
    return {
        "detail": detail,
        "product": detail.product,
        "contract": detail.contract,
        "traits": traits.traits(connection, name),
        "releases": _releases(connection, name),
        "publications": publications.publications(connection, name, limit=_PUBLICATIONS),
        "checks": publications.check_history(connection, name),
        "usage": usage.usage(connection, name, now=now, days=_DAYS),
        "nearby": nearby(connection, settings, detail),
        "cost": cost.cost(connection, name, now=now, days=_DAYS),
        "ending": deprecation_of(detail.contract, products.majors(connection, detail.contract)),
        "names": products.titles(connection, (*detail.reads, *detail.read_by)),
    }


def _releases(connection: Connection, address: str) -> tuple[Release, ...]:
    """The versions of a contract, newest first, each with what it changed."""
    states = [
        State(one.contract, one.at, one.commit)
        for one in reversed(products.versions(connection, address))
        if one.contract is not None
    ]
    return releases(states)
