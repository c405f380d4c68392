"""The code location ``platform``: incidents, lineage, SLAs, anomalies, catalog, upkeep, the example's source."""

from __future__ import annotations

from functools import partial

import dagster as dg

import mesh_orchestration.storage.database  # noqa: F401 (before the sensors' threads: it says why)
from mesh_orchestration.incidents.about import served
from mesh_orchestration.orchestration.platform_anomalies import anomaly_sensor
from mesh_orchestration.orchestration.platform_catalog import catalog_sensor
from mesh_orchestration.orchestration.platform_incidents import incident_sensor
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
            incident_sensor(settings, partial(served, settings)),
            sla_sensor(settings),
            anomaly_sensor(settings),
            catalog_sensor(settings),
            *(sensor for sensor in optional if sensor),
        ],
        executor=dg.in_process_executor,
    )
