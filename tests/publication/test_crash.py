"""A publication that is killed at any point leaves ``main`` correct, and running it again finishes the work."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from mesh_orchestration.storage.catalog import Lake, open_lake
from mesh_orchestration.storage.snapshots import audit_branches, history, published
from mesh_orchestration.storage.upkeep import Policy, maintain, snapshot_files
from tests.builders import settings_at
from tests.publication.publishing import ORDERS, files_on_disk, publish_orders, served

pytestmark = pytest.mark.slow

STAGES = ["prepare", "export", "exporting", "write", "audit", "publish", "tidy", "done"]
PUBLISHED_AT = STAGES.index("tidy")
NOTHING_KEPT = Policy(grace=timedelta(0), unfinished=timedelta(0), rejected=timedelta(0))


@pytest.fixture
def lake(tmp_path: Path) -> Iterator[Lake]:
    with open_lake(settings_at(tmp_path)) as lake:
        yield lake


def crash(root: Path, run: str, stage: str) -> None:
    command = [sys.executable, "-m", "tests.publication.crashing", str(root), run, stage]
    died = subprocess.run(command, check=False, capture_output=True, timeout=120)
    assert died.returncode == -signal.SIGKILL, died.stderr.decode()


def assert_nothing_is_left_over(lake: Lake) -> None:
    """Only main, and on disk only what its snapshots name once upkeep has been there."""
    maintain(lake, ORDERS.address, NOTHING_KEPT)
    table = lake.table(ORDERS.address)
    assert table is not None
    assert audit_branches(table) == ()
    needed = [snapshot_files(table, one.snapshot_id) for one in table.metadata.snapshots]
    named = {Path(name.removeprefix("file://")) for files in needed for name in (*files.metadata, *files.data)}
    assert {path for path in files_on_disk(lake) if path.suffix != ".json"} == named


@pytest.mark.parametrize("stage", STAGES)
def test_the_first_publication_survives_a_kill(lake: Lake, tmp_path: Path, stage: str) -> None:
    crash(tmp_path, "r1", stage)
    assert (published(lake, ORDERS.address) is not None) == (STAGES.index(stage) >= PUBLISHED_AT)

    publish_orders(lake, 1, 2, run="r1")

    assert served(lake) == [1, 2]
    assert len(history(lake, ORDERS.address)) == 1
    assert_nothing_is_left_over(lake)


@pytest.mark.parametrize("stage", STAGES)
def test_a_later_publication_survives_a_kill(lake: Lake, tmp_path: Path, stage: str) -> None:
    publish_orders(lake, 7, run="r1")

    crash(tmp_path, "r2", stage)
    assert served(lake) == ([1, 2] if STAGES.index(stage) >= PUBLISHED_AT else [7])

    publish_orders(lake, 1, 2, run="r2")

    assert served(lake) == [1, 2]
    assert [one.run_id for one in history(lake, ORDERS.address)] == ["r2", "r1"]
    assert_nothing_is_left_over(lake)


@pytest.mark.parametrize("stage", ["exporting", "audit", "publish"])
def test_another_run_does_not_trip_over_a_crashed_one(lake: Lake, tmp_path: Path, stage: str) -> None:
    crash(tmp_path, "r1", stage)

    assert publish_orders(lake, 3, run="r2").published
    assert served(lake) == [3]

    maintain(lake, ORDERS.address, NOTHING_KEPT)
    assert_nothing_is_left_over(lake)


def test_a_kill_at_any_instant_leaves_a_whole_snapshot(lake: Lake, tmp_path: Path) -> None:
    for number in range(8):
        command = [sys.executable, "-m", "tests.publication.crashing", str(tmp_path), f"try{number}", "loop"]
        with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
            wait_for_publication(lake, f"try{number}-", process)
            # Another instant of the loop each time; a publication takes some 50 ms.
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout=0.013 * (number + 1))
            process.kill()
        run_id = history(lake, ORDERS.address)[0].run_id
        assert served(lake) == [float(run_id.rsplit("-", 1)[1])]
        publish_orders(lake, 0, run=f"after{number}")
        assert served(lake) == [0]
    maintain(lake, ORDERS.address, NOTHING_KEPT)
    assert_nothing_is_left_over(lake)


def wait_for_publication(lake: Lake, prefix: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        newest = published(lake, ORDERS.address)
        if newest and newest.run_id.startswith(prefix):
            return
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=0.02)
    raise AssertionError("nothing was published within a minute")
