from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.instance.ref import InstanceRef
from dagster._core.utils import make_new_run_id

from mesh_orchestration.orchestration.sqlite import KEPT

pytestmark = pytest.mark.slow

OURS = {"custom": {"module": "mesh_orchestration.orchestration.sqlite", "class": "Storage"}}
KEY = dg.AssetKey(["orders", "order_lines", "v1"])
_FORKED = """
import os, sys, traceback
from pathlib import Path
import dagster as dg
from tests.orchestration.test_sqlite import KEY, instance_at

def write(times):
    for _ in range(times):
        instance.report_runless_asset_event(dg.AssetMaterialization(KEY))

with instance_at(Path(sys.argv[1])) as instance:
    write(1)
    child = os.fork()  # a run worker, forked from a process that has the storage open and no other threads
    if child == 0:
        try:
            write(20)
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    write(20)
    assert os.waitpid(child, 0)[1] == 0
"""


def instance_at(home: Path, *, ours: bool = True) -> dg.DagsterInstance:
    storage = {"custom": OURS["custom"] | {"config": {"base_dir": str(home)}}} if ours else {}
    overrides = {"storage": storage} if ours else {}
    return dg.DagsterInstance.from_ref(InstanceRef.from_dir(str(home), overrides=overrides))


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    with instance_at(tmp_path) as instance:
        yield instance


@dg.job(executor_def=dg.in_process_executor)
def nothing() -> None: ...


def count(instance: dg.DagsterInstance) -> int:
    return len(instance.fetch_materializations(KEY, limit=100).records)


def test_what_dagsters_own_storage_wrote_is_read_and_the_other_way_round(tmp_path: Path) -> None:
    with instance_at(tmp_path, ours=False) as theirs:
        theirs.report_runless_asset_event(dg.AssetMaterialization(KEY))
    with instance_at(tmp_path) as ours:
        ours.report_runless_asset_event(dg.AssetMaterialization(KEY))
        assert count(ours) == 2
    with instance_at(tmp_path, ours=False) as theirs:
        assert count(theirs) == 2


def test_two_processes_write_at_the_same_time(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _FORKED, str(tmp_path)], capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, "")
    with instance_at(tmp_path) as instance:
        assert count(instance) == 41


def test_the_databases_of_many_runs_are_read_without_keeping_all_of_them_open(instance: dg.DagsterInstance) -> None:
    runs = [instance.create_run_for_job(nothing, run_id=make_new_run_id()) for _ in range(KEPT + 4)]
    for run in runs:
        instance.report_engine_event("hello", run)
    assert [len(instance.all_logs(run.run_id)) for run in runs] == [1] * len(runs)
    assert len({name for name in open_files() if name.endswith(".db") and "/runs/" in name}) <= KEPT


def test_everything_is_given_back_at_the_end(tmp_path: Path) -> None:
    with instance_at(tmp_path) as instance:
        instance.report_runless_asset_event(dg.AssetMaterialization(KEY))
    assert not [name for name in open_files() if name.startswith(str(tmp_path))]


def open_files() -> list[str]:
    """What this process has open, by path."""
    return [str(handle.readlink()) for handle in Path("/proc/self/fd").iterdir() if handle.exists()]
