"""Ratings and comments: forms of the product's page, for callers with the right ``feedback``."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Form, HTTPException
from fastapi.responses import RedirectResponse

from mesh_orchestration.catalog import feedback
from mesh_orchestration.errors import MeshError
from mesh_orchestration.web.context import CurrentCatalog, CurrentSettings
from mesh_orchestration.web.routes.product_page import known
from mesh_orchestration.web.security.callers import CurrentCaller, may
from mesh_orchestration.web.security.csrf import verified_form

router = APIRouter(include_in_schema=False, dependencies=[Depends(may("feedback")), Depends(verified_form)])


@router.post("/products/{address}/rating")
def rate(
    address: str,
    stars: Annotated[int, Form()],
    settings: CurrentSettings,
    catalog: CurrentCatalog,
    caller: CurrentCaller,
) -> RedirectResponse:
    """Give one to five stars in place of those given before."""
    with catalog.writing() as connection:
        name = known(connection, settings, address).product.address
        try:
            feedback.rate(connection, name, stars, who=caller.who, at=settings.now())
        except MeshError as error:
            raise HTTPException(422, str(error)) from None
    return _back(name)


@router.post("/products/{address}/comments")
def comment(
    address: str,
    text: Annotated[str, Form(max_length=20_000)],
    settings: CurrentSettings,
    catalog: CurrentCatalog,
    caller: CurrentCaller,
) -> RedirectResponse:
    """Write a comment."""
    with catalog.writing() as connection:
        name = known(connection, settings, address).product.address
        try:
            feedback.comment(connection, name, text, who=caller.who, at=settings.now())
        except MeshError as error:
            raise HTTPException(422, str(error)) from None
    return _back(name)


@router.post("/products/{address}/comments/{number}/withdraw")
def withdraw(address: str, number: int, catalog: CurrentCatalog, caller: CurrentCaller) -> RedirectResponse:
    """Take one's own comment back."""
    with catalog.writing() as connection:
        if not feedback.withdraw(connection, address, number, who=caller.who):
            raise HTTPException(404, "there is no such comment of yours")
    return _back(address)


def _back(address: str) -> RedirectResponse:
    return RedirectResponse(f"/products/{address}#feedback", 303)
