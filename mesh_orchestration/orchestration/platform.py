"""The code location ``platform``: alerts, upkeep and the example's source. It imports no dbt."""

from __future__ import annotations

import dagster as dg

from mesh_orchestration.alerts.notice import Serving
from mesh_orchestration.orchestration.platform_alerts import alert_sensor
from mesh_orchestration.orchestration.platform_upkeep import replay_sensor, upkeep_job, upkeep_schedule
from mesh_orchestration.settings import Settings


def definitions(settings: Settings) -> dg.Definitions:
    """Everything that serves the whole mesh and belongs to no domain."""
    job = upkeep_job(settings)
    replay = replay_sensor(settings)
    return dg.Definitions(
        jobs=[job],
        schedules=[upkeep_schedule(settings, job)],
        sensors=[alert_sensor(settings, _serving), *([replay] if replay else [])],
        executor=dg.in_process_executor,
    )


def _serving(address: str) -> Serving | None:
    return None
