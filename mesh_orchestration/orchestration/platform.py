"""The code location ``platform``: alerts, lineage, SLAs, upkeep and the example's source. It imports no dbt."""

from __future__ import annotations

import dagster as dg

from mesh_orchestration.contract.address import Address
from mesh_orchestration.incidents.notice import Serving
from mesh_orchestration.orchestration.platform_alerts import alert_sensor
from mesh_orchestration.orchestration.platform_lineage import lineage_sensor
from mesh_orchestration.orchestration.platform_sla import sla_sensor
from mesh_orchestration.orchestration.platform_upkeep import replay_sensor, upkeep_job, upkeep_schedule
from mesh_orchestration.settings import Settings


def definitions(settings: Settings) -> dg.Definitions:
    """Everything that serves the whole mesh and belongs to no domain."""
    job = upkeep_job(settings)
    optional = (lineage_sensor(settings), replay_sensor(settings))
    return dg.Definitions(
        jobs=[job],
        schedules=[upkeep_schedule(settings, job)],
        sensors=[
            alert_sensor(settings, lambda address: serving(settings, address)),
            sla_sensor(settings),
            *(sensor for sensor in optional if sensor),
        ],
        executor=dg.in_process_executor,
    )


def serving(settings: Settings, address: str) -> Serving | None:
    """The snapshot that consumers of ``address`` read now; None before the first publication. Raises
    StorageError when the warehouse cannot be read."""
    from mesh_orchestration.storage.catalog import open_lake
    from mesh_orchestration.storage.snapshots import published

    with open_lake(settings) as lake:
        snapshot = published(lake, Address.parse(address))
    return Serving(snapshot.snapshot_id, snapshot.timestamp.timestamp()) if snapshot else None
