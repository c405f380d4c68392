"""``/products/ADDRESS/versions``: two versions of a contract side by side, and what that means for its readers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, HTTPException, Query, Request
from fastapi.responses import HTMLResponse
from pydantic import BaseModel, Field
from sqlalchemy import Connection

from mesh_orchestration.catalog.products import Version, product, versions
from mesh_orchestration.contract.address import Address
from mesh_orchestration.web.context import CurrentCatalog, CurrentSettings
from mesh_orchestration.web.diff import compared
from mesh_orchestration.web.pages import render

router = APIRouter(include_in_schema=False)
Hash = Annotated[str, Field(max_length=100)]


class Question(BaseModel):
    """The two versions by the beginnings of their hashes; the newest and the one before it where none is given."""

    old: Hash = ""
    new: Hash = ""


@router.get("/products/{address}/versions", response_class=HTMLResponse)
def page(
    request: Request,
    catalog: CurrentCatalog,
    settings: CurrentSettings,
    address: str,
    query: Annotated[Question, Query()],
) -> HTMLResponse:
    """Compare two versions of a product's contract, also those of its earlier majors."""
    with catalog.reading() as conn:
        detail = product(conn, address, now=settings.now())
        if detail is None:
            raise HTTPException(404, f"there is no product {address}")
        known = _family(conn, Address.parse(detail.product.address))
    new = _chosen(known, query.new, 0)
    old = _chosen(known, query.old, known.index(new) + 1 if new in known else 1)
    return render(
        request,
        "versions.html",
        product=detail.product,
        known=known,
        old=old,
        new=new,
        compared=compared(old, new) if old and new else None,
    )


def _family(conn: Connection, address: Address) -> tuple[Version, ...]:
    """The versions of this major and of those before it, newest first."""
    majors = (Address(address.domain, address.product, major) for major in range(address.major, 0, -1))
    return tuple(version for one in majors for version in versions(conn, str(one)))


def _chosen(known: Sequence[Version], beginning: str, otherwise: int) -> Version | None:
    if beginning:
        found = next((one for one in known if one.hash.startswith(beginning)), None)
        if found is None:
            raise HTTPException(404, f"no version of the contract has the hash {beginning}")
        return found
    return known[otherwise] if otherwise < len(known) else None
