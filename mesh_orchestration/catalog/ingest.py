"""Taking events: validated, kept once, durable before the answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mesh_orchestration.catalog.store import Catalog


@dataclass(frozen=True)
class Refused:
    """Which event of the list was not taken, and why."""

    index: int
    reason: str


@dataclass(frozen=True)
class Ingested:
    """How many events were new, how many were known before; those refused leave no trace."""

    accepted: int
    repeated: int
    refused: tuple[Refused, ...]


def ingest(catalog: Catalog, documents: Sequence[Mapping[str, Any]]) -> Ingested:
    """Take OpenLineage events (RunEvent, JobEvent, DatasetEvent); what was accepted is durable when this returns.

    The same event may come again, late and in any order. Raises StorageError when the catalog cannot be used.
    """
    raise NotImplementedError
