"""The whole mesh as one set of definitions, for the ``dg`` command; ``workspace.yaml`` loads it in parts."""

# No postponed annotations here: Dagster reads the return type.
import dagster as dg

from mesh_orchestration import locations
from mesh_orchestration.contract.mesh import load_mesh
from mesh_orchestration.settings import Settings


@dg.definitions  # type: ignore[untyped-decorator]  # dagster is not type-checked here
def defs() -> dg.Definitions:
    """Every domain and the platform, merged; raises ContractError when any domain is broken."""
    mesh = load_mesh(Settings.load()).require()
    return dg.Definitions.merge(*(getattr(locations, name) for name in (*mesh.domains, locations.PLATFORM)))
