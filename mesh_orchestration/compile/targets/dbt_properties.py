"""The dbt properties of each domain's project: sources for its inputs, enforced contracts for its marts."""

from __future__ import annotations

from collections.abc import Iterator

from mesh_orchestration.compile.dbt import dbt_properties, properties_file
from mesh_orchestration.contract.mesh import Mesh

PLACES = (properties_file("*"),)


def files(mesh: Mesh) -> Iterator[tuple[str, str]]:
    """One file a domain."""
    for domain in mesh.sound:
        yield properties_file(domain), dbt_properties(mesh, domain)
