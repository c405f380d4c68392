"""``/impact``: what breaks if a column changes, and whom to talk to before."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Query, Request
from fastapi.responses import HTMLResponse
from pydantic import BaseModel, Field

from mesh_orchestration.contract.model import DataProduct
from mesh_orchestration.errors import MeshError
from mesh_orchestration.impact.readers import Readers, Use
from mesh_orchestration.web.context import CurrentCatalog, CurrentSettings
from mesh_orchestration.web.kept import CurrentKept, readers_of
from mesh_orchestration.web.lineage_view import Asked, Looks, view
from mesh_orchestration.web.pages import Entry, render
from mesh_orchestration.web.what_if import KINDS, NEEDS_WORD, Kind, impact, proposed

NAV = Entry("Impact", "/impact", 50, "i")
STEPS = 4
router = APIRouter(include_in_schema=False)
Text = Annotated[str, Field(max_length=300)]


class Question(BaseModel):
    """What the address of the page says: the product, its column, and what is to happen to it."""

    product: Text = ""
    column: Text = ""
    change: Kind = "remove"
    to: Text = ""


@router.get("/impact", response_class=HTMLResponse)
def page(
    request: Request,
    catalog: CurrentCatalog,
    settings: CurrentSettings,
    kept: CurrentKept,
    query: Annotated[Question, Query()],
) -> HTMLResponse:
    """Who reads a product, column by column; for one column what a change of it would break."""
    reading = readers_of(kept, settings)
    values: dict[str, Any] = {"asked": query, "kinds": KINDS, "addresses": sorted(map(str, reading.mesh.products))}
    if not query.product:
        return render(request, "impact.html", **values, product=None, answer=None, problem="")
    try:
        product = reading.mesh.product(query.product)
    except MeshError as error:
        raise HTTPException(404, str(error)) from None
    if not query.column:
        by_column = _by_column(reading, product)
        return render(request, "impact.html", **values, product=product, answer=None, problem="", readers_of=by_column)
    if query.column not in product.columns:
        raise HTTPException(404, f"{product.address} has no column {query.column!r}")
    try:
        after = _after(product, query)
    except MeshError as error:
        return render(request, "impact.html", **values, product=product, answer=None, problem=str(error))
    with catalog.reading() as conn:
        looks = Looks(conn, settings)
        answer = impact(conn, looks, reading, before=product, after=after, column=query.column)
        asked = Asked(looks.node(product.address), 0, STEPS, columns=True, column=query.column)
        graph = view(conn, looks, asked)
    return render(
        request,
        "impact.html",
        **values,
        product=product,
        answer=answer,
        problem="",
        graph=graph.picture,
    )


def _after(product: DataProduct, query: Question) -> DataProduct:
    if query.change in NEEDS_WORD and not query.to:
        raise MeshError(f"say what {query.column} {KINDS[query.change]}")
    return proposed(product, query.column, query.change, query.to)


def _by_column(reading: Readers, product: DataProduct) -> dict[str, tuple[Use, ...]]:
    uses = reading.of(product.address)
    return {name: tuple(use for use in uses if use.read(name)) for name in product.columns}
