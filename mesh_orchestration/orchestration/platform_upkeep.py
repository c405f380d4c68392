"""Upkeep of the platform: old runs are purged, the warehouse is tidied, the example's source goes on."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import dagster as dg
from dagster import OpExecutionContext

from mesh_orchestration.contract.mesh import load_mesh
from mesh_orchestration.errors import MeshError, StorageError
from mesh_orchestration.settings import Settings

UPKEEP = "upkeep"
REPLAY = "replay_source"
_BATCH = 100
_FINISHED = [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED]


def purge_runs(instance: dg.DagsterInstance, before: datetime) -> int:
    """Delete the finished runs created before ``before`` (UTC) with their events; returns how many."""
    purged = 0
    old = dg.RunsFilter(statuses=_FINISHED, created_before=before)
    while runs := instance.get_runs(filters=old, limit=_BATCH):
        for run in runs:
            instance.delete_run(run.run_id)
        purged += len(runs)
    return purged


def tidy_products(settings: Settings) -> Iterator[str]:
    """Expire and delete what the storage policy of the settings no longer keeps, product by product; yields
    what was done. One product in trouble does not keep the others from it: raises StorageError at the end."""
    from mesh_orchestration.storage.catalog import open_lake
    from mesh_orchestration.storage.upkeep import maintain

    troubles = []
    with open_lake(settings) as lake:
        for address in load_mesh(settings).products:
            try:
                done = maintain(lake, address)
            except MeshError as error:
                troubles.append(f"{address}: {error}")
            else:
                yield (
                    f"{address}: {done.snapshots} snapshots and {len(done.branches)} refused branches expired, "
                    f"{done.files} files of {done.bytes:,} bytes deleted"
                )
    if troubles:
        raise StorageError("; ".join(troubles))


def expire_rows(settings: Settings) -> Iterator[str]:
    """Take out what is older than ``spec.retention``; yields what was done, product by product. One product in
    trouble does not keep the others from it: raises StorageError at the end."""
    from mesh_orchestration.privacy.retention import retain

    troubles = []
    for done in retain(settings, load_mesh(settings)):
        if done.trouble:
            troubles.append(f"{done.address}: {done.trouble}")
        else:
            rows = f"{done.rows} rows" if done.column else "no rows, because no sla.event_time tells their age,"
            yield f"{done.address}: {rows} and {done.snapshots} snapshots older than {done.retention} expired"
    if troubles:
        raise StorageError("; ".join(troubles))


def upkeep_job(settings: Settings) -> dg.JobDefinition:
    """The job ``upkeep``: snapshots and rows expire, unused files go, finished runs older than MESH_RUNS_KEEP_DAYS
    (30) are deleted. One failing part does not keep the others from running."""

    def purge_old_runs(context: OpExecutionContext) -> None:
        days = settings.integer("MESH_RUNS_KEEP_DAYS", 30)
        purged = purge_runs(context.instance, datetime.now(UTC) - timedelta(days=days))
        context.log.info(f"{purged} runs older than {days} days deleted")

    def tidy_warehouse(context: OpExecutionContext) -> None:
        for line in tidy_products(settings):
            context.log.info(line)

    def apply_retention(context: OpExecutionContext) -> None:
        for line in expire_rows(settings):
            context.log.info(line)

    retention = dg.op(description="Takes rows and snapshots out that are older than spec.retention.")(apply_retention)
    purge = dg.op(description="Deletes finished runs older than MESH_RUNS_KEEP_DAYS.")(purge_old_runs)
    tidy = dg.op(description="Expires snapshots and rejected branches, deletes unused files.")(tidy_warehouse)

    def upkeep() -> None:
        purge()
        tidy()
        retention()

    described = "Purges old runs, expires old rows and snapshots, deletes unused files."
    return dg.job(name=UPKEEP, executor_def=dg.in_process_executor, description=described)(upkeep)


def upkeep_schedule(settings: Settings, job: dg.JobDefinition) -> dg.ScheduleDefinition:
    """Runs ``job`` at MESH_UPKEEP_CRON (every night at 03:17 UTC)."""
    return dg.ScheduleDefinition(
        name="upkeep_schedule",
        job=job,
        cron_schedule=settings.get("MESH_UPKEEP_CRON", "17 3 * * *"),
        execution_timezone="UTC",
        default_status=dg.DefaultScheduleStatus.RUNNING,
    )


def replay_sensor(settings: Settings) -> dg.SensorDefinition | None:
    """The sensor that plays the operational source of the example mesh: every MESH_REPLAY_SECONDS (300) it
    lands the rows whose time has come. A sensor, not a job: it is no work of the mesh and fills no list of
    runs. None when MESH_REPLAY is ``off`` or no contract reads that source."""
    from mesh_orchestration.replay.reads import is_read

    if not settings.replay or not is_read(settings):
        return None

    def replay_source() -> dg.SkipReason:
        from mesh_orchestration.replay import emit

        emitted = emit(settings, settings.now())
        rows = ", ".join(f"{count:,} {table}" for table, count in sorted(emitted.rows.items()))
        return dg.SkipReason(f"landed {rows}" if rows else "nothing new yet")

    return dg.sensor(
        name=REPLAY,
        minimum_interval_seconds=settings.integer("MESH_REPLAY_SECONDS", 300),
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Plays the retailer's operational systems: lands what they produced since the last tick.",
    )(replay_source)
