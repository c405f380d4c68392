"""A scaffold meets a newer template: the team's changes stay, and what cannot be merged is marked."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from mesh_orchestration.errors import MeshError
from mesh_orchestration.scaffold.answers import domain_answers
from mesh_orchestration.scaffold.merge import merged
from mesh_orchestration.scaffold.result import Result, write
from mesh_orchestration.scaffold.update import update_domain, update_product
from mesh_orchestration.settings import Settings
from tests.scaffold.meshes import add, empty_mesh, files_in

PROJECT = "dbt_projects/returns/dbt_project.yml"
README = "contracts/returns/README.md"


@pytest.fixture
def mesh(tmp_path: Path) -> Settings:
    return empty_mesh(tmp_path / "mesh")


def written_by_an_older_template(settings: Settings, path: str, change: Callable[[str], str]) -> None:
    """Have ``path`` and what is recorded of it say what a template of before would have written."""
    answers = settings.root / domain_answers("returns")
    content = yaml.safe_load(answers.read_text())
    content["rendered"][path] = change(content["rendered"][path])
    answers.write_text(yaml.safe_dump(content))
    (settings.root / path).write_text(content["rendered"][path])


def edit(settings: Settings, path: str, change: Callable[[str], str]) -> None:
    (settings.root / path).write_text(change((settings.root / path).read_text()))


def update(settings: Settings) -> Result:
    result = update_domain(settings, "returns")
    write(result, settings.root)
    return result


def text(settings: Settings, path: str) -> str:
    return (settings.root / path).read_text()


def test_an_update_to_the_same_template_changes_nothing(mesh: Settings) -> None:
    assert update_domain(mesh, "returns").changes == ()


def test_what_the_team_has_not_touched_becomes_what_the_template_says_now(mesh: Settings) -> None:
    now = text(mesh, PROJECT)
    written_by_an_older_template(mesh, PROJECT, lambda old: old.replace("clean-targets: [target]\n", ""))
    assert (update(mesh).conflicts, text(mesh, PROJECT)) == ((), now)


def test_the_teams_changes_survive_beside_those_of_the_template(mesh: Settings) -> None:
    now = text(mesh, PROJECT)
    written_by_an_older_template(mesh, PROJECT, lambda old: old.replace("clean-targets: [target]\n", ""))
    edit(mesh, PROJECT, lambda mine: f"{mine}\nvars: {{ours: 1}}\n")
    assert (update(mesh).conflicts, text(mesh, PROJECT)) == ((), f"{now}\nvars: {{ours: 1}}\n")


def test_lines_that_both_sides_changed_are_marked_and_reported(mesh: Settings) -> None:
    written_by_an_older_template(mesh, PROJECT, lambda old: old.replace("+materialized: view", "+materialized: before"))
    edit(mesh, PROJECT, lambda mine: mine.replace("+materialized: before", "+materialized: ours"))
    assert update(mesh).conflicts == (PROJECT,)
    marks = [line for line in text(mesh, PROJECT).splitlines() if line[:7] in {"<" * 7, "|" * 7, "=" * 7, ">" * 7}]
    assert marks == ["<<<<<<< yours", "||||||| the template before", "=======", ">>>>>>> the template now"]


def test_after_an_update_the_next_one_starts_from_there(mesh: Settings) -> None:
    written_by_an_older_template(mesh, PROJECT, lambda old: old.replace("clean-targets: [target]\n", ""))
    update(mesh)
    edit(mesh, PROJECT, lambda mine: mine.replace("clean-targets: [target]\n", ""))
    assert update_domain(mesh, "returns").changes == ()


def test_a_file_that_was_deleted_stays_deleted(mesh: Settings) -> None:
    (mesh.root / README).unlink()
    result = update(mesh)
    assert ((mesh.root / README).exists(), result.notes) == (False, (f"{README} was deleted here and stays so",))


def test_a_file_that_is_new_in_the_template_is_added(mesh: Settings) -> None:
    answers = mesh.root / domain_answers("returns")
    content = yaml.safe_load(answers.read_text())
    del content["rendered"][README]
    answers.write_text(yaml.safe_dump(content))
    (mesh.root / README).unlink()
    update(mesh)
    assert "# returns" in text(mesh, README)


def test_what_was_not_made_by_a_template_cannot_be_updated(mesh: Settings) -> None:
    (mesh.root / domain_answers("returns")).unlink()
    with pytest.raises(MeshError, match="was not made by mesh new"):
        update_domain(mesh, "returns")


def test_answers_that_cannot_be_read_are_named_with_the_way_back(mesh: Settings) -> None:
    (mesh.root / domain_answers("returns")).write_text("rendered: [")
    with pytest.raises(MeshError, match="git checkout -- dbt_projects/returns/"):
        update_domain(mesh, "returns")


@pytest.mark.slow
def test_a_product_is_updated_like_a_domain(mesh: Settings) -> None:
    add(mesh, fields="id:long, name:string")
    before = files_in(mesh.root)
    mart = "dbt_projects/returns/models/marts/returned_items.sql"
    edit(mesh, mart, lambda mine: mine.replace("        name\n", "        upper(name) as name\n"))
    result = update_product(mesh, "returns.returned_items")
    assert (result.changes, result.conflicts) == ((), ())
    assert "upper(name)" in text(mesh, mart)
    assert before.keys() == files_in(mesh.root).keys()


@pytest.mark.parametrize(
    ("mine", "base", "theirs", "expected", "conflicts"),
    [
        ("a\nb\nc\n", "a\nb\nc\n", "a\nB\nc\n", "a\nB\nc\n", 0),
        ("a\nb\nC\n", "a\nb\nc\n", "a\nb\nc\n", "a\nb\nC\n", 0),
        ("A\nb\nc\nd\ne\n", "a\nb\nc\nd\ne\n", "a\nb\nc\nd\nE\n", "A\nb\nc\nd\nE\n", 0),
    ],
)
def test_merging_takes_what_each_side_changed(mine: str, base: str, theirs: str, expected: str, conflicts: int) -> None:
    result = merged(mine, base, theirs)
    assert (result.text, result.conflicts) == (expected, conflicts)


@pytest.mark.parametrize(
    "answered", [{"name": "../../../outside"}, {"name": "{{ 7*7 }}"}, {"name": "orders"}, {"team": "{{ 7*7 }}"}]
)
def test_answers_that_lead_elsewhere_are_refused_with_the_way_back(mesh: Settings, answered: dict[str, str]) -> None:
    answers = mesh.root / domain_answers("returns")
    content = yaml.safe_load(answers.read_text())
    answers.write_text(yaml.safe_dump(content | {"answers": content["answers"] | answered}))
    with pytest.raises(MeshError, match="git checkout -- dbt_projects/returns/"):
        update_domain(mesh, "returns")
