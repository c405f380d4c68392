"""``mesh plan`` and ``mesh apply`` as a person types them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from tests.builders import FIELDS, mesh_at, product
from tests.cli.mesh import mesh
from tests.planning.repository import Repository, repository_at

READER = product(
    "billing.revenue.v1",
    fields={"n": "long"},
    inputs=[{"name": "order_lines", "type": "data-product", "product": "orders.order_lines.v1"}],
)
ADDED = {**FIELDS, "note": "string"}


@pytest.fixture
def tree(tmp_path: Path) -> Repository:
    return repository_at(tmp_path, product(sla={"freshness": "1h"}), READER)


def test_a_plan_of_no_change_is_plain_text_and_exit_0(tree: Repository) -> None:
    answer = mesh(tree.settings, "plan")
    assert (answer.code, answer.err) == (0, "")
    assert answer.out.endswith("2 unchanged\nnothing changes\n")


def test_a_version_that_is_too_small_is_exit_1_and_one_that_fits_is_exit_0(tree: Repository) -> None:
    tree.write(product(version="1.0.1", sla={"freshness": "1h"}, fields=ADDED))
    refused = mesh(tree.settings, "plan", "--json")
    assert (refused.code, [one["rule"] for one in refused.json["findings"] if one["severity"] == "error"]) == (
        1, ["version-too-small"],
    )  # fmt: skip
    tree.write(product(version="1.1.0", sla={"freshness": "1h"}, fields=ADDED))
    assert mesh(tree.settings, "plan").code == 0


@pytest.mark.slow
def test_an_agreement_written_by_the_command_lets_the_plan_pass(tree: Repository) -> None:
    tree.write(product(version="1.1.0", sla={"freshness": "2h"}))
    assert mesh(tree.settings, "plan").code == 1
    answer = mesh(tree.settings, "plan", "--acknowledge", "orders.order_lines.v1", "--until", "2026-12-24")
    path = "contracts/billing/acknowledgements/orders.order_lines.v1.yaml"
    assert (answer.code, answer.out) == (0, f"written {path}; commit it\n")
    assert str(yaml.safe_load((tree.root / path).read_text())["until"]) == "2026-12-24"
    assert mesh(tree.settings, "plan").code == 0


def test_a_file_takes_the_plan_in_any_format(tree: Repository) -> None:
    tree.write(product(version="1.1.0", sla={"freshness": "1h"}, fields=ADDED))
    answer = mesh(tree.settings, "plan", "--format", "sarif", "-o", str(tree.root / "out" / "plan.sarif"))
    assert (answer.code, answer.out) == (0, "")
    assert json.loads((tree.root / "out" / "plan.sarif").read_text())["version"] == "2.1.0"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("plan", "--against", "nowhere"), "'nowhere' is not a commit, branch or tag here"),
        (("plan", "--format", "xml"), "'xml' is not a format of a plan; expected one of json, junit"),
        (("plan", "--json", "--format", "sarif"), "contradict each other"),
        (("plan", "--as", "billing"), "belong to --acknowledge"),
        (("plan", "-o", "/proc/none/plan.json"), "cannot be written"),
        (("apply",), "nobody is there to ask"),
        (("apply", "--yes", "--drop", "orders.order_lines.v1"), "it is still a product"),
    ],
)
def test_wrong_usage_is_exit_2_and_says_why(tree: Repository, words: tuple[str, ...], said: str) -> None:
    answer = mesh(tree.settings, *words)
    text = " ".join(answer.err.replace("│", " ").split())
    assert (answer.code, said in text, "Traceback" in text) == (2, True, False), text


def test_a_mesh_outside_git_is_exit_2(tmp_path: Path) -> None:
    answer = mesh(mesh_at(tmp_path, product()), "plan")
    assert (answer.code, "git init && git add . && git commit" in " ".join(answer.err.split())) == (2, True)


@pytest.mark.slow
def test_apply_shows_makes_and_finds_nothing_left(tree: Repository) -> None:
    shown = mesh(tree.settings, "apply", "--dry-run")
    assert (shown.code, "create table orders.order_lines_v1 (3 columns)" in shown.out) == (0, True)
    assert not (tree.settings.home / "catalog.db").exists()
    made = mesh(tree.settings, "apply", "--yes")
    assert (made.code, "create-table orders.order_lines_v1" in made.out) == (0, True)
    again = mesh(tree.settings, "apply", "--yes", "--json")
    assert (again.code, again.json) == (0, {"refused": False, "findings": [], "steps": []})


@pytest.mark.slow
def test_apply_does_nothing_when_the_plan_is_refused(tree: Repository) -> None:
    tree.write(product(version="1.0.0", sla={"freshness": "1h"}, fields=ADDED))
    answer = mesh(tree.settings, "apply", "--yes")
    assert (answer.code, answer.out) == (1, "")
    assert "the plan is refused, nothing was done" in answer.err
    assert not (tree.settings.home / "catalog.db").exists()
