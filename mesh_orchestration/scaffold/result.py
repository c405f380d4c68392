"""What ``mesh new`` is about to do, and the doing of it."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mesh_orchestration.errors import MeshError
from mesh_orchestration.scaffold.tree import Change, applied


@dataclass(frozen=True)
class Delivery:
    """A file to put into the landing folder; without ``file`` only the folder ``target`` is made."""

    file: Path | None
    target: Path


@dataclass(frozen=True)
class Result:
    """The changes that make ``name``; ``conflicts`` are files that a person must finish,
    ``findings`` what the policies deny, ``notes`` and
    ``to_decide`` what one should know, ``next_steps`` commands."""

    name: str
    changes: tuple[Change, ...]
    deliveries: tuple[Delivery, ...] = ()
    notes: tuple[str, ...] = ()
    to_decide: tuple[str, ...] = ()
    next_steps: tuple[str, ...] = ()
    conflicts: tuple[str, ...] = ()
    findings: tuple[str, ...] = ()


def write(result: Result, root: Path) -> None:
    """Make the changes and deliveries, all of them or none; raises MeshError when something is in the way."""
    made: list[Path] = []
    try:
        with applied(root, result.changes):
            for delivery in result.deliveries:
                made += _deliver(delivery)
    except BaseException:
        for path in reversed(made):
            path.rmdir() if path.is_dir() else path.unlink()
        raise


def _deliver(delivery: Delivery) -> Sequence[Path]:
    """Copy under a name that ingestion passes over, then move; returns what was made."""
    folder = delivery.target.parent if delivery.file else delivery.target
    made = [path for path in (folder, *folder.parents) if not path.exists()][::-1]
    folder.mkdir(parents=True, exist_ok=True)
    if delivery.file is None:
        return made
    if delivery.target.exists():
        raise MeshError(f"{delivery.target} is there already; move it away, or give a file of another name")
    part = delivery.target.with_name(f".{delivery.target.name}.part")
    shutil.copyfile(delivery.file, part)
    part.rename(delivery.target)
    return [*made, delivery.target]
