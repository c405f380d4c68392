"""What the mesh's policies say to what a plan changes. They are evaluated only where there are any."""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mesh_orchestration.contract.mesh import Mesh
from mesh_orchestration.contract.model import DataProduct
from mesh_orchestration.errors import PolicyError, Problem
from mesh_orchestration.settings import Settings

if TYPE_CHECKING:
    from mesh_orchestration.governance.decide import Verdict


@dataclass(frozen=True)
class Decision:
    """The ``verdicts`` of the policies, None where there are no rules; ``trouble`` says why nothing was decided."""

    verdicts: tuple[Verdict, ...] | None = None
    trouble: tuple[Problem, ...] = ()


def decide(
    settings: Settings, mesh: Mesh, products: Sequence[DataProduct], subjects: Set[str] | None = None
) -> Decision:
    """The verdicts on ``products``, as they stand in ``mesh``, and on the files of ``subjects`` (domains, the platform,
    deployments; all when None); a bundle that cannot be evaluated is ``trouble``."""
    from mesh_orchestration.governance.bundle import policy_files

    if not policy_files(settings.root):
        return Decision()
    if not products and subjects is not None and not subjects:
        return Decision(())
    from mesh_orchestration.governance.findings import problems_in
    from mesh_orchestration.governance.guardrails import Guardrails

    try:
        with Guardrails(settings) as guardrails:
            return Decision((*guardrails.products(mesh, products), *guardrails.files(mesh, subjects)))
    except PolicyError as error:
        return Decision((), problems_in(error))
