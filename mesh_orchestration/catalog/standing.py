"""How much the catalog knows, and whether it is behind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select

from mesh_orchestration.catalog import tables_lineage as lineage
from mesh_orchestration.catalog.marks import read_mark
from mesh_orchestration.catalog.tables_products import COLUMNS, PRODUCTS, PUBLICATIONS, SEARCH
from mesh_orchestration.contract.mesh import Mesh

PROJECTED = "projected"
"""The mark of when the projection last ended, ISO 8601."""


@dataclass(frozen=True)
class Standing:
    """How many rows of each kind there are; ``projected`` is when the catalog was last brought up to date, ``behind``
    the products whose contract it does not know as it is."""

    counts: Mapping[str, int]
    projected: datetime | None
    behind: tuple[str, ...]


def standing(conn: Connection, mesh: Mesh) -> Standing:
    """How the catalog stands to the contracts of the mesh."""
    tables = {
        "products": PRODUCTS,
        "columns": COLUMNS,
        "publications": PUBLICATIONS,
        "things to find": SEARCH,
        "datasets and jobs": lineage.nodes,
        "lineage events": lineage.events,
    }
    known = {row.address: row.hash for row in conn.execute(select(*PRODUCTS.c["address", "hash"]))}
    said = {str(address): product.fingerprint for address, product in mesh.products.items()}
    mark = read_mark(conn, PROJECTED)
    return Standing(
        counts={
            name: conn.execute(select(func.count()).select_from(table)).scalar_one() for name, table in tables.items()
        },
        projected=datetime.fromisoformat(mark) if mark else None,
        behind=tuple(address for address, digest in sorted(said.items()) if known.get(address) != digest),
    )
