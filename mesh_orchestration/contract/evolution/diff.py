"""The difference of two versions of a contract."""

from __future__ import annotations

from mesh_orchestration.contract.evolution.about import about_changes
from mesh_orchestration.contract.evolution.change import Change
from mesh_orchestration.contract.evolution.fields import field_changes
from mesh_orchestration.contract.evolution.interfaces import interface_changes
from mesh_orchestration.contract.evolution.quality import check_changes
from mesh_orchestration.contract.evolution.renames import renames
from mesh_orchestration.contract.evolution.service import service_changes
from mesh_orchestration.contract.model import DataProduct


def changes(old: DataProduct, new: DataProduct) -> tuple[Change, ...]:
    """Every difference of ``new`` to ``old``, columns first; empty when both say the same.

    The version is no change by itself, and neither is another spelling of the same thing (``int`` for
    ``integer``, ``60m`` for ``1h``).
    """
    if old is new or old.fingerprint == new.fingerprint:
        return ()
    return (
        *field_changes(old, new),
        *check_changes(old, new, renames(old, new)),
        *service_changes(old, new),
        *interface_changes(old, new),
        *about_changes(old, new),
    )
