"""The anomaly sensor: measures what was published, and says what is unlike its history. It never stops anything."""

from __future__ import annotations

import dagster as dg

from mesh_orchestration.contract.mesh import load_mesh
from mesh_orchestration.settings import Settings

SENSOR = "anomalies"


def anomaly_sensor(settings: Settings) -> dg.SensorDefinition:
    """The sensor ``anomalies``: on from the start, every MESH_ANOMALY_SECONDS (60). How far it has come is written
    with what it found, so it keeps no cursor at Dagster; what does not fit into a tick is left to the next."""

    def anomalies() -> dg.SkipReason:
        from mesh_orchestration.anomalies.look import look
        from mesh_orchestration.anomalies.store import open_store

        with open_store(settings) as store:
            done = look(settings, load_mesh(settings), store)
        found = f": {'; '.join(f'{one.key.address} {one.text}' for one in done.open)}" if done.open else ""
        more = "" if done.finished else ", more to come"
        return dg.SkipReason(
            f"{done.products} products, {done.publications} new publications{more}, {len(done.open)} anomalies{found}"
        )

    return dg.sensor(
        name=SENSOR,
        minimum_interval_seconds=max(1, settings.integer("MESH_ANOMALY_SECONDS", 60)),
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Holds each publication against its history and warns of what is unusual.",
    )(anomalies)
