"""The JSON Schema of contracts, for editors."""

from __future__ import annotations

from collections.abc import Iterator

from mesh_orchestration.compile.json_schema import SCHEMA_FILE, contract_schema_text
from mesh_orchestration.contract.mesh import Mesh

PLACES = (str(SCHEMA_FILE),)


def files(_: Mesh) -> Iterator[tuple[str, str]]:
    """One file for all contracts; it follows from the code alone."""
    yield str(SCHEMA_FILE), contract_schema_text()
