"""What ``mesh lint`` answers to people, to programs and to pull requests."""

from __future__ import annotations

from pathlib import Path

import pytest

from mesh_orchestration.settings import Settings
from tests.builders import contract_text, mesh_at, write_contract
from tests.cli.mesh import mesh as run

LINES = "orders.order_lines.v1"
FILE = "contracts/orders/order_lines/v1.yaml"


@pytest.fixture
def wrong(tmp_path: Path) -> Settings:
    """A mesh whose one contract has an owner that is none."""
    settings = mesh_at(tmp_path)
    write_contract(tmp_path, contract_text(LINES, owner="100% nobody"), at=LINES)
    return settings


def test_a_finding_is_noted_at_its_line_of_a_pull_request(wrong: Settings) -> None:
    answer = run(wrong, "lint", "--format", "github")
    (note,) = answer.out.splitlines()
    assert answer.code == 1
    assert note.startswith(f"::error file={FILE},line=9,title=mesh lint::spec.owner: found '100%25 nobody'")


def test_json_is_the_same_by_either_option(wrong: Settings) -> None:
    answers = [run(wrong, "lint", *words).json for words in (("--json",), ("--format", "json"))]
    assert answers[0] == answers[1]
    assert [(one["file"], one["line"], one["path"]) for one in answers[0]["problems"]] == [(FILE, 9, "spec.owner")]


def test_an_unknown_format_is_wrong_usage(wrong: Settings) -> None:
    assert run(wrong, "lint", "--format", "xml").code == 2
