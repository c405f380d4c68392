"""Whether anybody reads the example source: a mesh of its own is not given a grocer's year."""

from __future__ import annotations

from mesh_orchestration.contract.mesh import load_mesh
from mesh_orchestration.contract.ports import batch
from mesh_orchestration.replay.tables import TABLES
from mesh_orchestration.settings import Settings


def is_read(settings: Settings) -> bool:
    """Whether a batch port of the mesh takes files of one of the source's tables."""
    taken = {f"{table}/*.parquet" for table in TABLES}
    ports = (port for product in load_mesh(settings).products.values() for port in product.inputs)
    return any(batch(port).path in taken for port in ports if port.type == "batch")
