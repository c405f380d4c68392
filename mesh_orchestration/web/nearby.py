"""The picture of what is next to a product: what it reads, and who reads it."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import Connection

from mesh_orchestration.catalog.products import ProductDetail, summaries
from mesh_orchestration.contract.address import Address
from mesh_orchestration.settings import Settings
from mesh_orchestration.web.graph import Card, Line, Picture, draw
from mesh_orchestration.web.lineage_view import Looks

MOST = 12
"""Cards of a side; the lineage page shows all."""


def nearby(conn: Connection, settings: Settings, detail: ProductDetail) -> Picture:
    """One step up and down from a product, declared sources and consumers outside the mesh included."""
    looks = Looks(conn, settings)
    here = detail.product.address

    known = summaries(conn, (here, *detail.reads, *detail.read_by), now=looks.now)

    def card(address: str) -> Card:
        found = looks.card(looks.node(Address.parse(address)), f"/products/{address}", known.get(address))
        return replace(found, key=address, chosen=address == here)

    above = [card(one) for one in detail.reads]
    above += [
        Card(f"input {port.name}", port.name, "outside", port.type, -1)
        for port in detail.contract.inputs
        if port.type != "data-product"
    ]
    below = [card(one) for one in detail.read_by]
    below += [Card(f"exposure {one.name}", one.name, "outside", one.type or "exposure", -1) for one in detail.exposures]
    below += [
        Card(f"consumer {number}", one.name, "outside", one.type, -1)
        for number, one in enumerate(detail.contract.spec.consumers)
    ]
    above, below = above[:MOST], below[:MOST]
    lines = [Line(one.key, here) for one in above] + [Line(here, one.key) for one in below]
    return draw([*above, card(here), *below], lines)
