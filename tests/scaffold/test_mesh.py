"""A mesh of one's own: what an empty one holds, and that it is sound."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from mesh_orchestration.compile import files
from mesh_orchestration.contract.lint import lint
from mesh_orchestration.contract.mesh import load_mesh
from mesh_orchestration.errors import MeshError
from mesh_orchestration.governance.findings import policy_problems
from mesh_orchestration.scaffold.mesh import new_mesh
from mesh_orchestration.scaffold.render import TEMPLATES
from mesh_orchestration.scaffold.workspace import locations
from mesh_orchestration.settings import Settings
from tests.scaffold.meshes import empty_mesh

ROOT = Path(__file__).parents[2]
TEMPLATE = TEMPLATES / "mesh" / "template"


@pytest.mark.parametrize("path", ["dagster.yaml", "dbt_projects/.sqlfluff", "dbt_projects/.sqlfluffignore"])
def test_an_empty_mesh_is_set_up_as_this_one(path: str) -> None:
    assert (TEMPLATE / path).read_text() == (ROOT / path).read_text()


def test_an_empty_mesh_has_no_findings_and_serves_the_platform(tmp_path: Path) -> None:
    settings = empty_mesh(tmp_path)
    mesh = load_mesh(settings)
    assert (lint(settings), files.stale(mesh, tmp_path), mesh.domains) == ((), (), ())
    assert locations((tmp_path / "workspace.yaml").read_text()) == ("platform",)
    assert Settings.load({"MESH_ROOT": str(tmp_path)}).root == tmp_path.resolve()


def test_every_change_of_a_mesh_is_checked_as_a_whole(tmp_path: Path) -> None:
    settings = empty_mesh(tmp_path)
    github = yaml.safe_load((tmp_path / ".github" / "workflows" / "whole-mesh.yml").read_text())
    gitlab = yaml.safe_load((tmp_path / ".gitlab" / "whole-mesh.yml").read_text())["whole-mesh"]
    assert (github[True], github["jobs"]["check"]["steps"][-1]["run"]) == (
        {"pull_request": {}, "push": {"branches": ["main"]}}, "make check"
    )  # fmt: skip
    assert (gitlab["script"], "rules" in gitlab) == (["make check"], False)
    check = (tmp_path / "Makefile").read_text().partition("\ncheck:")[2].partition("\n\n")[0]
    assert "$(BIN)/mesh lint\n" in check
    assert policy_problems(settings, load_mesh(settings)) == ((), ())


def test_a_folder_that_has_something_of_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "Makefile").write_text("all:\n")
    with pytest.raises(MeshError, match="has Makefile already"):
        new_mesh(tmp_path, {})


def test_every_template_asks_with_an_explanation_and_offers_an_answer() -> None:
    for path in TEMPLATES.glob("*/copier.yml"):
        questions = {key: asked for key, asked in yaml.safe_load(path.read_text()).items() if not key.startswith("_")}
        assert [key for key, asked in questions.items() if not asked["help"]] == []
        assert [key for key, asked in questions.items() if "default" not in asked] in ([], ["upstream"])
