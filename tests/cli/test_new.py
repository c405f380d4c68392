"""``mesh new`` as a person and as a script use it, and the tour of docs/new.md, command by command."""

from __future__ import annotations

import os
import pty
import re
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from mesh_orchestration.settings import Settings
from tests.cli.mesh import Answer, environment, mesh
from tests.cli.pages import ROOT, Step, copy_of_the_repository, fenced, run_step, steps
from tests.scaffold.meshes import empty_mesh, files_in, returns_file

pytestmark = pytest.mark.slow

TOUR = (ROOT / "docs" / "new.md").read_text().split("## The tour")[1].split("\n## ")[0]


def product(settings: Settings, *words: str) -> Answer:
    return mesh(settings, "new", "product", "returns.returned_items", *words)


def test_a_dry_run_says_everything_and_writes_nothing(tmp_path: Path) -> None:
    settings = empty_mesh(tmp_path / "mesh")
    before = files_in(settings.root)
    answer = product(settings, "--from", str(returns_file(tmp_path)), "--dry-run", "--json")
    assert (answer.code, answer.json["written"], files_in(settings.root)) == (0, False, before)
    assert "contracts/returns/returned_items/v1.yaml" in answer.json["created"]
    assert answer.json["changed"] == ["docs/products/README.md", "workspace.yaml"]
    assert not settings.landing_dir.exists()


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("domain", "returns"), 2, "there is a domain 'returns' already"),
        (("domain", "Order Lines"), 2, "orderlines"),
        (("product", "retruns.items"), 2, "did you mean 'returns'"),
        (("product", "returns.items", "--from", "nowhere.csv"), 1, "nowhere.csv"),
        (("domain", "orders", "--update"), 1, "was not made by mesh new"),
        (("check", "returns.items"), 1, "is not a data product"),
    ],
)
def test_what_cannot_be_made_is_explained_and_has_an_exit_code(
    tmp_path: Path, words: tuple[str, ...], code: int, said: str
) -> None:
    answer = mesh(empty_mesh(tmp_path), "new", *words, COLUMNS="300")
    assert (answer.code, "Traceback" in answer.err) == (code, False)
    assert said in answer.err


def test_in_another_folder_the_mesh_is_named_and_a_mesh_without_products_says_what_is_next(tmp_path: Path) -> None:
    settings = empty_mesh(tmp_path)
    made = mesh(settings, "new", "domain", "billing", "--yes", "--dry-run")
    empty = mesh(settings, "status")
    assert made.out.splitlines()[0] == f"in {tmp_path}"
    assert (empty.code, empty.out.startswith("no product yet: mesh new domain")) == (0, True)


@dataclass
class Terminal:
    """A command on a terminal of its own: what it shows is read, keys are pressed."""

    handle: int
    process: subprocess.Popen[bytes]
    shown: str = ""

    def answer(self, question: str, keys: str = "") -> None:
        """Wait for ``question`` and press ``keys`` and Enter."""
        self._wait(question)
        os.write(self.handle, f"{keys}\r".encode())

    def end(self) -> int:
        deadline = time.monotonic() + 60
        while self.process.poll() is None and time.monotonic() < deadline:
            self._read()
        return self.process.wait(timeout=10)

    def _wait(self, text: str) -> None:
        deadline = time.monotonic() + 60
        while text not in self.shown:
            assert time.monotonic() < deadline, self.shown
            self._read()
        self.shown = self.shown.split(text, 1)[1]

    def _read(self) -> None:
        if select.select([self.handle], [], [], 0.2)[0]:
            try:
                self.shown += re.sub(
                    r"\x1b\[[0-9;?]*[a-zA-Z]", "", os.read(self.handle, 65536).decode(errors="replace")
                )
            except OSError:
                self.process.wait(timeout=10)


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    settings = empty_mesh(tmp_path / "mesh")
    command = [sys.executable, "-m", "mesh_orchestration.cli", "new", "domain", "billing"]
    ours, theirs = pty.openpty()
    environ = environment(settings, TERM="xterm", COLUMNS="200", LINES="50")
    process = subprocess.Popen(command, env=environ, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True)
    os.close(theirs)
    yield Terminal(ours, process)
    process.kill()
    process.wait(timeout=10)
    os.close(ours)


@pytest.mark.slow
def test_on_a_terminal_it_asks_what_it_was_not_told(tmp_path: Path, terminal: Terminal) -> None:
    terminal.answer("Who answers for the domain's products?", "\x15team:money")
    terminal.answer("What is the domain about?")
    terminal.answer("Where do its models run?")
    terminal.answer("Who reviews changes to it?")
    assert terminal.end() == 0
    recorded = yaml.safe_load((tmp_path / "mesh/dbt_projects/billing/.copier-answers.yml").read_text())
    assert recorded["answers"]["owner"] == "team:money"
    assert recorded["answers"]["engine"] == "duckdb"


@pytest.mark.slow
def test_the_scaffolded_sql_has_no_findings_of_sqlfluff(tmp_path: Path) -> None:
    settings = empty_mesh(tmp_path / "mesh")
    odd = returns_file(tmp_path, "Order No,order,line no,aVeryLongNameThatGoesOnAndOn\n1,2,3,a\n1,3,4,b\n")
    for words in (
        (
            "returns.returned_items",
            "--from",
            str(odd),
            "--key",
            "order_no,line_no,a_very_long_name_that_goes_on_and_on",
        ),
        ("returns.report", "--from", "returns.returned_items"),
        ("returns.events", "--pattern", "kafka", "--fields", "id:long, user:string"),
    ):
        answer = mesh(settings, "new", "product", *words)
        assert answer.code == 0, answer.err
    done = subprocess.run(
        [str(Path(sys.executable).with_name("sqlfluff")), "lint", "dbt_projects"],
        cwd=settings.root, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (0, done.stdout)


@pytest.mark.slow
def test_the_tour_leads_from_a_file_to_a_gated_product(tmp_path: Path) -> None:
    copy_of_the_repository(tmp_path)
    first, second = fenced(TOUR, "csv")
    (tmp_path / "returns.csv").write_text(first)
    (tmp_path / "january.csv").write_text(second)
    told = [(step, run_step(step, tmp_path, MESH_REPLAY="off")) for step in steps(TOUR)]
    assert [(step.command, answer.code) for step, answer in told] == [
        (step.command, step.code) for step in steps(TOUR)
    ], [answer.err for _, answer in told]
    counts = [re.findall(r"\b\d+\b", answer.out) for step, answer in told if "count(*)" in step.command]
    assert counts == [["3"], ["3"]]
    answers = {step.command: answer.out for step, answer in told}
    assert "joe@example.com" not in answers["mesh rejected returns.returned_items"]
    assert "not_null__return_id" in answers["mesh rejected returns.returned_items"]
    clean = run_step(Step("mesh lint && mesh compile --check", 0), tmp_path, MESH_REPLAY="off")
    assert clean.code == 0, clean.out


def test_the_tour_publishes_within_five_commands() -> None:
    commands = [step.command.split()[:2] for step in steps(TOUR)]
    assert commands.index(["mesh", "run"]) < 5
