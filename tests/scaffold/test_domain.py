"""A new domain: what is written, and that its pipelines name only what exists."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from mesh_orchestration.cli.app import app
from mesh_orchestration.errors import MeshError
from mesh_orchestration.scaffold.domain import new_domain
from mesh_orchestration.scaffold.names import AnswerError
from mesh_orchestration.scaffold.render import render
from mesh_orchestration.settings import Settings
from tests.builders import mesh_at
from tests.scaffold.meshes import empty_mesh, files_in

ROOT = Path(__file__).parents[2]
ENGINES = ("duckdb", "postgresql")
ANSWERS = {"name": "returns", "owner": "team:returns", "description": "Returns.", "team": "@company/team-returns"}


def mesh_in(root: Path) -> Settings:
    """A mesh without a domain."""
    return mesh_at(root)


def workflow(root: Path, engine: str, path: str) -> dict[Any, Any]:
    """The pipeline at ``path`` of a new domain in ``root``."""
    empty_mesh(root)
    if engine != "duckdb":
        files = render("domain", ANSWERS | {"engine": engine}).files
        (root / path).write_text(files[path])
    loaded: dict[Any, Any] = yaml.safe_load((root / path).read_text())
    return loaded


def known_commands() -> set[str]:
    """Every command and sub-command of ``mesh``."""
    group = typer.main.get_group(app)
    return set(group.commands)


def known_targets(makefile: Path) -> set[str]:
    return set(re.findall(r"^([a-z-]+):", makefile.read_text(), flags=re.MULTILINE))


def called(lines: list[str]) -> list[tuple[str, str]]:
    """The mesh and make commands in shell lines, as (program, command)."""
    return [match for line in lines for match in re.findall(r"(?:^|&& )(mesh|make) ([a-z-]+)", line, re.MULTILINE)]


def assert_all_exist(calls: list[tuple[str, str]], root: Path) -> None:
    targets = known_targets(ROOT / "Makefile") & known_targets(root / "Makefile")
    unknown = [call for call in calls if call[1] not in ({"mesh": known_commands(), "make": targets}[call[0]])]
    assert (unknown, [call for call in calls if call[0] == "mesh"] != []) == ([], True)


@pytest.mark.parametrize("engine", ENGINES)
def test_the_github_workflow_runs_for_the_domains_paths_and_calls_what_exists(tmp_path: Path, engine: str) -> None:
    flow = workflow(tmp_path, engine, ".github/workflows/returns.yml")
    paths = ["contracts/returns/**", "dbt_projects/returns/**", ".github/workflows/returns.yml"]
    events = flow[True]  # YAML 1.1 reads `on` as true
    assert [events[event]["paths"] for event in ("pull_request", "push")] == [paths, paths]
    job = flow["jobs"]["returns"]
    assert_all_exist(called([step["run"] for step in job["steps"] if "run" in step]), tmp_path)
    assert ("services" in job, "MESH_ENGINE_RETURNS" in job["env"]) == ((engine == "postgresql",) * 2)


@pytest.mark.parametrize("engine", ENGINES)
def test_the_gitlab_pipeline_runs_for_the_domains_paths_and_calls_what_exists(tmp_path: Path, engine: str) -> None:
    job = workflow(tmp_path, engine, ".gitlab/returns.yml")["returns"]
    assert job["rules"][0]["changes"] == [
        "contracts/returns/**/*", "dbt_projects/returns/**/*", ".gitlab/returns.yml"
    ]  # fmt: skip
    assert_all_exist(called(job["before_script"] + job["script"]), tmp_path)
    assert yaml.safe_load((tmp_path / ".gitlab-ci.yml").read_text())["include"] == [{"local": ".gitlab/*.yml"}]
    assert ("services" in job) is (engine == "postgresql")


def test_both_pipelines_take_the_same_steps(tmp_path: Path) -> None:
    github = workflow(tmp_path, "duckdb", ".github/workflows/returns.yml")["jobs"]["returns"]["steps"]
    gitlab = yaml.safe_load((tmp_path / ".gitlab" / "returns.yml").read_text())["returns"]
    steps = [step["run"] for step in github if "run" in step]
    assert called(steps) == called(gitlab["before_script"] + gitlab["script"])


def test_nothing_is_written_before_it_is_asked_for(tmp_path: Path) -> None:
    settings = mesh_in(tmp_path)
    before = files_in(tmp_path)
    new_domain(settings, "returns", {})
    assert files_in(tmp_path) == before


def test_a_file_in_the_way_stops_everything(tmp_path: Path) -> None:
    settings = mesh_in(tmp_path)
    path = tmp_path / ".github" / "workflows" / "returns.yml"
    path.parent.mkdir(parents=True)
    path.write_text("name: ours\n")
    with pytest.raises(MeshError, match=r"workflows/returns\.yml is there already"):
        new_domain(settings, "returns", {})


def test_a_root_pipeline_of_ones_own_is_left_alone_and_told_about(tmp_path: Path) -> None:
    settings = mesh_in(tmp_path)
    (tmp_path / ".gitlab-ci.yml").write_text("stages: [test]\n")
    result = new_domain(settings, "returns", {})
    assert ".gitlab-ci.yml" not in [change.path for change in result.changes]
    assert "include: - local: .gitlab/*.yml" in " ".join(result.notes)


@pytest.mark.parametrize(
    ("given", "said"),
    [({"owner": "nobody"}, "neither an e-mail"), ({"engine": "oracle"}, "oracle"), ({"team": "two words"}, "handle")],
)
def test_a_wrong_answer_is_explained(tmp_path: Path, given: dict[str, str], said: str) -> None:
    with pytest.raises(AnswerError, match=said):
        new_domain(mesh_in(tmp_path), "returns", given)


@pytest.mark.parametrize(("name", "warned"), [("kafka", True), ("returns", False)])
def test_a_technology_as_a_domain_is_warned_about_by_the_words_of_the_policies(
    tmp_path: Path, name: str, warned: bool
) -> None:
    settings = mesh_in(tmp_path)
    words = tmp_path / "policies" / "data" / "names.yaml"
    words.parent.mkdir(parents=True)
    shutil.copyfile(ROOT / "policies" / "data" / "names.yaml", words)
    notes = new_domain(settings, name, {"owner": f"team:{name}"}).notes
    assert any(f"'{name}' names a technology" in note for note in notes) is warned


def test_policies_that_cannot_be_read_keep_nobody_from_a_new_domain(tmp_path: Path) -> None:
    settings = mesh_in(tmp_path)
    (tmp_path / "policies" / "data").mkdir(parents=True)
    (tmp_path / "policies" / "data" / "names.yaml").write_text("technology: [")
    assert new_domain(settings, "kafka", {"owner": "team:kafka"}).changes
