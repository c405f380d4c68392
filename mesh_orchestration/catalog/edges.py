"""Who reads whom: products through ports, and through models within a domain; and exposures."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from sqlalchemy import Connection, delete, insert

from mesh_orchestration.catalog.contracts import write_edges
from mesh_orchestration.catalog.marks import read_mark, write_mark
from mesh_orchestration.catalog.store import Catalog
from mesh_orchestration.catalog.tables_products import EXPOSURES
from mesh_orchestration.contract.address import Address
from mesh_orchestration.contract.mesh import Mesh
from mesh_orchestration.impact.readers import Use, readers
from mesh_orchestration.impact.stamp import stamp_of
from mesh_orchestration.settings import Settings

_MARK = "edges"


def project_edges(settings: Settings, catalog: Catalog, mesh: Mesh) -> None:
    """Bring who reads which product to what contracts and models say; models are read only when one of them, or a
    contract, is another than the last time. Raises StorageError."""
    now = _stamp(settings, mesh)
    with catalog.reading() as conn:
        if read_mark(conn, _MARK) == now:
            return
    found = readers(mesh, settings.root, settings.home)
    pairs, exposures = found.between_products(), found.exposures()
    with catalog.writing() as conn:
        write_edges(conn, pairs)
        _write_exposures(conn, exposures)
        write_mark(conn, _MARK, now)


def _write_exposures(conn: Connection, exposures: Iterable[tuple[Address, Use]]) -> None:
    rows = {
        (str(address), use.consumer): {"type": use.type, "owner": use.owner, "url": use.url}
        for address, use in exposures
    }
    conn.execute(delete(EXPOSURES))
    if rows:
        said = [{"source": source, "consumer": consumer, **rest} for (source, consumer), rest in sorted(rows.items())]
        conn.execute(insert(EXPOSURES), said)


def _stamp(settings: Settings, mesh: Mesh) -> str:
    said = [f"{address} {product.fingerprint}" for address, product in mesh.products.items()]
    return hashlib.sha256("\n".join([*said, stamp_of(settings.dbt_dir)]).encode()).hexdigest()
