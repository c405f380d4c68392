"""A supervisor in a process of its own, and what can be seen of it from outside."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from mesh_orchestration.server.health import graphql

REPO = Path(__file__).resolve().parents[2]
DEADLINE = 90.0
T = TypeVar("T")
_LAUNCH = """mutation($p: ExecutionParams!) {launchPipelineExecution(executionParams: $p) {
__typename ... on LaunchRunSuccess {run {runId}}}}"""
_RUN = """query($id: ID!) {runOrError(runId: $id) {... on Run {status
eventConnection {events {__typename ... on MessageEvent {message}}}}}}"""


def eventually(look: Callable[[], T], *, deadline: float = DEADLINE) -> T:
    """What ``look`` returns once it is true; fails after ``deadline`` seconds."""
    end = time.monotonic() + deadline
    while not (found := look()):
        assert time.monotonic() < end, f"not within {deadline} s: {look}"
        time.sleep(0.05)
    return found


class MeshProcess:
    """``mesh up`` for the stand-in locations, with its home in ``root``; ``environ`` adds settings."""

    def __init__(self, root: Path, *locations: str, **environ: str) -> None:
        (root / "contracts").mkdir(exist_ok=True)
        (root / "workspace.yaml").touch()
        shutil.copy(REPO / "dagster.yaml", root)
        self.root, self.home = root, root / ".mesh"
        keep = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        self.log = root / "up.log"
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tests.server.run_up", *locations],
                cwd=root,
                env={**keep, "PYTHONPATH": str(REPO), "MESH_ROOT": str(root), **environ},
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    @property
    def said(self) -> str:
        return self.log.read_text()

    @property
    def url(self) -> str:
        """The address of the web UI, once it is up."""
        return self._told("url")

    @property
    def catalog(self) -> str:
        """The address of the catalog, once the web UI is up."""
        return self._told("catalog")

    def _told(self, fact: str) -> str:
        def look() -> str:
            assert self.process.poll() is None, self.said
            return str(json.loads((self.home / "up.lock").read_text() or "{}").get(fact, ""))

        eventually((self.home / "up.lock").exists)
        return eventually(look)

    def children(self) -> dict[str, list[int]]:
        """Living processes of the family by name: ``mesh-webserver``, ``mesh-one`` …"""
        zygotes = [pid for pid, parent, session, *_ in _processes() if parent == self.process.pid and session == pid]
        return _by_name(zygotes[0]) if zygotes else {}

    def launch(self, location: str, *asset: str) -> str:
        """Launch a run of one asset as soon as its location can be reached; returns the run's id."""
        selector = {
            "repositoryLocationName": location,
            "repositoryName": "__repository__",
            "pipelineName": "__ASSET_JOB",
            "assetSelection": [{"path": list(asset)}],
            "assetCheckSelection": [],
        }
        params = {"selector": selector, "runConfigData": "{}", "mode": "default"}

        def attempt() -> str:
            said = graphql(self.url, _LAUNCH, variables={"p": params})
            return str(said["launchPipelineExecution"].get("run", {}).get("runId", ""))

        return eventually(attempt)

    def run(self, run_id: str) -> dict[str, Any]:
        return dict(graphql(self.url, _RUN, variables={"id": run_id})["runOrError"])

    def assets(self) -> set[str]:
        said = graphql(self.url, "{assetNodes {assetKey {path}}}")
        return {"/".join(node["assetKey"]["path"]) for node in said["assetNodes"]}

    def end(self, number: signal.Signals) -> int:
        """Signal the supervisor; returns its exit code, once every process of its family is gone."""
        session = next(iter(self.children().get("python", [])), 0)
        self.process.send_signal(number)
        code = self.process.wait(DEADLINE)
        eventually(lambda: not _by_name(session), deadline=30)
        return code


@contextmanager
def mesh_process(root: Path, *locations: str, **environ: str) -> Iterator[MeshProcess]:
    mesh = MeshProcess(root, *locations, **environ)
    try:
        yield mesh
    finally:
        if mesh.process.poll() is None:
            mesh.end(signal.SIGTERM)


def _processes() -> list[tuple[int, int, int, str, str]]:
    """pid, parent, session, state and name of every process."""
    listed = subprocess.run(["ps", "-eo", "pid=,ppid=,sid=,stat=,comm="], capture_output=True, text=True, check=True)
    rows = (line.split(None, 4) for line in listed.stdout.splitlines())
    return [(int(pid), int(parent), int(session), state, name) for pid, parent, session, state, name in rows]


def _by_name(session: int) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for pid, _, of_session, state, name in _processes():
        if of_session == session and not state.startswith("Z"):
            found.setdefault(name, []).append(pid)
    return found
