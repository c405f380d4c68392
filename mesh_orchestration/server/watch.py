"""Which domains must be loaded again because a contract, a policy or a dbt project changed on disk."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from mesh_orchestration.settings import Settings

CONTRACTS = "*"
_IGNORED = frozenset({"target", "logs", "dbt_packages", "__pycache__"})

Fingerprint = Mapping[str, frozenset[tuple[str, int, int]]]


def fingerprint(settings: Settings) -> Fingerprint:
    """What the files look like now: by domain its dbt project, and under ``*`` all contracts and policies."""
    found = {CONTRACTS: frozenset((*_files(settings.contracts_dir), *_files(settings.root / "policies")))}
    if settings.dbt_dir.is_dir():
        found |= {
            project.name: frozenset(_files(project)) for project in settings.dbt_dir.iterdir() if project.is_dir()
        }
    return found


def changed(before: Fingerprint, after: Fingerprint) -> frozenset[str]:
    """The domains whose project differs, and ``*`` when a contract or a policy does: they concern every domain."""
    return frozenset(name for name in {*before, *after} if before.get(name) != after.get(name))


def _files(folder: Path) -> Iterator[tuple[str, int, int]]:
    for path, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name not in _IGNORED and not name.startswith(".")]
        for name in names:
            if not name.startswith("."):
                file = os.path.join(path, name)  # noqa: PTH118 (a tree every second: plain strings)
                try:
                    status = os.stat(file)  # noqa: PTH116 (as above)
                except FileNotFoundError:
                    continue
                yield file, status.st_mtime_ns, status.st_size
