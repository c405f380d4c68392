"""Who reads whom among products: through ports, and through models within a domain."""

from __future__ import annotations

import hashlib

from mesh_orchestration.catalog.contracts import write_edges
from mesh_orchestration.catalog.marks import read_mark, write_mark
from mesh_orchestration.catalog.store import Catalog
from mesh_orchestration.contract.mesh import Mesh
from mesh_orchestration.impact.readers import readers
from mesh_orchestration.impact.stamp import stamp_of
from mesh_orchestration.settings import Settings

_MARK = "edges"


def project_edges(settings: Settings, catalog: Catalog, mesh: Mesh) -> None:
    """Bring the edges between products to what contracts and models say; models are read only when one of them, or a
    contract, is another than the last time. Raises StorageError."""
    now = _stamp(settings, mesh)
    with catalog.reading() as conn:
        if read_mark(conn, _MARK) == now:
            return
    pairs = readers(mesh, settings.root, settings.home).between_products()
    with catalog.writing() as conn:
        write_edges(conn, pairs)
        write_mark(conn, _MARK, now)


def _stamp(settings: Settings, mesh: Mesh) -> str:
    said = [f"{address} {product.fingerprint}" for address, product in mesh.products.items()]
    return hashlib.sha256("\n".join([*said, stamp_of(settings.dbt_dir)]).encode()).hexdigest()
