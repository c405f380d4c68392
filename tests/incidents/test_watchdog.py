"""A silent daemon is noticed by the service, and only then."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from mesh_orchestration.contract.mesh import Mesh, load_mesh
from mesh_orchestration.incidents.store import Store, note_progress, open_store
from mesh_orchestration.incidents.watchdog import BEAT, SUBJECT, look
from mesh_orchestration.settings import Settings
from tests.incidents.scene import mesh_of_three
from tests.incidents.sinks import webhook_sink
from tests.web.service import service

NOON = 1_800_000_000.0


def beat(store: Store, at: float) -> None:
    with store.writing() as connection:
        note_progress(connection, BEAT, at)


def subjects(store: Store) -> list[str]:
    return [one.subject for one in store.incidents()]


def test_a_daemon_that_goes_silent_is_one_incident_until_it_beats_again(tmp_path: Path) -> None:
    settings = mesh_of_three(tmp_path)
    with open_store(settings) as store:
        beat(store, NOON)
        for later in (100, 180, 181, 600):
            look(settings, store, lambda: load_mesh(settings), since=NOON - 60, now=NOON + later)
        assert subjects(store) == [SUBJECT]
        beat(store, NOON + 700)
        look(settings, store, lambda: load_mesh(settings), since=NOON - 60, now=NOON + 701)

        assert [one.state for one in store.incidents("all")] == ["recovered"]


def test_a_mesh_that_was_stopped_for_the_night_begins_without_an_incident(tmp_path: Path) -> None:
    settings = mesh_of_three(tmp_path)
    with open_store(settings) as store:
        beat(store, NOON - 8 * 3600)
        look(settings, store, lambda: load_mesh(settings), since=NOON, now=NOON + 10)

        assert subjects(store) == []


def test_contracts_are_not_read_while_all_is_well(tmp_path: Path) -> None:
    settings, asked = mesh_of_three(tmp_path), []

    def mesh() -> Mesh:
        asked.append(NOON)
        return load_mesh(settings)

    with open_store(settings) as store:
        beat(store, NOON)
        look(settings, store, mesh, since=NOON - 60, now=NOON + 100)
        assert not asked
        look(settings, store, mesh, since=NOON - 60, now=NOON + 600)
        assert asked


def test_a_mesh_that_never_had_a_daemon_has_none_that_is_silent(tmp_path: Path) -> None:
    settings = mesh_of_three(tmp_path)
    with open_store(settings) as store:
        look(settings, store, lambda: load_mesh(settings), since=NOON, now=NOON + 3600)

        assert subjects(store) == []


@pytest.mark.slow
def test_the_service_tells_of_a_daemon_that_died(tmp_path: Path) -> None:
    with webhook_sink() as hook:
        settings: Settings = mesh_of_three(
            tmp_path, MESH_ALERT_WEBHOOK=hook.url, MESH_ALERT_SECONDS="1", MESH_INCIDENTS_SILENCE_SECONDS="2"
        )
        with open_store(settings) as store:
            beat(store, time.time())
        with service(settings):
            deadline = time.monotonic() + 30
            while not hook.titles and time.monotonic() < deadline:
                time.sleep(0.1)

    assert hook.titles == ["[ERROR] platform/daemon: does not do its work"]
