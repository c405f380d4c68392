"""Answers kept between commands: found once, safe to delete, correct under concurrent use."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from mesh_orchestration.impact.kept import Kept
from tests.impact.meshes import SOURCE, files, lines, read, revenue

WRITER = """
import sys
from pathlib import Path
from mesh_orchestration.impact.kept import Kept
path, name = Path(sys.argv[1]), sys.argv[2]
for round in range(40):
    kept = Kept(path)
    for number in range(20):
        assert kept.answer([name, round, number], lambda: [name, round, number]) == [name, round, number]
        assert kept.answer(["shared", number], lambda: number) == number
    kept.save()
"""
WARM = """
import sys
from pathlib import Path
from mesh_orchestration.contract.address import Address
from mesh_orchestration.contract.mesh import load_mesh
from mesh_orchestration.impact.readers import readers
from mesh_orchestration.settings import Settings
root = Path(sys.argv[1])
home = root / ".mesh"
found = readers(load_mesh(Settings(root, home)), root, home).of(Address.parse("orders.order_lines.v1"))
print([sorted(use.columns) for use in found], sorted({"sqlglot", "jinja2"} & sys.modules.keys()))
"""


def test_an_answer_is_found_once(tmp_path: Path) -> None:
    asked: list[int] = []

    def find() -> str:
        asked.append(1)
        return "answer"

    for _ in range(2):
        kept = Kept(tmp_path / "kept.json")
        assert kept.answer(["question"], find) == "answer"
        kept.save()
    assert len(asked) == 1


def test_a_file_that_cannot_be_read_is_as_good_as_none(tmp_path: Path) -> None:
    for text in ("{", "[1, 2]", "\x00"):
        (tmp_path / "kept.json").write_text(text)
        kept = Kept(tmp_path / "kept.json")
        assert kept.answer(["question"], lambda: 1) == 1
        kept.save()


def test_a_folder_that_cannot_be_written_costs_nothing_but_time(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    kept = Kept(tmp_path / "file" / "kept.json")
    assert kept.answer(["question"], lambda: 1) == 1
    kept.save()


def test_processes_that_write_at_once_never_read_a_broken_file(tmp_path: Path) -> None:
    path = tmp_path / "kept.json"
    writers = [subprocess.Popen([sys.executable, "-c", WRITER, str(path), name]) for name in "abc"]
    assert [writer.wait(timeout=60) for writer in writers] == [0, 0, 0]
    assert Kept(path).answer(["shared", 7], lambda: "lost") == 7


@pytest.mark.slow
def test_a_second_command_reads_columns_without_parsing_anything(tmp_path: Path) -> None:
    files(tmp_path, "billing", models__revenue___sql=f"select amount as total, 1 as stores from {SOURCE}")
    read(tmp_path, lines(), revenue())
    said = [
        subprocess.run(
            [sys.executable, "-c", WARM, str(tmp_path)], capture_output=True, text=True, timeout=60, check=True
        ).stdout.strip()
        for _ in range(2)
    ]
    assert said == ["[['amount']] ['jinja2', 'sqlglot']", "[['amount']] []"]


def test_what_an_answer_rests_on_is_part_of_the_question(tmp_path: Path) -> None:
    sql = f"select 1 as total from {SOURCE} where {{{{ condition() }}}}"
    files(
        tmp_path, "billing", models__revenue___sql=sql, macros__c___sql="{% macro condition() %}note = ''{% endmacro %}"
    )
    home = tmp_path / ".mesh"

    def columns() -> frozenset[str] | None:
        (use,) = replace(read(tmp_path, lines(), revenue()), home=home).of(lines().address)
        return use.columns

    assert columns() == {"note"}
    files(tmp_path, "billing", macros__c___sql="{% macro condition() %}amount > 0{% endmacro %}")
    assert columns() == {"amount"}
