"""``mesh up`` as a whole: what it starts, keeps running, and leaves behind."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from mesh_orchestration.errors import SettingsError
from mesh_orchestration.server.health import catalog_answers, graphql, location_states
from mesh_orchestration.server.lock import exclusive, who_runs
from tests.builders import settings_at
from tests.server.mesh_process import MeshProcess, eventually, mesh_process
from tests.telemetry.collector import Collector, collector

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def traces() -> Iterator[Collector]:
    with collector() as found:
        yield found


@pytest.fixture(scope="module")
def mesh(tmp_path_factory: pytest.TempPathFactory, traces: Collector) -> Iterator[MeshProcess]:
    root = tmp_path_factory.mktemp("mesh")
    (root / "contracts").mkdir()
    (root / "contracts" / "name.yaml").write_text("before")
    with mesh_process(root, "one", "two", "broken", "edited", **traces.environ) as running:
        assert running.url
        yield running


def test_every_sound_location_is_loaded_and_a_broken_one_says_why(mesh: MeshProcess) -> None:
    states = location_states(mesh.url)

    assert {name for name, state in states.items() if state == "LOADED"} == {"one", "two", "edited"}
    assert "Error occurred during the loading" in states["broken"]
    assert (
        "broken does not load, the other locations are not affected: "
        "contracts/broken/x/v1.yaml:3 spec.owner: nobody owns it\n" in mesh.said
    )


def test_a_second_one_is_refused_with_pid_and_url(mesh: MeshProcess) -> None:
    with pytest.raises(SettingsError, match=rf"runs already at {mesh.url} \(pid {mesh.process.pid}"):
        exclusive(settings_at(mesh.root)).__enter__()
    assert who_runs(settings_at(mesh.root)) == {"pid": mesh.process.pid, "url": mesh.url, "catalog": mesh.catalog}


def test_a_run_is_forked_from_its_locations_run_factory(mesh: MeshProcess) -> None:
    run_id = mesh.launch("one", "one", "quick")

    run = eventually(lambda: (found := mesh.run(run_id))["status"] in {"SUCCESS", "FAILURE"} and found)
    assert run["status"] == "SUCCESS"  # type: ignore[index]
    assert len(mesh.children()["mesh-factory"]) == 3


def test_a_run_is_a_trace_that_has_its_id(mesh: MeshProcess, traces: Collector) -> None:
    run_id = mesh.launch("two", "two", "quick")

    (span,) = eventually(lambda: [span for span in traces.spans if span.said.get("dagster.run_id") == run_id])
    assert (span.name, span.trace, span.parent) == ("run two", run_id.replace("-", ""), "")


def test_a_run_can_be_terminated(mesh: MeshProcess) -> None:
    run_id = mesh.launch("one", "one", "endless")
    eventually(lambda: mesh.run(run_id)["status"] == "STARTED")
    graphql(mesh.url, "mutation($id: String!) {terminateRun(runId: $id) {__typename}}", variables={"id": run_id})

    eventually(lambda: mesh.run(run_id)["status"] == "CANCELED")


def test_the_reload_button_brings_a_new_server_and_ends_the_old_one(mesh: MeshProcess) -> None:
    (before,) = mesh.children()["mesh-one"]
    graphql(mesh.url, 'mutation {reloadRepositoryLocation(repositoryLocationName: "one") {__typename}}')

    eventually(lambda: (pids := mesh.children()["mesh-one"]) and before not in pids)
    assert location_states(mesh.url)["one"] == "LOADED"


def test_a_crashed_code_server_is_started_again(mesh: MeshProcess) -> None:
    (before,) = mesh.children()["mesh-two"]
    os.kill(before, signal.SIGKILL)

    eventually(lambda: (pids := mesh.children().get("mesh-two")) and pids != [before])
    eventually(lambda: mesh.said.count("two loaded") == 2)
    run_id = mesh.launch("two", "two", "quick")
    assert eventually(lambda: (status := mesh.run(run_id)["status"]) in {"SUCCESS", "FAILURE"} and status) == "SUCCESS"
    assert "two was killed by signal 9; starting it again in 0.5 s" in mesh.said


def test_a_crashed_web_ui_is_started_again(mesh: MeshProcess) -> None:
    (before,) = mesh.children()["mesh-webserver"]
    os.kill(before, signal.SIGKILL)

    def answers() -> bool:
        try:
            return location_states(mesh.url)["one"] == "LOADED"
        except OSError:
            return False

    eventually(answers)


def test_the_catalog_answers_beside_the_web_ui_and_is_started_again(mesh: MeshProcess) -> None:
    eventually(lambda: f"the catalog is at {mesh.catalog}: start there" in mesh.said)
    (before,) = mesh.children()["mesh-catalog"]
    os.kill(before, signal.SIGKILL)

    eventually(lambda: mesh.said.count(f"the catalog is at {mesh.catalog}") == 2)
    assert catalog_answers(mesh.catalog)


def test_a_changed_contract_is_loaded_without_a_restart(mesh: MeshProcess) -> None:
    (mesh.root / "contracts" / "name.yaml").write_text("after")

    eventually(lambda: "edited/after" in mesh.assets())
    assert "contracts changed; loading again: broken, edited, one, two" in mesh.said


def test_an_interrupt_ends_everything_and_the_runs_know(tmp_path: Path) -> None:
    with mesh_process(tmp_path, "one") as first:
        run_id = first.launch("one", "one", "endless")
        eventually(lambda: first.run(run_id)["status"] == "STARTED")
        assert first.end(signal.SIGINT) == 0

    with mesh_process(tmp_path, "one") as second:
        assert second.run(run_id)["status"] == "FAILURE"


def test_a_home_that_cannot_be_used_ends_it_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / ".mesh").mkdir()
    (tmp_path / ".mesh" / "dagster").write_text("a file where a folder must be")
    with mesh_process(tmp_path, "one") as mesh:
        assert mesh.process.wait(60) == 1
        assert "dagster cannot be written" in mesh.said


def test_a_killed_supervisor_leaves_no_process_behind(tmp_path: Path) -> None:
    with mesh_process(tmp_path, "one") as mesh:
        run_id = mesh.launch("one", "one", "endless")
        eventually(lambda: mesh.run(run_id)["status"] == "STARTED")
        assert mesh.end(signal.SIGKILL) == -signal.SIGKILL


def test_everything_starts_again_when_the_zygote_dies(tmp_path: Path) -> None:
    with mesh_process(tmp_path, "one") as mesh:
        assert mesh.url
        run_id = mesh.launch("one", "one", "endless")
        eventually(lambda: mesh.run(run_id)["status"] == "STARTED")
        (zygote,) = (pid for pid in mesh.children()["python"] if os.getpgid(pid) == pid)
        os.kill(zygote, signal.SIGKILL)

        eventually(lambda: mesh.said.count("web UI at") == 2)
        assert mesh.run(run_id)["status"] == "FAILURE"
