"""How contracts evolve: what changed between two versions, whom it concerns, and which version it needs."""

from mesh_orchestration.contract.evolution.change import BUMPS, Bump, Change, Level
from mesh_orchestration.contract.evolution.diff import changes
from mesh_orchestration.contract.evolution.verdict import Verdict, verdict

__all__ = ["BUMPS", "Bump", "Change", "Level", "Verdict", "changes", "verdict"]
