"""``/lineage``: what a product is made from and what is made from it, as a graph, in tables and columns."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from pydantic import BaseModel, Field
from sqlalchemy import Connection, select

from mesh_orchestration.catalog.lineage_model import Dataset, Job, NodeKey
from mesh_orchestration.catalog.nodes import dataset, job, resolve
from mesh_orchestration.catalog.products import Product, summaries
from mesh_orchestration.catalog.store import Catalog
from mesh_orchestration.catalog.tables_products import PRODUCT_EDGES, PRODUCTS
from mesh_orchestration.contract.address import Address
from mesh_orchestration.settings import Settings
from mesh_orchestration.web.context import CurrentCatalog, CurrentSettings
from mesh_orchestration.web.graph import Card, Line, Picture, draw
from mesh_orchestration.web.kept import CurrentKept
from mesh_orchestration.web.labels import Label
from mesh_orchestration.web.lineage_view import GROUPS, SHOWS, Asked, Looks, Show, view
from mesh_orchestration.web.pages import Entry, render

NAV = Entry("Lineage", "/lineage", 40, "l")
MOST_STEPS, MOST_PRODUCTS = 8, 80
MAP_SECONDS = 10.0
Steps = Annotated[int, Field(ge=0, le=MOST_STEPS)]
Text = Annotated[str, Field(max_length=1000)]
router = APIRouter(include_in_schema=False)


class Question(BaseModel):
    """What the address of the page says; as ``Asked``, before the node is known."""

    node: Text = ""
    up: Steps = 2
    down: Steps = 2
    show: Show = "products"
    columns: bool = False
    column: Text = ""


@dataclass(frozen=True)
class About:
    """What is known of the node that a page is about, besides its place in the graph."""

    label: Label
    kind: str
    address: Address | None
    dataset: Dataset | None
    job: Job | None


@dataclass(frozen=True)
class Map:
    """The mesh as one picture."""

    picture: Picture
    products: tuple[str, ...]
    by_domain: bool


@router.get("/lineage/{address}")
def short(address: str) -> Response:
    """The page of a product, by its address."""
    return RedirectResponse(f"/lineage?node={address}", status_code=307)


@router.get("/lineage", response_class=HTMLResponse)
def page(
    request: Request,
    catalog: CurrentCatalog,
    settings: CurrentSettings,
    kept: CurrentKept,
    query: Annotated[Question, Query()],
) -> HTMLResponse:
    """The graph around a node; without one the whole mesh, or its domains when it is large."""
    if not query.node:
        whole = kept.get("lineage map", lambda: _map(catalog, settings), seconds=MAP_SECONDS)
        return render(request, "lineage_map.html", map=whole)
    with catalog.reading() as conn:
        looks = Looks(conn, settings)
        found = _node(conn, looks, query.node)
        if found is None:
            return render(request, "lineage_unknown.html", status_code=404, node=query.node)
        columns = query.columns or bool(query.column)
        asked = Asked(found, query.up, query.down, query.show, columns, query.column)
        return render(
            request,
            "lineage.html",
            asked=asked,
            about=_about(conn, looks, found),
            view=view(conn, looks, asked),
            shows=SHOWS,
            most=MOST_STEPS,
        )


def _node(conn: Connection, looks: Looks, text: str) -> NodeKey | None:
    """The node written as an address, or as ``dataset:<namespace>:<name>``."""
    try:
        return looks.node(Address.parse(text))
    except ValueError:
        return resolve(conn, text)


def _about(conn: Connection, looks: Looks, node: NodeKey) -> About:
    reads = dataset(conn, node.namespace, node.name) if node.kind == "dataset" else None
    runs = job(conn, node.namespace, node.name) if node.kind == "job" else None
    return About(looks.label(node), looks.kind(node), looks.product(node), reads, runs)


def _map(catalog: Catalog, settings: Settings) -> Map:
    """All products, or the domains when there are too many to be read in one picture."""
    with catalog.reading() as conn:
        looks = Looks(conn, settings)
        addresses: tuple[str, ...] = tuple(sorted(conn.execute(select(PRODUCTS.c.address)).scalars()))
        known = summaries(conn, addresses[:MOST_PRODUCTS], now=looks.now)
        rows = conn.execute(select(PRODUCT_EDGES.c.source, PRODUCT_EDGES.c.consumer))
        edges = [(Address.parse(row.source), Address.parse(row.consumer)) for row in rows]
    if len(addresses) > MOST_PRODUCTS:
        return Map(_domains(looks, tuple(map(Address.parse, addresses)), edges), addresses, by_domain=True)
    cards = [_product_card(looks, address, one) for address, one in known.items()]
    lines = [Line(str(looks.node(one)), str(looks.node(two))) for one, two in edges]
    return Map(draw(cards, lines), addresses, by_domain=False)


def _product_card(looks: Looks, address: str, product: Product) -> Card:
    return looks.card(looks.node(Address.parse(address)), f"/lineage?node={address}", product)


def _domains(looks: Looks, products: Sequence[Address], edges: Sequence[tuple[Address, Address]]) -> Picture:
    count = Counter(address.domain for address in products)
    cards = [
        Card(domain, domain, "domain", f"{count[domain]} products", place % GROUPS, link=f"/domains/{domain}")
        for place, domain in enumerate(looks.domains)
    ]
    between = dict.fromkeys((one.domain, two.domain) for one, two in edges)
    return draw(cards, [Line(one, two) for one, two in between])
