"""The catalog sensor: keeps what the mesh holds fresh in the catalog; and the rebuild, which writes all of it anew."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import dagster as dg

from mesh_orchestration.contract.mesh import load_mesh
from mesh_orchestration.settings import Settings

if TYPE_CHECKING:
    from mesh_orchestration.catalog.project import Projected
    from mesh_orchestration.catalog.store import Catalog

SENSOR = "catalog"
_RECENT = timedelta(days=2)
"""For how long after a publication its run may still be going on, or be asked for what it took."""


@dataclass(frozen=True)
class Rebuilt:
    """What a rebuild wrote: what the mesh holds, run times, and lineage events that were told anew and were new."""

    projected: Projected
    timed: int
    events: int
    new_events: int


def catalog_sensor(settings: Settings) -> dg.SensorDefinition:
    """The sensor ``catalog``: on from the start, every MESH_CATALOG_SECONDS (30). It keeps no cursor at Dagster: how
    far it has come stands in the catalog, in one transaction with what it wrote."""

    def catalog(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        from mesh_orchestration.catalog.store import open_catalog

        with open_catalog(settings) as catalog:
            done, timed = refresh(settings, catalog, context.instance, since=settings.now() - _RECENT)
        troubles = f"; not read: {'; '.join(done.troubles)}" if done.troubles else ""
        return dg.SkipReason(
            f"{done.contracts} contracts, {done.attempts} publications, {done.reads} reads, {timed} run times and "
            f"{done.indexed} things to find are new{troubles}"
        )

    return dg.sensor(
        name=SENSOR,
        minimum_interval_seconds=settings.integer("MESH_CATALOG_SECONDS", 30),
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Brings contracts, publications, usage and cost into the catalog, and what they say into search.",
    )(catalog)


def refresh(
    settings: Settings, catalog: Catalog, instance: dg.DagsterInstance, *, since: datetime | None = None
) -> tuple[Projected, int]:
    """Bring the catalog to what is true now; returns what was new, and how many runs since then were timed. Raises
    StorageError when the catalog or the log of decisions cannot be used."""
    from mesh_orchestration.catalog.project import project

    done = project(settings, catalog, load_mesh(settings))
    return done, time_runs(catalog, instance, since=since)


def rebuild(settings: Settings, catalog: Catalog, instance: dg.DagsterInstance) -> Rebuilt:
    """Write anew what contracts, Iceberg, the log of decisions and the event log say. What others told of (lineage of
    other producers, registered contracts, comments, tokens) stays, and so do publications that Iceberg let go."""
    from mesh_orchestration.catalog.ingest import ingest
    from mesh_orchestration.catalog.project import clear
    from mesh_orchestration.orchestration.lineage_log import documents

    with catalog.writing() as conn:
        clear(conn)
    events = new = 0
    for part in documents(settings, instance):
        events += len(part)
        new += ingest(catalog, part).accepted
    projected, timed = refresh(settings, catalog, instance)
    return Rebuilt(projected, timed, events, new)


def time_runs(catalog: Catalog, instance: dg.DagsterInstance, *, since: datetime | None = None) -> int:
    """Write what the runs that published since then took; returns how many. A run that goes on is asked later."""
    from mesh_orchestration.catalog.cost import untimed, write_costs

    with catalog.reading() as conn:
        wanted = untimed(conn, since=since)
    timed = {run_id: found for run_id, addresses in wanted.items() if (found := _seconds(instance, run_id, addresses))}
    if timed:
        with catalog.writing() as conn:
            for run_id, seconds in timed.items():
                write_costs(conn, run_id, seconds)
    return len(timed)


def _seconds(instance: dg.DagsterInstance, run_id: str, addresses: Sequence[str]) -> Mapping[str, float]:
    """By product, the seconds of the step that published it and its even share of all other steps of the run; empty
    while the run goes on, or when the event log no longer has it."""
    run = instance.get_run_by_id(run_id)
    if run is None or not run.is_finished:
        return {}
    steps = {
        one.step_key: one.end_time - one.start_time
        for one in instance.get_run_step_stats(run_id)
        if one.start_time is not None and one.end_time is not None
    }
    own = {address: steps.pop("__".join(address.split(".")), 0.0) for address in addresses}
    shared = sum(steps.values()) / len(addresses)
    return {address: round(seconds + shared, 3) for address, seconds in own.items()}
