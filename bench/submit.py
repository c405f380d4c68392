"""From pressing the button to green: 20 dbt models through queue, daemon, run worker, dbt, audit and publication."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench.measure import Result, Row, Sample, paired, process
from bench.synthetic import build
from mesh_orchestration.compile import files
from mesh_orchestration.contract.mesh import load_mesh
from mesh_orchestration.engines.profiles import write_profiles
from mesh_orchestration.server.lock import who_runs
from mesh_orchestration.settings import Settings

MODELS = 20
DOMAIN = "domain0"
SELECTOR = {"repositoryLocationName": DOMAIN, "repositoryName": "__repository__", "pipelineName": "__ASSET_JOB"}
LAUNCH = """mutation($p: ExecutionParams!) { launchPipelineExecution(executionParams: $p) {
  __typename ... on LaunchRunSuccess { run { runId } } ... on PythonError { message } } }"""
STATUS = "query($id: ID!) { runOrError(runId: $id) { ... on Run { status } } }"
KEYS = "{ assetNodes { assetKey { path } isExecutable opNames } }"


def run() -> tuple[Result, ...]:
    """Wall time of the two, in turn."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        settings = _mesh(root)
        bare = _bare_project(root)
        with _up(settings) as url:
            keys = [node["assetKey"]["path"] for node in _ask(url, KEYS, {})["assetNodes"] if node["isExecutable"]]
            anchor, ours = paired(bare, lambda: _submit(url, keys), pairs=5)
    rows = (
        Row("bare `dbt build` process", *_figures(anchor)),
        Row("submit to green through the daemon", *_figures(ours)[:1], 0.0, 0.0, ours.wall_ratio, 0.0, ours.runs),
    )
    return (
        Result(
            "Submit to green",
            f"A domain of {MODELS} models with {MODELS - 1} not-null tests and one product with five checks: launched "
            "through the web server's GraphQL, queued, run, audited and published, until it is a success; against a "
            "bare `dbt build` of the same models.",
            rows,
            (("wall against dbt build", 1.8, ours.wall_ratio),),
        ),
    )


def _figures(row: Row) -> tuple[float, float, float, float, float, int]:
    return row.wall, row.cpu, row.peak, 0.0, 0.0, row.runs


def _mesh(root: Path) -> Settings:
    build(root, domains=1, products=1)
    models = root / "dbt_projects" / DOMAIN / "models" / "marts"
    for number in range(1, MODELS):
        (models / f"model_{number:02d}.sql").write_text(
            f"select item_id, amount * {number} as amount from {{{{ ref('product_0000') }}}}\n"
        )
    names = ["product_0000", *(f"model_{number:02d}" for number in range(1, MODELS))]
    tests = "".join(
        f"  - {{name: {name}, columns: [{{name: item_id, data_tests: [not_null]}}]}}\n" for name in names[1:]
    )
    (models / "tests.yml").write_text("models:\n" + tests)
    settings = Settings(root=root, home=root / ".mesh", environ={"MESH_REPLAY": "off"})
    files.write(load_mesh(settings).require(), root)
    return settings


def _bare_project(root: Path) -> Any:
    """A call that builds a copy of the project with the plain dbt program, in a DuckDB file of its own."""
    settings = Settings(root=root, home=root / "bare")
    settings.duckdb_dir.mkdir(parents=True)
    profiles = write_profiles(settings, DOMAIN)
    project = root / "dbt_projects" / DOMAIN
    target = ["--target-path", str(root / "bare" / "target"), "--log-path", str(root / "bare" / "logs")]
    command = [
        str(Path(sys.executable).with_name("dbt")),
        "build",
        "--project-dir",
        str(project),
        "--profiles-dir",
        str(profiles),
    ]
    env = dict(os.environ, DBT_SEND_ANONYMOUS_USAGE_STATS="false")
    return lambda: process([*command, *target, "--quiet"], env=env)


@contextmanager
def _up(settings: Settings) -> Iterator[str]:
    env = dict(os.environ, MESH_ROOT=str(settings.root), MESH_HOME=str(settings.home), MESH_REPLAY="off")
    command = [sys.executable, "-m", "mesh_orchestration.cli", "up", "--skip-run", "--port", "0"]
    child = subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 120
        while "url" not in (found := who_runs(settings)):
            if time.monotonic() > deadline or child.poll() is not None:
                raise RuntimeError("mesh up did not come up")
            time.sleep(0.1)
        yield str(found["url"])
    finally:
        child.send_signal(signal.SIGINT)
        child.wait(60)


def _submit(url: str, keys: list[list[str]]) -> Sample:
    begun = time.perf_counter()
    selection = {"assetSelection": [{"path": key} for key in keys], "assetCheckSelection": None}
    params = {"selector": SELECTOR | selection, "runConfigData": "{}", "mode": "default"}
    launched = _ask(url, LAUNCH, {"p": params})["launchPipelineExecution"]
    if launched["__typename"] != "LaunchRunSuccess":
        raise RuntimeError(str(launched))
    while (status := _ask(url, STATUS, {"id": launched["run"]["runId"]})["runOrError"]["status"]) != "SUCCESS":
        if status in {"FAILURE", "CANCELED"}:
            raise RuntimeError(f"run {launched['run']['runId']} ended as {status}")
        time.sleep(0.05)
    return Sample(time.perf_counter() - begun, 0.0)


def _ask(url: str, query: str, variables: dict[str, Any]) -> dict[str, Any]:
    body = json.dumps({"query": query, "variables": variables}).encode()
    request = urllib.request.Request(f"{url}/graphql", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return dict(json.load(answer)["data"])
