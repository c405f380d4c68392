"""The parsed form (manifest) of each domain's dbt project: made when stale, and then only read.

A manifest is stale when the project's files, the engine's kind, database or schema, or the dbt
version changed. Run workers never parse: they take the manifest that their code location loaded.
"""

from __future__ import annotations

import fcntl
import hashlib
import importlib.metadata
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from mesh_orchestration.engines.base import engine_for
from mesh_orchestration.engines.profiles import write_profiles
from mesh_orchestration.errors import EngineError, SettingsError
from mesh_orchestration.orchestration.project import MANIFEST, Project
from mesh_orchestration.settings import Settings

_STAMP = "fingerprint.txt"
_NOT_SOURCE = frozenset({"target", "logs", "dbt_packages", ".user.yml"})
_IDENTITY = ("type", "database", "dbname", "schema")


def ensure_manifest(settings: Settings, domain: str, *, parse: bool = True, shipped: bool = False) -> Project:
    """The domain's dbt project with a manifest in it, parsed only when stale.

    ``parse=False`` (run workers) takes the newest manifest there is and parses only when there is
    none. ``shipped=True`` parses into the project's own ``target/``, which images carry with them.
    Raises SettingsError when the domain has no dbt project and EngineError when dbt refuses it.
    """
    directory = settings.dbt_dir / domain
    if not (directory / "dbt_project.yml").is_file():
        raise SettingsError(f"domain {domain} has no dbt project: {directory / 'dbt_project.yml'} is missing")
    stamp = fingerprint(settings, domain)
    own, carried = settings.home / "dbt" / domain / "target", directory / "target"
    candidates = (carried,) if shipped else (own, carried)
    if found := _usable(candidates, stamp, any_stamp=not parse):
        return Project(domain, directory, found, write_profiles(settings, domain))
    target = carried if shipped else own
    with _lock(target):
        project = Project(domain, directory, target, write_profiles(settings, domain))
        if not _usable((target,), stamp, any_stamp=False):
            _parse(settings, project)
            (target / _STAMP).write_text(stamp)
        return project


def fingerprint(settings: Settings, domain: str) -> str:
    """A hash that changes whenever parsing the domain's dbt project could give another manifest."""
    directory = settings.dbt_dir / domain
    digest = hashlib.sha256(importlib.metadata.version("dbt-core").encode())
    target = engine_for(settings, domain).dbt_target()
    digest.update(repr([(key, target.get(key)) for key in _IDENTITY]).encode())
    digest.update(Path(str(target.get("path", ""))).stem.encode())
    for path in sorted(_sources(directory)):
        digest.update(f"\0{path.relative_to(directory)}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _sources(directory: Path) -> Iterator[Path]:
    for path in directory.iterdir():
        if path.name in _NOT_SOURCE:
            continue
        if path.is_file():
            yield path
        else:
            yield from (inner for inner in path.rglob("*") if inner.is_file())


def _usable(targets: Iterable[Path], stamp: str, *, any_stamp: bool) -> Path | None:
    present = [target for target in targets if (target / MANIFEST).is_file() and (target / _STAMP).is_file()]
    exact = next((target for target in present if (target / _STAMP).read_text() == stamp), None)
    return exact or (present[0] if present and any_stamp else None)


@contextmanager
def _lock(target: Path) -> Iterator[None]:
    """One parser a target folder; the others wait and then find the manifest made."""
    target.mkdir(parents=True, exist_ok=True)
    with (target / ".lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _parse(settings: Settings, project: Project) -> None:
    from mesh_orchestration.orchestration.dbt import invoke

    outcome = invoke(settings, project, ["parse"], target=project.target, listen=_unheard)
    if not outcome.success:
        raise EngineError(f"dbt cannot parse {_shown(settings, project.directory)}: {outcome.error}")


def _unheard(line: str) -> None:
    """What dbt says while it parses; its errors are raised."""


def _shown(settings: Settings, path: Path) -> str:
    return os.path.relpath(path, settings.root)
