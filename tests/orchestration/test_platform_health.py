"""Daemons that no longer beat and sensors that only fail, on a real instance."""

from __future__ import annotations

import time
from collections.abc import Iterator

import dagster as dg
import pytest
from dagster._core.definitions.run_request import InstigatorType
from dagster._core.remote_origin import (
    ManagedGrpcPythonEnvCodeLocationOrigin,
    RemoteInstigatorOrigin,
    RemoteRepositoryOrigin,
)
from dagster._core.scheduler.instigation import (
    InstigatorState,
    InstigatorStatus,
    SensorInstigatorData,
    TickData,
    TickStatus,
)
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin
from dagster._daemon.types import DaemonHeartbeat
from dagster._utils.error import SerializableErrorInfo

from mesh_orchestration.orchestration.platform_health import unwell

LOCATION = ManagedGrpcPythonEnvCodeLocationOrigin(LoadableTargetOrigin(python_file="orders.py"), "orders")
ORIGIN = RemoteInstigatorOrigin(RemoteRepositoryOrigin(LOCATION, "__repository__"), "orders_automation")


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.instance_for_test() as instance:
        yield instance


def ticks(instance: dg.DagsterInstance, *failed: bool, ago: float = 0.0) -> None:
    """A sensor with ticks ten seconds apart, the last one ``ago`` seconds ago."""
    state = InstigatorState(
        ORIGIN, InstigatorType.SENSOR, InstigatorStatus.RUNNING, SensorInstigatorData(min_interval=10)
    )
    instance.add_instigator_state(state)
    for number, wrong in enumerate(reversed(failed)):
        instance.create_tick(
            TickData(
                state.instigator_origin_id,
                state.instigator_name,
                InstigatorType.SENSOR,
                TickStatus.FAILURE if wrong else TickStatus.SKIPPED,
                time.time() - ago - 10 * number,
                error=SerializableErrorInfo("no such table\n", [], "OSError") if wrong else None,
                selector_id=state.selector_id,
            )
        )


def said(instance: dg.DagsterInstance, *, awake: float = 600.0) -> list[tuple[str, str]]:
    now = time.time()
    return [(one.subject, one.error) for one in unwell(instance, now - awake, now)]


def test_a_sensor_that_failed_three_times_in_a_row_is_unwell(instance: dg.DagsterInstance) -> None:
    ticks(instance, False, True, True, True)

    assert said(instance) == [
        ("orders/orders_automation", "The sensor orders_automation of orders failed 3 times in a row: no such table")
    ]


def test_a_sensor_that_failed_and_went_on_is_well(instance: dg.DagsterInstance) -> None:
    ticks(instance, True, True, False)

    assert said(instance) == []


def test_a_sensor_that_is_no_more_is_not_told_of(instance: dg.DagsterInstance) -> None:
    ticks(instance, True, True, True, ago=3600)

    assert said(instance) == []


def test_a_daemon_that_stopped_beating_is_unwell_unless_all_of_them_have_just_begun(
    instance: dg.DagsterInstance,
) -> None:
    instance.add_daemon_heartbeat(DaemonHeartbeat(time.time() - 7200, "SCHEDULER", "1", []))

    assert said(instance, awake=10) == []
    assert said(instance) == [
        ("platform/scheduler", "Dagster's daemon SCHEDULER is not healthy: it no longer beats"),
    ]
