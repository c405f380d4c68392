"""A mesh in a git repository of its own, below a test's folder; no global configuration is read or written."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass, replace
from pathlib import Path

from mesh_orchestration.contract.address import Address
from mesh_orchestration.contract.loader import contract_path
from mesh_orchestration.contract.model import DataProduct
from mesh_orchestration.planning.plan import Plan, ProductPlan
from mesh_orchestration.planning.planner import plan
from mesh_orchestration.settings import Settings
from tests.builders import mesh_at

NOW = "2026-11-20T06:00:00+00:00"
IGNORED = ".mesh/\ndbt_projects/*/target/\n"


@dataclass(frozen=True)
class Repository:
    """The working tree of ``settings.root`` and its git."""

    settings: Settings
    top: Path

    @property
    def root(self) -> Path:
        return self.settings.root

    def git(self, *words: str) -> str:
        """Run git in the working tree; returns what it printed."""
        environ = {"PATH": os.environ["PATH"], "HOME": str(self.top), "GIT_CONFIG_NOSYSTEM": "1"}
        who = ("-c", "user.name=Ann", "-c", "user.email=ann@example.com", "-c", "init.defaultBranch=main")
        command = ["git", *who, "-C", str(self.root), *words]
        done = subprocess.run(command, capture_output=True, text=True, env=environ, timeout=60, check=True)
        return done.stdout.strip()

    def commit(self, message: str = "change") -> str:
        """Commit everything; returns the commit."""
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "-m", message)
        return self.git("rev-parse", "HEAD")

    def write(self, *products: DataProduct) -> None:
        """Write contracts into the working tree."""
        mesh_at(self.root, *products)

    def remove(self, *addresses: str) -> None:
        """Take contracts out of the working tree."""
        for address in addresses:
            (self.root / contract_path(Address.parse(address))).unlink()

    def file(self, path: str, text: str) -> Path:
        """Write any file below the root."""
        place = self.root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, encoding="utf-8")
        return place

    def plan(self, against: str | None = None, *, now: str = NOW) -> Plan:
        """The plan of the working tree."""
        environ = {**self.settings.environ, "MESH_NOW": now}
        return plan(replace(self.settings, environ=environ), against)


def repository_at(root: Path, *products: DataProduct) -> Repository:
    """A repository whose first commit on ``main`` holds the contracts of ``products``."""
    settings = mesh_at(root, *products, MESH_NOW=NOW)
    repository = Repository(settings, root)
    repository.git("init", "--quiet")
    repository.file(".gitignore", IGNORED)
    repository.commit("everything")
    return repository


def product_of(found: Plan, address: str) -> ProductPlan:
    """What a plan says of one product."""
    return next(one for one in found.products if one.address == address)


def rules(found: Plan) -> list[str]:
    """The rules that refuse a plan."""
    return [finding.rule for finding in found.errors]
