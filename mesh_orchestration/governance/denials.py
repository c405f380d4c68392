"""Which products must not be run, because a policy denies their contract."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mesh_orchestration.contract.address import Address
from mesh_orchestration.contract.mesh import Mesh
from mesh_orchestration.contract.model import DataProduct
from mesh_orchestration.errors import PolicyError
from mesh_orchestration.governance.bundle import policy_files
from mesh_orchestration.governance.guardrails import Guardrails
from mesh_orchestration.settings import Settings


def denials(settings: Settings, mesh: Mesh, products: Sequence[DataProduct]) -> Mapping[Address, tuple[str, ...]]:
    """For each denied product one sentence a denial; all are denied when the policies cannot be evaluated."""
    if not policy_files(settings.root):
        return {}
    try:
        with Guardrails(settings) as guardrails:
            verdicts = guardrails.products(mesh, products)
    except PolicyError as error:
        return {product.address: (f"the policies cannot be evaluated, which denies: {error}",) for product in products}
    found: dict[Address, tuple[str, ...]] = {}
    for verdict in verdicts:
        if verdict.denies:
            address = Address.parse(verdict.subject)
            found[address] = (*found.get(address, ()), f"policy {verdict} ({verdict.fix})")
    return found
