"""Time until every code location is loaded: ``mesh up`` against plain ``dagster dev``.

Both start on the example mesh with its dbt manifests already parsed, in a home of their own, and are asked
over GraphQL until all locations are loaded and list the same assets; then both are stopped.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.measure import Result, Row, Sample, paired
from mesh_orchestration.orchestration.instance import prepare_home
from mesh_orchestration.server.health import free_port, graphql, location_states
from mesh_orchestration.server.locations import read_locations
from mesh_orchestration.settings import Settings

DEADLINE = 600.0
_OURS = "import sys; from mesh_orchestration.server.up import up; from mesh_orchestration.settings import Settings; "
_OURS += "up(Settings.load(), port=int(sys.argv[1]))"
_ASSETS = "{assetNodes {assetKey {path}}}"


def run(pairs: int = 5) -> tuple[Result, ...]:
    """The comparison, after one start of each to warm the disk and to parse the dbt projects."""
    with tempfile.TemporaryDirectory(prefix="mesh-bench-") as folder:
        environ = {**os.environ, "MESH_HOME": folder, "MESH_REPLAY": "off", "MESH_ALERT_SECONDS": "3600"}
        environ["DAGSTER_HOME"] = str(Path(folder, "dagster"))
        settings = Settings.load(environ)
        prepare_home(settings)
        expected = {place.name for place in read_locations(settings)}
        seen: list[frozenset[str]] = []

        def start(*command: str) -> Sample:
            sample, assets = _start(command, settings, environ, expected)
            seen.append(assets)
            return sample

        dagster = (sys.executable, "-m", "dagster", "dev", "-h", "127.0.0.1", "-p")
        anchor, ours = paired(lambda: start(*dagster), lambda: start(sys.executable, "-c", _OURS), pairs=pairs)
    assert len(set(seen)) == 1, "the two do not list the same assets"
    return (_result(anchor, ours, len(expected), len(seen[0])),)


def _result(anchor: Row, ours: Row, locations: int, assets: int) -> Result:
    rows = (
        Row("plain dagster dev", anchor.wall, anchor.cpu, anchor.peak, runs=anchor.runs),
        Row("mesh up", ours.wall, ours.cpu, ours.peak, ours.wall_ratio, ours.cpu_ratio, ours.runs),
    )
    notes = (
        "Wall and CPU: from the start of the first process until GraphQL says that all locations are loaded.",
        "Peak MiB: memory of all processes at that moment, shared pages counted once (PSS).",
    )
    return Result(
        "Start of all code locations",
        f"How long until the web UI has loaded {locations} locations with {assets} assets?",
        rows,
        (("wall of plain dagster dev", 0.5, ours.wall_ratio),),
        notes,
    )


def _start(
    command: tuple[str, ...], settings: Settings, environ: dict[str, str], expected: set[str]
) -> tuple[Sample, frozenset[str]]:
    """Start ``command`` with a port behind it, wait until everything is loaded, stop it."""
    port = free_port(3600)
    url = f"http://127.0.0.1:{port}"
    begin = time.perf_counter()
    with Path(settings.home, "bench.log").open("ab") as log:
        child = subprocess.Popen(
            [*command, str(port)], cwd=settings.root, env=environ, stdout=log, stderr=log, start_new_session=True
        )
    try:
        while not _loaded(url, expected):
            assert child.poll() is None, f"{command} ended with code {child.returncode}"
            assert time.perf_counter() - begin < DEADLINE, f"{command} has not loaded {expected}"
            time.sleep(0.05)
        wall = time.perf_counter() - begin
        family = _family(child.pid)
        sample = Sample(wall, sum(map(_cpu, family)), sum(map(_memory, family)))
        nodes = graphql(url, _ASSETS)["assetNodes"]
        return sample, frozenset("/".join(node["assetKey"]["path"]) for node in nodes)
    finally:
        _stop(child)


def _loaded(url: str, expected: set[str]) -> bool:
    try:
        states = location_states(url)
    except OSError:
        return False
    assert not (wrong := {name: state for name, state in states.items() if state not in {"LOADED", "LOADING"}}), wrong
    return {name for name, state in states.items() if state == "LOADED"} == expected


def _stop(child: subprocess.Popen[bytes]) -> None:
    """Interrupt the command, and make sure that nobody of its family stays."""
    family = _family(child.pid)
    child.send_signal(signal.SIGINT)
    try:
        child.wait(60)
    finally:
        for pid in family:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def _family(root: int) -> list[int]:
    """``root`` and all its descendants."""
    listed = subprocess.run(["ps", "-eo", "pid=,ppid="], capture_output=True, text=True, check=True)
    parents = {int(pid): int(parent) for pid, parent in map(str.split, listed.stdout.splitlines())}
    family = [root]
    for member in family:
        family += [pid for pid, parent in parents.items() if parent == member]
    return family


def _cpu(pid: int) -> float:
    """Seconds of CPU that ``pid`` and its reaped children used."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return 0.0
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


def _memory(pid: int) -> float:
    """MiB that ``pid`` holds, its share of what it shares."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0.0
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024


if __name__ == "__main__":
    from bench.measure import markdown

    print(markdown(run(int(sys.argv[1]) if len(sys.argv) > 1 else 5)[0]))
