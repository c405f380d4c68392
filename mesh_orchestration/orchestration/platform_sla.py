"""The SLA sensor: looks at every product again and again, and writes down how it stands."""

from __future__ import annotations

import dagster as dg

from mesh_orchestration.contract.mesh import load_mesh
from mesh_orchestration.settings import Settings
from mesh_orchestration.sla.promises import every

SENSOR = "sla"


def sla_sensor(settings: Settings) -> dg.SensorDefinition:
    """The sensor ``sla``: on from the start, every MESH_SLA_SECONDS (60). It keeps no cursor at Dagster: how far it
    has come is written in the ledger, in one transaction with what it found."""

    def sla() -> dg.SkipReason:
        from mesh_orchestration.sla.ledger import open_ledger
        from mesh_orchestration.sla.record import record

        with open_ledger(settings) as ledger:
            done = record(settings, load_mesh(settings), ledger)
        broken = f": {', '.join(done.broken)}" if done.broken else ""
        return dg.SkipReason(
            f"{done.products} products, {done.publications} new publications, {len(done.broken)} broken{broken}"
        )

    return dg.sensor(
        name=SENSOR,
        minimum_interval_seconds=int(every(settings).total_seconds()),
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Writes into the SLA ledger what each product promised and kept.",
    )(sla)
