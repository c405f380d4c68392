"""What the mesh's policies say to the products of a plan. They are evaluated only where there are any."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mesh_orchestration.contract.mesh import Mesh
from mesh_orchestration.contract.model import DataProduct
from mesh_orchestration.errors import PolicyError
from mesh_orchestration.settings import Settings

if TYPE_CHECKING:
    from mesh_orchestration.governance.decide import Verdict


@dataclass(frozen=True)
class Decision:
    """The ``verdicts`` of the policies, None where there are no rules; ``trouble`` says why nothing was decided."""

    verdicts: tuple[Verdict, ...] | None = None
    trouble: str = ""


def decide(settings: Settings, mesh: Mesh, products: Sequence[DataProduct]) -> Decision:
    """The verdicts on ``products``, as they stand in ``mesh``; a bundle that cannot be evaluated is ``trouble``."""
    from mesh_orchestration.governance.bundle import policy_files

    if not policy_files(settings.root):
        return Decision()
    if not products:
        return Decision(())
    from mesh_orchestration.governance.guardrails import Guardrails

    try:
        with Guardrails(settings) as guardrails:
            return Decision(guardrails.products(mesh, products))
    except PolicyError as error:
        return Decision((), str(error))
