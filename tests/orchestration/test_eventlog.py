"""The tail of the event log: everything once, in order, nothing too young, nothing skipped."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import dagster as dg
import psycopg2
import pytest
from dagster import DagsterEventType, DagsterInstance

from mesh_orchestration.orchestration.eventlog import tail
from tests.postgres import PostgresDatabase

CHECK, MADE = DagsterEventType.ASSET_CHECK_EVALUATION, DagsterEventType.ASSET_MATERIALIZATION


@pytest.fixture
def instance() -> Iterator[DagsterInstance]:
    with dg.instance_for_test() as made:
        yield made


def materialise(instance: DagsterInstance, *names: str) -> None:
    for name in names:
        instance.report_runless_asset_event(dg.AssetMaterialization(name))


def check(instance: DagsterInstance, *names: str) -> None:
    for name in names:
        evaluation = dg.AssetCheckEvaluation(dg.AssetKey(name), "c", passed=True)
        instance.report_runless_asset_event(evaluation)


def read(instance: DagsterInstance, cursor: int, *, settle: float = 0.0, limit: int = 500) -> tuple[list[str], int]:
    found = tail(instance, cursor, (CHECK, MADE), settle=settle, limit=limit)
    names = []
    for _, entry in found.entries:
        event = entry.dagster_event
        names.append(f"{entry.dagster_event_type.value[6:9]} {_key(event).to_user_string()}")
    return names, found.cursor


def _key(event: Any) -> dg.AssetKey:
    data = event.event_specific_data
    return data.asset_key if event.event_type == CHECK else data.materialization.asset_key


def test_every_event_is_read_once_in_the_order_of_the_log(instance: DagsterInstance) -> None:
    materialise(instance, "a")
    check(instance, "a")
    first, cursor = read(instance, -1)
    materialise(instance, "b")

    assert (first, read(instance, cursor)[0]) == (["MAT a", "CHE a"], ["MAT b"])
    assert read(instance, read(instance, cursor)[1])[0] == []


def test_young_events_wait_until_they_have_settled(instance: DagsterInstance) -> None:
    materialise(instance, "a")
    assert read(instance, -1, settle=60) == ([], -1)

    deadline = time.monotonic() + 10
    while not (found := read(instance, -1, settle=0.2)[0]) and time.monotonic() < deadline:
        pass
    assert found == ["MAT a"]


def test_a_backlog_of_one_type_holds_the_others_at_the_same_point(instance: DagsterInstance) -> None:
    materialise(instance, *"abcde")
    check(instance, "z")
    materialise(instance, *"fg")

    seen, cursor = [], -1
    for _ in range(10):
        names, cursor = read(instance, cursor, limit=3)
        seen += names

    assert seen == [*(f"MAT {name}" for name in "abcde"), "CHE z", "MAT f", "MAT g"]


def test_a_cursor_beyond_the_newest_event_steps_back(instance: DagsterInstance) -> None:
    materialise(instance, "a")

    _, cursor = read(instance, 1000)
    materialise(instance, "b")

    assert read(instance, cursor)[0] == ["MAT b"]


def test_on_postgresql_an_event_that_commits_late_is_not_lost(postgres: PostgresDatabase) -> None:
    url = postgres.url.replace("postgresql://", "postgresql+psycopg2://")
    with dg.instance_for_test(overrides={"storage": {"postgres": {"postgres_url": url}}}) as instance:
        materialise(instance, "a")
        late = psycopg2.connect(postgres.url)
        with late.cursor() as cursor:
            cursor.execute(
                "insert into event_logs (run_id, event, dagster_event_type, timestamp, asset_key) "
                "select run_id, replace(event, '\"a\"', '\"late\"'), dagster_event_type, timestamp, asset_key "
                "from event_logs"
            )
        materialise(instance, "b")
        assert read(instance, -1, settle=0)[0] == ["MAT a", "MAT b"]  # who believes this loses one
        assert read(instance, -1, settle=60) == ([], -1)
        late.commit()
        late.close()

        seen, cursor, deadline = list[str](), -1, time.monotonic() + 10
        while "MAT b" not in seen and time.monotonic() < deadline:
            names, cursor = read(instance, cursor, settle=0.3)
            seen += names
        assert seen == ["MAT a", "MAT late", "MAT b"]
