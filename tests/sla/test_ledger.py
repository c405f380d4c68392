"""The ledger itself: only added to, whole after a kill, shared by recorders, on SQLite and on PostgreSQL."""

from __future__ import annotations

import itertools
import signal
import sqlite3
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from mesh_orchestration.contract.mesh import load_mesh
from mesh_orchestration.contract.model import Sla
from mesh_orchestration.errors import StorageError
from mesh_orchestration.settings import Settings
from mesh_orchestration.sla.ledger import ledger_file, open_ledger
from mesh_orchestration.sla.record import record
from tests.builders import mesh_at, settings_at
from tests.postgres import PostgresDatabase
from tests.publication.publishing import NOW
from tests.sla.facts import ADDRESS, at, fact, intervals, ledger_in, look, states
from tests.sla.test_record import KEY, LINES, everything, hour, publish


def start(settings: Settings, now: datetime, *how: str) -> subprocess.Popen[str]:
    words = [sys.executable, "-m", "tests.sla.recorder", str(settings.root), now.isoformat(), *how]
    return subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_what_is_written_cannot_be_changed_or_deleted(tmp_path: Path) -> None:
    with ledger_in(tmp_path) as ledger:
        look(ledger, 0, fact(1, 0))
        look(ledger, 30, fact(2, 25))
    connection = sqlite3.connect(ledger_file(settings_at(tmp_path)))
    for attempt in ("update sla_interval set state = 'kept'", "delete from sla_interval"):
        with pytest.raises(sqlite3.IntegrityError, match="only added to"):
            connection.execute(attempt)
    connection.close()


def test_another_look_at_the_same_adds_nothing(tmp_path: Path) -> None:
    with ledger_in(tmp_path) as ledger:
        facts = (fact(1, 0), fact(2, 20))
        assert look(ledger, 30, *facts).publications == 2
        before = ledger.courses()
        assert look(ledger, 30, *facts).publications == 0
        assert look(ledger, 29, *facts[:1]).intervals == 0
        assert ledger.courses() == before


def test_a_table_that_was_made_anew_goes_on_with_unknown_time_between(tmp_path: Path) -> None:
    with ledger_in(tmp_path) as ledger:
        look(ledger, 0, fact(1, 0), fact(2, 5))
        look(ledger, 30, fact(1, 25), table="other")
        found = states(intervals(ledger, "freshness", 31))
    assert found == [(0, 15, "kept"), (15, 25, "unknown"), (25, 31, "kept")]


def test_times_that_go_backwards_never_overlap(tmp_path: Path) -> None:
    both = Sla(freshness="10s")
    with ledger_in(tmp_path) as ledger:
        look(ledger, 30, fact(1, 20, both), fact(2, 26, Sla()), fact(3, 22, both), fact(4, 21, both))
        look(ledger, 10)
        look(ledger, 50)
        assert states(intervals(ledger, "freshness", 50)) == [(20, 26, "kept"), (26, 31, "kept"), (31, 50, "broken")]


def test_a_ledger_that_cannot_be_read_says_how_it_comes_back(tmp_path: Path) -> None:
    settings = settings_at(tmp_path)
    ledger_file(settings).parent.mkdir(parents=True)
    ledger_file(settings).write_text("no database " * 99)
    with pytest.raises(StorageError, match="mesh sla rebuild"):
        open_ledger(settings)


@pytest.mark.slow
def test_a_recorder_that_is_killed_before_its_commit_has_written_nothing(tmp_path: Path) -> None:
    settings = mesh_at(tmp_path, LINES)
    publish(settings, 0)
    publish(settings, 1.5)
    done = start(settings, at(7200), "dying")
    assert done.wait(timeout=120) == -signal.SIGKILL
    with open_ledger(settings) as ledger:
        assert (everything(ledger, 2), ledger.standings()) == ({}, {})

    whole = hour(settings, 2)
    with open_ledger(whole) as ledger:
        assert record(whole, load_mesh(whole), ledger).publications == 2
        assert [one.state for one in everything(ledger, 2)[KEY, "freshness"]] == ["kept", "broken", "kept"]


@pytest.mark.slow
def test_recorders_that_run_together_and_are_killed_write_each_interval_once(tmp_path: Path) -> None:
    settings = mesh_at(tmp_path, LINES)
    publish(settings, 0)
    recorders = [start(settings, at(60 * number), "loop") for number in range(3)]
    for recorder in recorders:
        assert recorder.stdout is not None
        assert recorder.stdout.readline()
    for hours in (0.1, 0.2, 0.3):
        publish(settings, hours)
    recorders[0].send_signal(signal.SIGKILL)
    for recorder in recorders:
        _, errors = recorder.communicate(timeout=120)
        assert recorder.returncode in (0, -signal.SIGKILL), errors
    last = hour(settings, 3)
    with open_ledger(last) as ledger:
        record(last, load_mesh(last), ledger)
        found = everything(ledger, 3)
    fresh = found[KEY, "freshness"]
    assert [one.state for one in fresh] == ["kept", "broken"]
    for ones in found.values():
        assert all(one.end == two.start for one, two in itertools.pairwise(ones))
        assert ones[-1].end == NOW + timedelta(hours=3)


@pytest.mark.slow
def test_the_ledger_may_live_in_postgresql(tmp_path: Path, postgres: PostgresDatabase) -> None:
    url = postgres.url
    settings = mesh_at(tmp_path, LINES, MESH_SLA_URL=url)
    publish(settings, 0)
    together = [start(settings, at(600 + number), "once", url) for number in range(2)]
    said = [recorder.communicate(timeout=120) for recorder in together]
    assert [recorder.returncode for recorder in together] == [0, 0], said
    assert sorted(int(out.split()[0]) for out, _ in said) == [0, 1]

    last = hour(settings, 2)
    with open_ledger(last) as ledger:
        record(last, load_mesh(last), ledger)
        assert [one.state for one in everything(ledger, 2)[KEY, "freshness"]] == ["kept", "broken"]
    assert not ledger_file(settings).exists()
    assert str(ADDRESS) == KEY
