"""``mesh up`` on the example, as a person starts it, and what Dagster's interface says of it."""

from __future__ import annotations

import signal
import subprocess
import sys
from dataclasses import replace
from typing import Any

from mesh_orchestration.server.health import graphql
from mesh_orchestration.settings import Settings
from tests.cli.mesh import environment
from tests.server.mesh_process import MeshProcess, eventually

CONSUMERS = ("billing", "inventory")
ENDED = {"SUCCESS", "FAILURE", "CANCELED"}
_LAUNCH = """mutation($p: ExecutionParams!) {launchPipelineExecution(executionParams: $p) {
__typename ... on LaunchRunSuccess {run {runId}} ... on PythonError {message}}}"""
_ASSETS = """{assetNodes {assetKey {path} repository {location {name}} dependencyKeys {path} owners {__typename}
internalFreshnessPolicy {__typename} freshnessStatusInfo {freshnessStatus}
assetChecksOrError {... on AssetChecks {checks {name blocking executionForLatestMaterialization {status}}}}}}"""
_RUNS = """{runsOrError(limit: 100) {... on Runs {results {runId status tags {key value} assetSelection {path}}}}}"""
_TICKS = """query($s: SensorSelector!) {sensorOrError(sensorSelector: $s) {... on Sensor {sensorState {
ticks(limit: 1) {timestamp}}}}}"""


def _listening() -> None:
    """Ctrl-C must be heard, also where the tests run in the background of a shell, which has it ignored."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


class MeshUp(MeshProcess):
    """``mesh up`` as a person starts it, on the six real domains."""

    def __init__(self, settings: Settings) -> None:
        # The real clock: sensors and daemons of Dagster have no other.
        clock = {name: value for name, value in settings.environ.items() if name != "MESH_NOW"}
        settings = replace(settings, environ=clock)
        self.settings, self.root, self.home = settings, settings.root, settings.home
        self.log = settings.root / "up.log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "mesh_orchestration.cli", "up", "--port", "0", "--catalog-port", "0"],
                env=environment(settings, MESH_REPLAY="on"),
                stdout=log,
                stderr=subprocess.STDOUT,
                preexec_fn=_listening,
            )

    def ready(self) -> str:
        """The URL of the web UI, once everything was published and is served."""
        eventually(lambda: self.process.poll() is not None or "web UI at" in self.said, deadline=300)
        assert self.process.poll() is None, self.said
        return self.url

    def ask(self, query: str, **variables: Any) -> dict[str, Any]:
        return graphql(self.url, query, variables=variables)

    def nodes(self) -> dict[str, dict[str, Any]]:
        """What the UI knows of every asset, by its key."""
        return {"/".join(node["assetKey"]["path"]): node for node in self.ask(_ASSETS)["assetNodes"]}

    def materialise(self, domain: str, *assets: str) -> dict[str, Any]:
        """Press *Materialize* on these assets of a domain and wait; what came of the run."""
        selector = {
            "repositoryLocationName": domain,
            "repositoryName": "__repository__",
            "pipelineName": "__ASSET_JOB",
            "assetSelection": [{"path": [domain, *asset.split("/")]} for asset in assets],
        }
        said = self.ask(_LAUNCH, p={"selector": selector, "runConfigData": "{}", "mode": "default"})
        run_id = said["launchPipelineExecution"]["run"]["runId"]
        eventually(lambda: self.run(run_id)["status"] in ENDED)
        return self.run(run_id)

    def runs(self) -> list[dict[str, Any]]:
        return list(self.ask(_RUNS)["runsOrError"]["results"])

    def automated(self) -> dict[str, list[set[str]]]:
        """By domain, what each run that automation started has made."""
        found: dict[str, list[set[str]]] = {}
        for run in self.runs():
            tags = {tag["key"]: tag["value"] for tag in run["tags"]}
            if "dagster/from_automation_condition" in tags:
                made = {"/".join(key["path"]) for key in run["assetSelection"]}
                found.setdefault(tags["mesh/domain"], []).append(made)
        return found

    def settle(self) -> None:
        """Wait until both automation sensors have looked again at a mesh in which nothing runs."""
        eventually(lambda: all(run["status"] in ENDED for run in self.runs()))
        before = self._ticks()
        eventually(lambda: all(new > old for new, old in zip(self._ticks(), before, strict=True)))
        eventually(lambda: all(run["status"] in ENDED for run in self.runs()))

    def _ticks(self) -> list[float]:
        """When the automation sensors last looked."""
        last = []
        for domain in CONSUMERS:
            selector = {"repositoryName": "__repository__", "repositoryLocationName": domain}
            found = self.ask(_TICKS, s={**selector, "sensorName": f"{domain}_automation"})
            ticks = found["sensorOrError"]["sensorState"]["ticks"]
            last.append(ticks[0]["timestamp"] if ticks else 0.0)
        return last
