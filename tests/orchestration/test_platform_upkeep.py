"""The platform's upkeep: old runs go, young and unfinished ones stay."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg

from mesh_orchestration.incidents.about import served
from mesh_orchestration.orchestration import platform
from mesh_orchestration.orchestration.platform_upkeep import REPLAY, UPKEEP, purge_runs, tidy_products
from mesh_orchestration.settings import Settings
from tests.builders import mesh_at, product


@dg.op
def nothing() -> None:
    pass


@dg.job
def work() -> None:
    nothing()


def test_finished_runs_older_than_the_limit_are_deleted() -> None:
    with dg.instance_for_test() as instance:
        work.execute_in_process(instance=instance)
        unfinished = instance.create_run_for_job(work, status=dg.DagsterRunStatus.STARTED)
        later = datetime.now(UTC) + timedelta(seconds=1)

        assert purge_runs(instance, later - timedelta(days=1)) == 0
        assert purge_runs(instance, later) == 1
        assert [run.run_id for run in instance.get_runs()] == [unfinished.run_id]


def test_the_upkeep_job_runs_on_a_mesh_that_has_published_nothing(tmp_path: Path) -> None:
    settings = mesh_at(tmp_path, product())
    with dg.instance_for_test() as instance:
        job = platform.definitions(settings).get_job_def(UPKEEP)
        assert job.execute_in_process(instance=instance).success

    assert list(tidy_products(settings)) == [
        "orders.order_lines.v1: 0 snapshots and 0 refused branches expired, 0 files of 0 bytes deleted"
    ]


def test_nothing_is_served_before_the_first_publication(settings: Settings) -> None:
    assert served(settings, "orders.orders.v1") is None


def reading_the_example(root: Path, **environ: str) -> Settings:
    port = {"name": "products", "type": "batch", "path": "products/*.parquet", "columns": {"product_id": "long"}}
    return mesh_at(root, product(inputs=[port]), **environ)


def sensors(settings: Settings) -> set[str]:
    """The names of the platform's sensors."""
    return {sensor.name for sensor in platform.definitions(settings).get_repository_def().sensor_defs}


def test_the_platform_serves_incidents_slas_upkeep_and_the_replayed_source(tmp_path: Path) -> None:
    settings = reading_the_example(tmp_path)
    repository = platform.definitions(settings).get_repository_def()

    assert sensors(settings) == {"anomalies", "catalog", "incidents", "sla", "replay_source"}
    assert [schedule.name for schedule in repository.schedule_defs] == ["upkeep_schedule"]
    assert all(sensor.default_status == dg.DefaultSensorStatus.RUNNING for sensor in repository.sensor_defs)


def test_a_mesh_that_does_not_read_the_example_source_is_not_given_it(settings: Settings) -> None:
    assert REPLAY not in sensors(settings)


def test_the_replayed_source_can_be_switched_off(tmp_path: Path) -> None:
    off = reading_the_example(tmp_path, MESH_REPLAY="off")

    assert REPLAY not in sensors(off)
