"""Lines added to files that people keep: everything else in them stays as it is."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from mesh_orchestration.errors import SettingsError
from mesh_orchestration.scaffold import codeowners
from mesh_orchestration.scaffold.workspace import locations, with_location

ROOT = Path(__file__).parents[2]
BLOCKS = """load_from:
- python_module:
    module_name: mesh_orchestration.locations
    attribute: orders
    location_name: orders  # the tills
"""


def test_a_location_is_added_before_the_platform_and_nothing_else_changes() -> None:
    before = (ROOT / "workspace.yaml").read_text()
    after = with_location(before, "returns")
    added = set(after.splitlines()) - set(before.splitlines())
    assert [line.count("attribute: returns") for line in added] == [1]
    assert [line for line in after.splitlines() if line not in added] == before.splitlines()
    assert locations(after) == (*locations(before)[:-1], "returns", "platform")


def test_a_location_is_added_once() -> None:
    once = with_location(BLOCKS, "returns")
    assert with_location(once, "returns") == once


@pytest.mark.parametrize("text", [BLOCKS, BLOCKS.rstrip("\n"), "# ours\nload_from:\n"])
def test_a_location_is_added_to_other_forms_of_the_file(text: str) -> None:
    assert [*locations(text), "returns"] == list(locations(with_location(text, "returns")))


@pytest.mark.parametrize("text", ["load_from: []\n", "locations: []\n", "load_from: [{grpc_server: {port: 1}}]\n"])
def test_a_workspace_of_another_kind_is_left_alone(text: str) -> None:
    with pytest.raises(SettingsError, match=r"workspace\.yaml"):
        with_location(text, "returns")


def test_code_owners_are_added_aligned_with_those_before() -> None:
    before = (ROOT / ".github" / "CODEOWNERS").read_text()
    after = codeowners.with_domain(before, "returns", "@company/team-returns")
    lines = after.removeprefix(before).splitlines()
    assert [line.split() for line in lines] == [
        ["/contracts/returns/", "@company/team-returns"],
        ["/dbt_projects/returns/", "@company/team-returns"],
    ]
    assert {line.index("@") for line in after.splitlines()[1:]} == {31}
    assert codeowners.with_domain(after, "returns", "@company/team-returns") == after


@pytest.mark.parametrize(
    ("owner", "text", "team"),
    [
        ("team:returns", "* @acme/platform\n", "@acme/returns"),
        ("ann@acme.io", "* @acme/platform\n", "@acme/team-returns"),
        ("ann@acme.io", "", "ann@acme.io"),
        ("team:returns", "", "@returns"),
    ],
)
def test_the_code_owner_is_a_team_of_the_organisation_in_the_file(owner: str, text: str, team: str) -> None:
    assert codeowners.team_of(owner, "returns", text) == team


def test_the_repository_of_the_example_reads_as_yaml_after_an_addition() -> None:
    text = with_location((ROOT / "workspace.yaml").read_text(), "returns")
    assert len(yaml.safe_load(text)["load_from"]) == len(locations(text))
