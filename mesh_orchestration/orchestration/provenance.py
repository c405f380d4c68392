"""From what a mart was built: the state of the landing tables when dbt began, kept with Dagster's events.

A publication names these states, not what has landed since, so its lineage is exact.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import dagster as dg

from mesh_orchestration.engines.base import Engine

METADATA_KEY = "mesh/inputs"


def landed(engine: Engine, ports: Iterable[str]) -> dict[str, dict[str, str]]:
    """What each port holds now: ``snapshot`` (the Iceberg snapshot, when it is another product),
    ``watermark`` and ``batch`` of its newest batch, ``rows`` of all of them. The engine must be open."""
    state: dict[str, dict[str, str]] = {}
    for port in ports:
        entries = engine.ledger(port)
        if entries:
            newest = entries[-1]
            snapshot = "" if newest.snapshot_id is None else str(newest.snapshot_id)
            rows = str(sum(entry.rows for entry in entries))
            found = {"snapshot": snapshot, "watermark": newest.watermark, "batch": newest.batch, "rows": rows}
            state[port] = {key: value for key, value in found.items() if value}
    return state


def built_from(instance: dg.DagsterInstance, mart: dg.AssetKey) -> Mapping[str, Mapping[str, str]] | None:
    """The landing state the mart was last built from; None when no run of dbt told."""
    event = instance.get_latest_materialization_event(mart)
    materialization = event.asset_materialization if event else None
    value: Any = materialization.metadata.get(METADATA_KEY) if materialization else None
    return value.data if isinstance(value, dg.JsonMetadataValue) else None
