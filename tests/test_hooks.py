"""The hooks for pre-commit as another repository uses them: named by repository and revision, run by `git commit`."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from mesh_orchestration.compile import files
from mesh_orchestration.contract.mesh import load_mesh
from tests.builders import contract_text, mesh_at, product, write_contract

ROOT = Path(__file__).resolve().parent.parent
LINES, REVENUE = "orders.order_lines.v1", "billing.revenue.v1"
OFFERED = (".pre-commit-hooks.yaml", "tools/mesh-hook")
READS_LINES = [{"name": "order_lines", "type": "data-product", "product": LINES}]


def git(folder: Path, *words: str, **environ: str) -> subprocess.CompletedProcess[str]:
    identity = ("-c", "user.name=Ada", "-c", "user.email=ada@example.com", "-c", "init.defaultBranch=main")
    return subprocess.run(
        ["git", *identity, *words], cwd=folder, env=os.environ | environ, capture_output=True, text=True, timeout=120
    )


@dataclass(frozen=True)
class Clone:
    """Somebody's repository with a mesh in it, in which the hooks are installed."""

    root: Path
    environ: dict[str, str]

    def commit(self, message: str) -> tuple[int, str]:
        """What ``git commit`` of everything answers: exit code and words."""
        git(self.root, "add", "--all")
        done = git(self.root, "commit", "-m", message, **self.environ)
        return done.returncode, done.stdout + done.stderr

    def write(self, *products: str, **parts: object) -> None:
        for address in products:
            write_contract(self.root, contract_text(address, **parts), at=address)


def offered(folder: Path) -> str:
    """A repository with nothing but what the hooks need, and the revision to name."""
    for name in OFFERED:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, folder / name)
    git(folder, "init")
    git(folder, "add", "--all")
    assert git(folder, "commit", "-m", "Hooks").returncode == 0
    return git(folder, "rev-parse", "HEAD").stdout.strip()


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    revision = offered(tmp_path / "hooks")
    root = tmp_path / "mesh"
    root.mkdir()
    settings = mesh_at(root, product(LINES), product(REVENUE, inputs=READS_LINES))
    for address in (LINES, REVENUE):
        domain, name, _ = address.split(".")
        model = root / "dbt_projects" / domain / "models" / f"{name}.sql"
        model.parent.mkdir(parents=True)
        source = "{{ source('landing', 'order_lines') }}" if domain == "billing" else "landed"
        model.write_text(f"select order_id, amount, event_ts from {source}\n")
    files.write(load_mesh(settings), root)
    hooks = [{"id": name} for name in ("mesh-lint", "mesh-compile", "mesh-plan")]
    wanted = {"repos": [{"repo": str(tmp_path / "hooks"), "rev": revision, "hooks": hooks}]}
    (root / ".pre-commit-config.yaml").write_text(yaml.safe_dump(wanted))
    (root / ".gitignore").write_text(".mesh/\n")
    here = Path(sys.executable).parent
    environ = {
        "PATH": f"{here}{os.pathsep}{os.environ['PATH']}",
        "PRE_COMMIT_HOME": str(tmp_path / "cache"),
        "MESH_ROOT": "",
        "MESH_HOME": "",
    }
    git(root, "init")
    git(root, "add", "--all")
    assert git(root, "commit", "-m", "A mesh").returncode == 0
    installed = subprocess.run(
        [here / "pre-commit", "install"], cwd=root, env=os.environ | environ, capture_output=True, timeout=60
    )
    assert installed.returncode == 0
    return Clone(root, environ)


@pytest.mark.slow
def test_a_commit_passes_the_hooks_or_is_refused_with_what_to_mend(clone: Clone) -> None:
    clone.write(LINES, owner="nobody")
    code, said = clone.commit("A wrong owner")
    assert code == 1
    assert "contracts/orders/order_lines/v1.yaml:" in said
    assert "spec.owner: found 'nobody'" in said

    clone.write(LINES, version="1.0.1", owner="team:orders-emea")
    code, said = clone.commit("Another owner")
    assert code == 1
    assert "outdated contracts/" not in said  # an owner is on the page and in dbt, but in no schema
    assert "outdated docs/products/orders.md" in said

    files.write(load_mesh(mesh_at(clone.root)), clone.root)
    code, said = clone.commit("Another owner")
    assert (code, said.count("Passed")) == (0, 3)


@pytest.mark.slow
def test_a_commit_that_breaks_a_consumer_is_refused(clone: Clone) -> None:
    git(clone.root, "checkout", "-b", "without-amount")
    kept = {"order_id": {"type": "string", "constraints": {"primary_key": True}}, "event_ts": "timestamptz"}
    clone.write(LINES, fields=kept)
    files.write(load_mesh(mesh_at(clone.root)), clone.root)
    code, said = clone.commit("Drop amount")
    assert code == 1
    assert "mesh plan" in said
    assert "billing.revenue" in said


@pytest.mark.slow
def test_a_commit_of_something_else_is_only_asked_what_the_policies_ask_of_every_file(clone: Clone) -> None:
    (clone.root / "README.md").write_text("Our mesh.\n")
    code, said = clone.commit("A word of welcome")
    assert (code, said.count("(no files to check)Skipped")) == (0, 2)

    shutil.copytree(ROOT / "policies" / "lib", clone.root / "policies" / "lib")
    (clone.root / "policies" / "rules").mkdir()
    shutil.copy(ROOT / "policies" / "rules" / "secrets.rego", clone.root / "policies" / "rules")
    assert clone.commit("A rule")[0] == 0
    (clone.root / "notes.txt").write_text("password: " + "hunter2\n")
    code, said = clone.commit("Notes")
    assert (code, "notes.txt:1 SEC-001 holds what looks like a secret" in said) == (1, True)


def test_without_a_mesh_command_the_hook_says_what_is_missing(tmp_path: Path) -> None:
    done = subprocess.run(
        ["/bin/sh", str(ROOT / "tools" / "mesh-hook"), "lint"],
        cwd=tmp_path,
        env={"PATH": "/nowhere"},
        capture_output=True,
        text=True,
        timeout=10,
    )
    assert (done.returncode, done.stderr.split(":")[0]) == (2, "there is no mesh command")


def test_this_repository_runs_the_hooks_that_it_offers() -> None:
    shown = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    own = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"][0]["hooks"]
    offers = [{key: value for key, value in hook.items() if key != "description"} for hook in shown]
    assert [hook for hook in own if hook["id"].startswith("mesh-")] == offers
