"""The ten-minute tour, command by command, as docs/tour.md has it."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.cli.mesh import Answer
from tests.cli.pages import ROOT, Step, copy_of_the_repository, fenced, run_step, steps

PAGE = (ROOT / "docs" / "tour.md").read_text()
WHO = ("-c", "user.name=Newcomer", "-c", "user.email=newcomer@example.com")


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with one commit, in which everything was published once, headless and with one week of history."""
    root = tmp_path_factory.mktemp("clone")
    copy_of_the_repository(root)
    (root / ".gitignore").write_text(".mesh/\n.venv/\n")
    for words in (("init", "-q", "-b", "main"), ("add", "."), ("commit", "-q", "-m", "The example")):
        subprocess.run(["git", *WHO, *words], cwd=root, check=True, timeout=60)
    published = typed(Step("mesh run", 0), root)
    assert published.code == 0, published.err
    return root


def typed(step: Step, root: Path) -> Answer:
    return run_step(step, root, MESH_HISTORY_WEEKS="1")


def first_snapshot(root: Path) -> str:
    """The id that a reader takes from the end of the list of publications."""
    shown = typed(Step("mesh show orders.order_lines --json", 0), root)
    return str(json.loads(shown.out)["snapshots"][-1]["snapshot_id"])


@pytest.mark.slow
def test_every_command_of_the_tour_does_what_the_page_says(clone: Path) -> None:
    begin, *rest = steps(PAGE)
    told: dict[str, Answer] = {}
    for step in rest:
        command = step.command.replace("SNAPSHOT", first_snapshot(clone) if "SNAPSHOT" in step.command else "")
        answer = told[step.command] = typed(Step(command, step.code), clone)
        assert (step.command, answer.code) == (step.command, step.code), answer.out + answer.err
    lint, plan = told["mesh lint"].out, told["mesh plan"].out
    rows = 'mesh query "select household_id, paid_value from orders.order_lines limit 3"'
    assert begin == Step("make up", 0)
    assert "1 finding," in lint
    assert "did you mean 'expect_column_values_to_not_be_null'?" in lint.splitlines()[0]
    assert "write metadata.version: 1.1.0" in " ".join(plan.split())
    assert "has not agreed" in plan
    assert "***" in told[rows].out
    assert "***" not in told[f"MESH_MASKING_KEY=try-it {rows}"].out
    assert "ACC-001 the role 'finance' may not read" in told[f"{rows} --role finance"].err
    assert "finance" in told["mesh audit --product orders.order_lines.v1 --limit 5"].out


@pytest.mark.slow
def test_the_python_of_the_page_on_reading_does_what_it_says(clone: Path) -> None:
    snippets = fenced((ROOT / "docs" / "reading.md").read_text(), "python")
    (clone / ".mesh" / "reading.py").write_text("".join(snippets) + "print(total)\n")
    answer = typed(Step("python .mesh/reading.py", 0), clone)
    chosen, total = answer.out.splitlines()

    assert (answer.code, len(snippets)) == (0, 2)
    assert 0 < int(chosen.split()[0]) < int(total)
    assert float(chosen.split()[1]) > 100
