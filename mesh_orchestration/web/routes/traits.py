"""``/traits``: the six traits of every product, scored from evidence, with what to do about each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse
from sqlalchemy import Connection

from mesh_orchestration.catalog.products import Product, Wanted, products
from mesh_orchestration.catalog.products import domains as domains_of
from mesh_orchestration.catalog.traits import TRAITS, Trait, traits
from mesh_orchestration.web.context import CurrentCatalog, CurrentSettings
from mesh_orchestration.web.pages import render

LIMIT = 50
router = APIRouter(include_in_schema=False)


@dataclass(frozen=True)
class Scored:
    """A product with its traits, in the order of ``TRAITS``."""

    product: Product
    traits: tuple[Trait, ...]

    @property
    def score(self) -> float:
        return sum(one.score for one in self.traits) / len(self.traits) if self.traits else 0.0

    @property
    def reasons(self) -> tuple[str, ...]:
        """What to do, from the trait that lacks most."""
        return tuple(reason for one in sorted(self.traits, key=lambda one: one.score) for reason in one.reasons)


@router.get("/traits", response_class=HTMLResponse)
def page(
    request: Request,
    catalog: CurrentCatalog,
    settings: CurrentSettings,
    domain: str = "",
    offset: Annotated[int, Query(ge=0)] = 0,
) -> HTMLResponse:
    """The products of a domain, or of all, each with its six scores and their reasons."""
    now = settings.now()
    with catalog.reading() as conn:
        found = products(conn, Wanted(domain=domain), now=now, limit=LIMIT, offset=offset)
        scored = tuple(_scored(conn, one) for one in found.products)
        names = tuple(one.name for one in domains_of(conn, now=now))
    return render(
        request,
        "traits.html",
        scored=scored,
        means=[_mean([one.traits[place].score for one in scored if one.traits]) for place in range(len(TRAITS))],
        words=TRAITS,
        domains=names,
        asked={"domain": domain, "offset": offset},
        total=found.total,
        limit=LIMIT,
    )


def _scored(conn: Connection, product: Product) -> Scored:
    return Scored(product, traits(conn, product.address))


def _mean(values: list[float]) -> float | None:
    return sum(values) / len(values) if values else None
