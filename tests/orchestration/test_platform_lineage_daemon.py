"""The lineage sensor under Dagster's real daemon, which is killed and started again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import dagster as dg
import pytest
import yaml

from mesh_orchestration.orchestration.instance import open_instance
from mesh_orchestration.orchestration.lineage_log import documents
from mesh_orchestration.settings import Settings
from tests.builders import mesh_at, product
from tests.cli.mesh import environment
from tests.lineage.receiver import event_id, receiver

pytestmark = pytest.mark.slow
SECONDS = 120
WORKSPACE = {
    "load_from": [
        {
            "python_module": {
                "module_name": "mesh_orchestration.locations",
                "attribute": "platform",
                "location_name": "platform",
            }
        }
    ]
}


@contextmanager
def daemon(settings: Settings) -> Iterator[subprocess.Popen[bytes]]:
    """The daemon with the location ``platform``; killed with its children when the block ends."""
    words = [sys.executable, "-m", "dagster._daemon", "run", "-w", str(settings.root / "workspace.yaml")]
    env = environment(settings) | {"DAGSTER_HOME": str(settings.dagster_home)}
    with (settings.root / "daemon.log").open("ab") as log:
        child = subprocess.Popen(words, env=env, cwd=settings.root, start_new_session=True, stdout=log, stderr=log)
    try:
        yield child
    finally:
        os.killpg(child.pid, signal.SIGKILL)
        child.wait(30)


def wait_for(met: Callable[[], bool], settings: Settings) -> None:
    deadline = time.monotonic() + SECONDS
    while not met():
        assert time.monotonic() < deadline, (settings.root / "daemon.log").read_text()[-3000:]
        time.sleep(0.1)


def report(settings: Settings, count: int) -> list[tuple[str, str]]:
    """Materialisations from outside any run; returns the ids of all that the log says now."""
    with open_instance(settings) as instance:
        for _ in range(count):
            instance.report_runless_asset_event(dg.AssetMaterialization(dg.AssetKey(["orders", "orders", "v1"])))
        return [event_id(one) for part in documents(settings, instance) for one in part]


def test_a_daemon_that_is_killed_goes_on_where_it_stopped(tmp_path: Path) -> None:
    with receiver(tmp_path) as sink:
        settings = mesh_at(tmp_path, product("orders.orders.v1"), OPENLINEAGE_URL=sink.url, MESH_LINEAGE_SECONDS="1")
        (settings.root / "workspace.yaml").write_text(yaml.safe_dump(WORKSPACE))
        report(settings, 5)
        with daemon(settings):
            wait_for(lambda: len(set(sink.ids)) == 10, settings)
            sink.delay = 0.2
            told = report(settings, 10)
            wait_for(lambda: len(set(sink.ids)) >= 14, settings)  # killed in the middle of a tick
        sink.delay = 0.0
        with daemon(settings):
            wait_for(lambda: set(sink.ids) >= set(told), settings)
            told = report(settings, 1)
            wait_for(lambda: set(sink.ids) >= set(told), settings)

        assert list(dict.fromkeys(sink.ids)) == told
        assert len(sink.ids) < 2 * len(told)
