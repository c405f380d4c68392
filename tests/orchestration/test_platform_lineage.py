"""The lineage sensor on a real instance, with real runs and a real receiver: nothing lost, nothing told twice."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import psycopg2
import pytest
from dagster import DagsterInstance

from mesh_orchestration.errors import SettingsError
from mesh_orchestration.lineage.transport import EmissionError
from mesh_orchestration.orchestration.lineage_log import documents
from mesh_orchestration.orchestration.platform import definitions
from mesh_orchestration.orchestration.platform_lineage import lineage_sensor
from mesh_orchestration.settings import Settings
from tests.builders import mesh_at, product, settings_at
from tests.lineage.receiver import Receiver, event_id, receiver
from tests.lineage.spec import problems
from tests.postgres import PostgresDatabase

pytestmark = pytest.mark.slow

ORDERS = dg.AssetKey(["orders", "orders", "v1"])
AT_ONCE = {"OPENLINEAGE__TRANSPORT__RETRY": '{"total": 0}'}
"""No retries inside the client: the sensor's next tick is the retry."""


class Mesh:
    """One product, an instance, the sensor and its receiver."""

    def __init__(self, settings: Settings, instance: DagsterInstance, sink: Receiver) -> None:
        self.settings, self.instance, self.sink = settings, instance, sink
        self.cursor: str | None = None

    def tick(self, *, settle: float = 0.0) -> str:
        """One evaluation of a sensor built anew, as after a restart; keeps the cursor only if it succeeds."""
        sensor = lineage_sensor(self.settings, settle=settle)
        assert sensor is not None
        result = sensor(dg.build_sensor_context(instance=self.instance, cursor=self.cursor))
        self.cursor = result.cursor
        return str(result.skip_reason.skip_message)

    def publish(self, *, ok: bool = True) -> str:
        """Run the product's asset with one check; returns the run's id."""

        @dg.asset(key=ORDERS, check_specs=[dg.AssetCheckSpec("contract__null__id", asset=ORDERS, blocking=True)])
        def publication() -> Iterator[Any]:
            said = {"expectation": "expect_column_values_to_not_be_null", "column": "order_id", "rows": 10}
            yield dg.AssetCheckResult(
                asset_key=ORDERS, check_name="contract__null__id", passed=ok, metadata={**said, "unexpected_count": 0}
            )
            if not ok:
                raise dg.Failure(
                    "orders.orders.v1 was not published: nulls", metadata={"mesh/contract_version": "1.0.0"}
                )
            yield dg.MaterializeResult(asset_key=ORDERS, metadata={"dagster/row_count": 10, "mesh/snapshot_id": "42"})

        return dg.materialize([publication], instance=self.instance, raise_on_error=False).run_id

    def report(self, count: int) -> None:
        """Materialisations from outside any run, as another tool reports them."""
        for _ in range(count):
            self.instance.report_runless_asset_event(dg.AssetMaterialization(ORDERS))

    @property
    def told(self) -> list[tuple[str, str]]:
        """The ids of all that the log says, as exported."""
        return [event_id(one) for part in documents(self.settings, self.instance) for one in part]


@pytest.fixture
def mesh(tmp_path: Path) -> Iterator[Mesh]:
    with receiver(tmp_path) as sink, dg.instance_for_test() as instance:
        settings = mesh_at(tmp_path, product("orders.orders.v1"), OPENLINEAGE_URL=sink.url, **AT_ONCE)
        yield Mesh(settings, instance, sink)


def test_without_openlineage_there_is_no_sensor(tmp_path: Path) -> None:
    settings = mesh_at(tmp_path, product("orders.orders.v1"))
    assert lineage_sensor(settings) is None
    assert lineage_sensor(settings_at(tmp_path, OPENLINEAGE_URL="http://x", OPENLINEAGE_DISABLED="true")) is None


def test_the_platform_has_the_sensor_as_soon_as_openlineage_is_set_up(mesh: Mesh) -> None:
    names = [sensor.name for sensor in definitions(mesh.settings).get_repository_def().sensor_defs]
    assert "lineage" in names


def test_wrong_settings_of_openlineage_fail_the_tick_and_keep_no_other_sensor_from_loading(tmp_path: Path) -> None:
    settings = mesh_at(tmp_path, product("orders.orders.v1"), OPENLINEAGE__TRANSPORT__TYPE="async_http")
    names = {sensor.name for sensor in definitions(settings).get_repository_def().sensor_defs}
    assert names >= {"incidents", "lineage"}
    sensor = lineage_sensor(settings)
    assert sensor is not None
    with dg.instance_for_test() as instance, pytest.raises(SettingsError, match="use http"):
        sensor(dg.build_sensor_context(instance=instance))


def test_a_publication_is_told_from_start_to_end_with_its_audit(mesh: Mesh) -> None:
    run = mesh.publish()
    mesh.tick()

    told = [(event["eventType"], event["job"]["name"]) for event in mesh.sink.received]
    assert told == [
        ("START", "assets"),
        ("START", "orders.orders.v1"),
        ("COMPLETE", "orders.orders.v1"),
        ("START", "orders.orders.v1.audit"),
        ("COMPLETE", "orders.orders.v1.audit"),
        ("COMPLETE", "assets"),
    ]
    assert [found for event in mesh.sink.received for found in problems(event)] == []
    assert mesh.sink.received[0]["run"]["runId"] == run
    assert {event["run"]["facets"]["parent"]["run"]["runId"] for event in mesh.sink.received[1:-1]} == {run}


def test_a_refused_publication_names_its_inputs_and_the_output_it_would_have_written(mesh: Mesh) -> None:
    mesh.publish(ok=False)
    mesh.tick()

    (failed,) = [event for event in mesh.sink.received if event["eventType"] == "FAIL" and event["inputs"]]
    assert [one["name"] for one in failed["inputs"]] == ["orders_engine.orders.orders"]
    assert [one["name"] for one in failed["outputs"]] == ["orders.orders.v1"]
    assert "nulls" in failed["run"]["facets"]["errorMessage"]["message"]
    assert "version" not in failed["outputs"][0]["facets"]


def test_a_broken_contract_keeps_nothing_from_being_told(mesh: Mesh) -> None:
    (mesh.settings.contracts_dir / "orders" / "orders" / "v2.yaml").write_text("kind: Nonsense")
    mesh.publish()
    mesh.tick()

    assert mesh.sink.received[2]["inputs"][0]["name"] == "orders_engine.orders.orders"
    assert len(mesh.sink.ids) == 6


def test_nothing_is_told_again_after_a_restart(mesh: Mesh) -> None:
    mesh.publish()
    mesh.tick()
    mesh.tick()
    mesh.publish(ok=False)
    mesh.tick()

    assert mesh.sink.ids == mesh.told
    assert len(set(mesh.sink.ids)) == len(mesh.sink.ids)


def test_an_event_is_the_same_whenever_it_is_made(mesh: Mesh) -> None:
    mesh.publish()
    mesh.publish(ok=False)
    first, second = ([one for part in documents(mesh.settings, mesh.instance) for one in part] for _ in range(2))
    assert first == second


@pytest.mark.slow
def test_a_receiver_that_is_down_for_an_hour_gets_everything_in_order_when_it_is_back(mesh: Mesh) -> None:
    mesh.publish()
    mesh.tick()
    mesh.sink.stop()
    for number in range(120):  # an hour of ticks, one every thirty seconds
        if number % 20 == 0:
            mesh.report(1)
        before = mesh.cursor
        with pytest.raises(EmissionError, match=r"START of orders.orders.v1 .* was not taken"):
            mesh.tick()
        assert mesh.cursor == before
    mesh.sink.start()
    mesh.tick()

    assert mesh.sink.ids == mesh.told
    assert len(mesh.sink.ids) == len(set(mesh.sink.ids)) == 6 + 6 * 2


def test_what_was_taken_before_the_receiver_went_down_is_not_sent_again(mesh: Mesh) -> None:
    mesh.report(5)
    mesh.tick()
    mesh.report(3)
    mesh.sink.status = 503
    with pytest.raises(EmissionError):
        mesh.tick()
    mesh.sink.status = 200
    mesh.tick()

    assert mesh.sink.ids == mesh.told
    assert len(set(mesh.sink.ids)) == 16


def test_an_outage_in_the_middle_of_a_tick_repeats_nothing_before_it(mesh: Mesh) -> None:
    mesh.report(6)
    served = mesh.sink.keep

    def keep_four(body: bytes) -> None:
        served(body)
        mesh.sink.status = 503 if len(mesh.sink.ids) == 4 else 200

    mesh.sink.keep = keep_four  # type: ignore[method-assign]  # the receiver goes down after its fourth event
    with pytest.raises(EmissionError):
        mesh.tick()
    mesh.sink.status = 200
    mesh.sink.keep = served  # type: ignore[method-assign]
    assert mesh.cursor is None
    mesh.tick()

    assert mesh.sink.ids == mesh.told


def test_a_slow_receiver_bounds_the_tick_and_gets_all_in_later_ones(mesh: Mesh) -> None:
    mesh.settings = settings_at(mesh.settings.root, **{**mesh.settings.environ, "MESH_LINEAGE_TICK_SECONDS": "1"})
    mesh.report(12)
    mesh.sink.delay = 0.1
    begun = time.monotonic()
    mesh.tick()
    took = time.monotonic() - begun
    first = len(mesh.sink.ids)
    ticks = 1
    while len(mesh.sink.ids) < 24 and ticks < 24:
        mesh.tick()
        ticks += 1

    assert took < 2
    assert 0 < first < 24
    assert mesh.sink.ids == mesh.told


def test_batches_arrive_whole_and_in_order(mesh: Mesh) -> None:
    environ = {**mesh.settings.environ, "OPENLINEAGE__TRANSPORT__TYPE": "http_batch"}
    environ["OPENLINEAGE__TRANSPORT__URL"] = mesh.sink.url
    mesh.settings = settings_at(mesh.settings.root, **environ)
    mesh.report(101)
    mesh.sink.status = 500
    with pytest.raises(EmissionError):
        mesh.tick()
    mesh.sink.status = 200
    mesh.sink.requests = 0
    mesh.tick()

    assert mesh.sink.ids == mesh.told
    assert mesh.sink.requests == 2


def test_a_cursor_set_by_hand_is_obeyed(mesh: Mesh) -> None:
    mesh.report(2)
    mesh.tick()
    mesh.cursor = json.dumps({"id": -1})
    mesh.tick()

    assert mesh.sink.ids == [*mesh.told, *mesh.told]


def test_on_postgresql_an_event_that_commits_late_is_told(tmp_path: Path, postgres: PostgresDatabase) -> None:
    url = postgres.url.replace("postgresql://", "postgresql+psycopg2://")
    overrides = {"storage": {"postgres": {"postgres_url": url}}}
    with receiver(tmp_path) as sink, dg.instance_for_test(overrides=overrides) as instance:
        settings = mesh_at(tmp_path, product("orders.orders.v1"), OPENLINEAGE_URL=sink.url, **AT_ONCE)
        mesh = Mesh(settings, instance, sink)
        mesh.report(1)
        late = psycopg2.connect(postgres.url)
        with late.cursor() as cursor:
            cursor.execute(
                "insert into event_logs (run_id, event, dagster_event_type, timestamp, asset_key) "
                "select run_id, regexp_replace(event, '\"timestamp\": ..', '\"timestamp\": 16'), "
                "dagster_event_type, timestamp, asset_key from event_logs"
            )
        mesh.report(1)
        mesh.tick(settle=60)
        assert sink.ids == []
        late.commit()
        late.close()
        deadline = time.monotonic() + 10
        while len(sink.ids) < 6 and time.monotonic() < deadline:
            mesh.tick(settle=0.3)

        assert sink.ids == mesh.told
        assert len(set(sink.ids)) == 6


@pytest.mark.slow
def test_killed_between_sending_and_the_cursor_nothing_is_lost_and_ids_repeat(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    with receiver(tmp_path) as sink, DagsterInstance.local_temp(str(home)) as instance:
        settings = mesh_at(tmp_path, product("orders.orders.v1"), OPENLINEAGE_URL=sink.url, **AT_ONCE)
        mesh = Mesh(settings, instance, sink)
        mesh.report(10)
        cursor = tmp_path / "cursor"
        env = {**os.environ, **settings.environ}
        code = []
        for fatal in (7, 15, 0):
            sink.fatal = fatal
            words = [sys.executable, "-m", "tests.orchestration.lineage_ticker", str(tmp_path), str(home), str(cursor)]
            child = subprocess.Popen(words, env=env, stdin=subprocess.PIPE)
            sink.victim = child.pid if fatal else 0
            child.communicate(b"go\n", timeout=60)
            code.append(child.returncode)

        assert code == [-9, -9, 0]
        assert sorted(set(sink.ids)) == sorted(mesh.told)
        assert len(sink.ids) > len(set(sink.ids))
        assert list(dict.fromkeys(sink.ids)) == mesh.told
