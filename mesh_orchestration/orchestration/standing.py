"""Where a product stands for its consumers: published or not, and why the newest attempt was refused."""

from __future__ import annotations

from mesh_orchestration.contract.address import Address
from mesh_orchestration.settings import Settings


def is_published(settings: Settings, address: Address) -> bool:
    """Whether consumers can read the product; raises StorageError when the catalog cannot be reached."""
    from mesh_orchestration.storage.catalog import open_lake
    from mesh_orchestration.storage.snapshots import published

    with open_lake(settings) as lake:
        return published(lake, address) is not None


def refusal(settings: Settings, address: Address) -> tuple[str, ...]:
    """The reasons of the newest refusal; nothing when the product was published after it, or never refused.

    Raises StorageError when the catalog cannot be reached.
    """
    from mesh_orchestration.storage.catalog import open_lake
    from mesh_orchestration.storage.snapshots import published, rejected

    with open_lake(settings) as lake:
        refused, current = rejected(lake, address), published(lake, address)
    if not refused or (current is not None and current.timestamp > refused[0].timestamp):
        return ()
    return refused[0].reasons
