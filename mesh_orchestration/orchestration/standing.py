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
    from mesh_orchestration.publication.moves import Refusal
    from mesh_orchestration.storage.catalog import open_lake
    from mesh_orchestration.storage.snapshots import MAIN

    with open_lake(settings) as lake:
        table = lake.table(address)
    refused = Refusal.of(table.metadata.properties) if table else None
    head = table.metadata.refs.get(MAIN) if table else None
    return refused.reasons if refused and refused.base == (head.snapshot_id if head else None) else ()
