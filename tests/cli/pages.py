"""A page of the documentation as a reader types it: its commands in order, each with the exit code it promises."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.cli.mesh import Answer

ROOT = Path(__file__).parents[2]
PARTS = (
    "contracts", "dbt_projects", "policies", "docs", "requirements", ".github", "tools",
    "Makefile", "workspace.yaml", "dagster.yaml", "pyproject.toml",
)  # fmt: skip


@dataclass(frozen=True)
class Step:
    """One command of a page and the exit code that the page promises."""

    command: str
    code: int


def fenced(text: str, language: str = "") -> list[str]:
    """The fenced blocks of ``language`` (empty for commands) in a page or a part of it."""
    blocks = text.split("\n```")[1::2]
    return [block.split("\n", 1)[1] + "\n" for block in blocks if block.split("\n", 1)[0] == language]


def steps(text: str) -> list[Step]:
    """The commands of a page or a part of it, in order; ``# exit 1`` behind one is its exit code."""
    lines = [line for block in fenced(text) for line in block.splitlines() if line.strip()]
    return [Step(line.split("  #")[0].strip(), 1 if "# exit 1" in line else 0) for line in lines]


def copy_of_the_repository(root: Path) -> None:
    """The repository without its state; its environment is the one that the tests run in."""
    for part in PARTS:
        source = ROOT / part
        if source.is_dir():
            shutil.copytree(source, root / part, ignore=shutil.ignore_patterns("target", "logs"))
        else:
            shutil.copy2(source, root / part)
    environment = root / ".venv"
    environment.mkdir()
    (environment / "bin").symlink_to(Path(sys.executable).parent)
    for stamp in ("dev.stamp", "runtime.stamp"):
        (environment / stamp).touch()


def run_step(step: Step, root: Path, **environ: str) -> Answer:
    """Run the command in ``root`` as somebody at a shell there, with nothing set but ``environ``."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    clean = {key: value for key, value in os.environ.items() if not key.startswith(("MESH_", "DAGSTER_"))}
    done = subprocess.run(
        ["bash", "-c", step.command], cwd=root, capture_output=True, text=True, timeout=180,
        env=clean | {"PATH": path, "NO_COLOR": "1", **environ},
    )  # fmt: skip
    return Answer(done.returncode, done.stdout, done.stderr)
