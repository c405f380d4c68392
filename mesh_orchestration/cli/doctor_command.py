"""``mesh doctor``: what is wrong with this set-up, and how to mend it."""

from __future__ import annotations

import shutil
import sqlite3
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import metadata
from typing import Annotated, Literal

import typer

from mesh_orchestration.errors import MeshError, PolicyError
from mesh_orchestration.settings import Settings

Level = Literal["ok", "warn", "fail"]
_COLOUR = {"ok": "green", "warn": "yellow", "fail": "red"}
FREE_BYTES_NEEDED = 2 * 1024**3


@dataclass(frozen=True)
class Finding:
    """One thing looked at: how it stands, and what mends it."""

    level: Level
    what: str
    found: str
    fix: str = ""


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command("doctor", epilog="Example: mesh doctor --json")(doctor)


def doctor(as_json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")] = False) -> None:
    """Look at everything the mesh needs and explain what is missing. Exit 2 when something has to be mended."""
    from mesh_orchestration.cli.app import console
    from mesh_orchestration.cli.output import print_json

    findings = tuple(diagnose(Settings.load()))
    if as_json:
        print_json({"findings": list(findings)})
    else:
        for finding in findings:
            colour = _COLOUR[finding.level]
            console.print(f"[{colour}]{finding.level:4}[/] {finding.what}: ", end="", highlight=False)
            console.print(finding.found, markup=False, highlight=False, soft_wrap=True)
            if finding.fix:
                console.print(f"     → {finding.fix}", markup=False, highlight=False, soft_wrap=True)
    raise typer.Exit(2 if any(finding.level == "fail" for finding in findings) else 0)


def diagnose(settings: Settings) -> Iterator[Finding]:
    """Every finding about the set-up; a look that itself fails is a finding too."""
    for look in LOOKS:
        try:
            yield from look(settings)
        except (MeshError, OSError, sqlite3.Error) as error:
            yield Finding("fail", look.__name__.strip("_"), str(error))


def _python(_: Settings) -> Iterator[Finding]:
    version = ".".join(str(part) for part in sys.version_info[:3])
    good = (3, 11) <= sys.version_info[:2] < (3, 13)
    yield Finding(
        "ok" if good else "fail", "Python", version, "" if good else "use Python 3.11 or 3.12 (make setup finds it)"
    )


def _packages(settings: Settings) -> Iterator[Finding]:
    pins = settings.root / "requirements" / "runtime.txt"
    if not pins.is_file():
        yield Finding("ok", "packages", "not compared: this mesh pins none in requirements/runtime.txt")
        return
    wanted = dict(line.split("==") for line in pins.read_text().splitlines() if "==" in line and " " not in line)
    wrong = [f"{name} {_installed(name) or 'missing'} (pinned {version})" for name, version in wanted.items()
             if _installed(name) != version]  # fmt: skip
    if wrong:
        yield Finding(
            "warn", "packages", f"{len(wrong)} differ from the pins: {', '.join(wrong[:5])}", "run make setup"
        )
    else:
        yield Finding("ok", "packages", f"{len(wanted)} as pinned")


def _installed(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _home(settings: Settings) -> Iterator[Finding]:
    settings.home.mkdir(parents=True, exist_ok=True)
    probe = settings.home / ".doctor"
    probe.write_text("ok")
    probe.unlink()
    free = shutil.disk_usage(settings.home).free
    enough = free >= FREE_BYTES_NEEDED
    yield Finding(
        "ok" if enough else "warn", "state folder", f"{settings.home}, {free / 1024**3:.1f} GiB free",
        "" if enough else "free some space, or give MESH_HOME on another disk",
    )  # fmt: skip


def _contracts(settings: Settings) -> Iterator[Finding]:
    from mesh_orchestration.contract.mesh import load_mesh

    mesh = load_mesh(settings)
    for domain, error in mesh.broken.items():
        yield Finding("fail", f"contracts of {domain}", str(error.problems[0]), "mesh lint lists every finding")
    if not mesh.broken:
        yield Finding("ok", "contracts", f"{len(mesh.products)} products in {len(mesh.domains)} domains")


def _generated(settings: Settings) -> Iterator[Finding]:
    from mesh_orchestration.compile.files import stale
    from mesh_orchestration.contract.mesh import load_mesh

    mesh = load_mesh(settings)
    if mesh.broken:
        yield Finding("warn", "generated files", "not compared while a contract is broken")
        return
    found = stale(mesh, settings.root)
    if found:
        first = found[0].relative_to(settings.root)
        yield Finding("fail", "generated files", f"{len(found)} are stale, e.g. {first}", "run mesh compile")
    else:
        yield Finding("ok", "generated files", "up to date")


def _policies(settings: Settings) -> Iterator[Finding]:
    from mesh_orchestration.governance.guardrails import Guardrails

    try:
        with Guardrails(settings) as guardrails:
            rules = len(guardrails.bundle.rules)
            expired = [waiver.file for waiver in guardrails.waivers if not waiver.holds(guardrails.today)]
    except PolicyError as error:
        yield Finding("fail", "policies", f"cannot be evaluated, which denies everything: {error}", "mesh policy test")
        return
    yield Finding("ok", "policies", f"{rules} rules")
    for file in expired:
        yield Finding("warn", "waiver", f"{file} has expired", "keep the rule and take the file out, or prolong it")


def _catalog(settings: Settings) -> Iterator[Finding]:
    from mesh_orchestration.storage.catalog import open_lake

    lake = open_lake(settings)
    spaces = lake.catalog.list_namespaces()
    where = settings.catalog_properties.get("warehouse", "")
    yield Finding("ok", "Iceberg catalog", f"{len(spaces)} namespaces, warehouse {where}")


def _engines(settings: Settings) -> Iterator[Finding]:
    from mesh_orchestration.contract.mesh import load_mesh
    from mesh_orchestration.engines.base import engine_for

    for domain in load_mesh(settings).domains:
        word = settings.engine(domain)
        try:
            with engine_for(settings, domain) as engine:
                engine.execute("select 1")
        except MeshError as error:
            yield Finding("fail", f"engine of {domain}", str(error))
        else:
            yield Finding("ok", f"engine of {domain}", word)


def _secrets(settings: Settings) -> Iterator[Finding]:
    if settings.masking_key:
        yield Finding("ok", "masking key", "set")
    else:
        yield Finding(
            "warn",
            "masking key",
            "not set: masked values are redacted, not hashed",
            "set MESH_MASKING_KEY to a secret text",
        )


def _running(settings: Settings) -> Iterator[Finding]:
    from mesh_orchestration.server.lock import who_runs

    other = who_runs(settings)
    where = f"running as pid {other.get('pid')} at {other.get('url', 'a URL it has not told yet')}"
    yield Finding("ok", "mesh up", where if other else "not running")


LOOKS: tuple[Callable[[Settings], Iterator[Finding]], ...] = (
    _python, _packages, _home, _contracts, _policies, _generated, _catalog, _engines, _secrets, _running,
)  # fmt: skip
