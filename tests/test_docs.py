"""The documents are under test: what they name exists, and what exists is named."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
import yaml

from mesh_orchestration.cli.app import COMMANDS
from mesh_orchestration.contract.loader import parse_product
from tests.builders import settings_at
from tests.cli.mesh import Answer, mesh_each

ROOT = Path(__file__).resolve().parent.parent
PAGES = (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md")))


def commands_in(page: Path) -> list[str]:
    """The ``mesh …`` lines of the page's fenced blocks."""
    blocks = re.findall(r"```\w*\n(.*?)```", page.read_text(), flags=re.DOTALL)
    named = re.compile(r"^(?:\$ )?mesh (\w[\w-]*)", flags=re.MULTILINE)
    return [match[1] for block in blocks for match in named.finditer(block)]


def test_readme_fits_on_120_lines() -> None:
    assert len((ROOT / "README.md").read_text().splitlines()) <= 120


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_a_page_shows_exists(page: Path) -> None:
    assert set(commands_in(page)) <= set(COMMANDS)


def test_every_command_is_documented() -> None:
    text = "\n".join(page.read_text() for page in PAGES)
    assert [name for name in COMMANDS if f"mesh {name}" not in text] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\((?!https?:|#|mailto:)([^)#]+)", page.read_text())
    assert [link for link in links if not (page.parent / link).exists()] == []


@pytest.fixture(scope="module")
def helps() -> dict[str, Answer]:
    """What ``--help`` of every command answers."""
    answers = mesh_each(settings_at(ROOT), *((command, "--help") for command in COMMANDS))
    return dict(zip(COMMANDS, answers, strict=True))


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_every_command_shows_an_example(helps: dict[str, Answer], command: str) -> None:
    assert helps[command].code == 0
    assert "Example:" in helps[command].out


SETTING = re.compile(r"MESH_[A-Z_]*(?:<>[A-Z_]*)?")


@pytest.fixture(scope="module")
def sources() -> list[ast.AST]:
    """Every node of the package's code."""
    files = (ROOT / "mesh_orchestration").rglob("*.py")
    return [node for file in files for node in ast.walk(ast.parse(file.read_text()))]


@pytest.fixture(scope="module")
def documented() -> dict[str, str]:
    """The settings of the page with what stands in their row for the default; ``<>`` is what a name leaves open."""
    rows = re.findall(
        r"^\| (`MESH_[^|]*) \| ([^|]*) \|", (ROOT / "docs" / "settings.md").read_text(), flags=re.MULTILINE
    )
    return {
        re.sub(r"_?<[A-Z]+>", "<>", name): default
        for names, default in rows
        for name in re.findall(r"`(MESH_[A-Z_<>]+)`", names)
    }


def test_every_setting_the_code_reads_is_documented_and_every_other_is_gone(
    sources: list[ast.AST], documented: dict[str, str]
) -> None:
    whole = {node.value for node in sources if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    parts = {
        "".join(str(part.value) if isinstance(part, ast.Constant) else "<>" for part in node.values).replace(
            "_<>", "<>"
        )
        for node in sources
        if isinstance(node, ast.JoinedStr)
    }
    read = {re.sub(r"_$", "<>", name) for name in whole | parts if SETTING.fullmatch(name)}
    read -= {"MESH_SOURCE<>"}  # the beginning of MESH_SOURCE<>_URL
    assert sorted(read ^ documented.keys()) == []


def test_the_default_that_the_page_gives_is_that_of_the_code(
    sources: list[ast.AST], documented: dict[str, str]
) -> None:
    calls = [node for node in sources if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)]
    numbers = {
        str(name.value): str(default.value)
        for call in calls
        if isinstance(call.func, ast.Attribute) and call.func.attr == "integer" and len(call.args) == 2
        for name, default in [call.args]
        if isinstance(name, ast.Constant) and isinstance(default, ast.Constant)
    }
    assert len(numbers) > 20
    assert [name for name, default in numbers.items() if f"`{default}`" not in documented[name]] == []


@pytest.mark.parametrize("page", [ROOT / "README.md", ROOT / "docs" / "domain-team.md"], ids=lambda page: page.name)
def test_the_contract_a_page_shows_is_valid(page: Path) -> None:
    shown = re.findall(r"```yaml\n(.*?)```", page.read_text(), flags=re.DOTALL)
    findings = [parse_product(yaml.safe_load(text))[1] for text in shown]
    assert [list(found) for found in findings] == [[]]
