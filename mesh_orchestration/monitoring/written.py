"""Generated files in a folder: which of them are not as they should be, and writing them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from mesh_orchestration.errors import StorageError

Kind = Literal["missing", "outdated", "orphan"]


@dataclass(frozen=True)
class Stale:
    """A file that is missing, says something else, or is ``orphan``: written for a domain that is gone. ``text`` is
    what it should say, None when it should not be there."""

    path: Path
    kind: Kind
    text: str | None


def stale(folder: Path, files: Mapping[str, str], *, mark: str) -> tuple[Stale, ...]:
    """What is to be changed in ``folder``, by name. Only files that hold ``mark`` are ours to remove."""
    found = []
    for name, text in files.items():
        path = folder / name
        if not path.is_file():
            found.append(Stale(path, "missing", text))
        elif _read(path) != text:
            found.append(Stale(path, "outdated", text))
    suffixes = {"".join(Path(name).suffixes) for name in files}
    others = (path for path in folder.glob("*") if path.name not in files and "".join(path.suffixes) in suffixes)
    found += [Stale(path, "orphan", None) for path in others if mark in _read(path)]
    return tuple(sorted(found, key=lambda one: one.path))


def write(folder: Path, changes: tuple[Stale, ...]) -> None:
    """Make the folder as it should be; raises StorageError when it cannot be written."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for one in changes:
            if one.text is None:
                one.path.unlink()
            else:
                one.path.write_text(one.text, encoding="utf-8")
    except OSError as error:
        raise StorageError(
            f"{folder} cannot be written ({error.strerror}); give another folder with --output"
        ) from error


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""
