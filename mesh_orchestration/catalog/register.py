"""Registering: a contract that somebody sent becomes a product of the catalog, and can be found at once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select

from mesh_orchestration.catalog.contracts import State, write_product, write_versions
from mesh_orchestration.catalog.search_index import index_products
from mesh_orchestration.catalog.tables_products import DOMAINS, PRODUCT_EDGES, PRODUCTS
from mesh_orchestration.contract.model import DataProduct
from mesh_orchestration.contract.ports import upstream
from mesh_orchestration.errors import MeshError


@dataclass(frozen=True)
class Registration:
    """What registering a contract did: the product is new to the catalog, its contract changed, or neither."""

    address: str
    created: bool
    changed: bool


def register(conn: Connection, product: DataProduct, *, at: datetime) -> Registration:
    """Take a contract that somebody sent at ``at``. Raises MeshError when a contract of this mesh has its address, or
    when the version that is known says something else."""
    address = str(product.address)
    row = conn.execute(
        select(*PRODUCTS.c["hash", "origin", "version", "file"]).where(PRODUCTS.c.address == address)
    ).one_or_none()
    if row and row.hash == product.fingerprint:
        return Registration(address, created=False, changed=False)
    if row and row.origin == "contract":
        raise MeshError(f"{address} is a contract of this mesh, in {row.file}; change it there")
    if row and row.version == product.version:
        raise MeshError(
            f"{address} {product.version} is registered already and says something else; give the change a new version"
        )
    write_product(conn, product, "registered", new=row is None)
    conn.execute(delete(PRODUCT_EDGES).where(PRODUCT_EDGES.c.consumer == address))
    sources = {str(source) for port in product.inputs if (source := upstream(port))}
    if sources:
        conn.execute(insert(PRODUCT_EDGES), [{"consumer": address, "source": source} for source in sorted(sources)])
    if not conn.execute(select(DOMAINS).where(DOMAINS.c.name == product.domain)).first():
        conn.execute(insert(DOMAINS).values(name=product.domain, problem=""))
    write_versions(conn, address, [State(product, at)])
    index_products(conn, [address])
    return Registration(address, created=row is None, changed=True)
