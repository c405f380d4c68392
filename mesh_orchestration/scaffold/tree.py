"""Changes to the mesh's files that happen as a whole or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from mesh_orchestration.errors import MeshError


@dataclass(frozen=True)
class Change:
    """What one file was (None: not there) and is to be; ``path`` is relative to the mesh root."""

    path: str
    before: bytes | None
    after: bytes

    @property
    def is_new(self) -> bool:
        return self.before is None


@contextmanager
def applied(root: Path, changes: Sequence[Change]) -> Iterator[None]:
    """The files of ``root`` as ``changes`` want them; as they were when the block (or a change) fails.

    Raises MeshError when a file is no longer what the change was made from.
    """
    made: list[Path] = []
    done: list[Change] = []
    try:
        for change in changes:
            path = root / change.path
            made += _make_folders(path.parent)
            _put(path, change)
            done.append(change)
        yield
    except BaseException:
        for change in reversed(done):
            _undo(root / change.path, change)
        for folder in reversed(made):
            folder.rmdir()
        raise


def _make_folders(folder: Path) -> list[Path]:
    missing = []
    while not folder.exists():
        missing.append(folder)
        folder = folder.parent
    for path in reversed(missing):
        path.mkdir()
    return missing[::-1]


def _put(path: Path, change: Change) -> None:
    if change.before is not None and _content(path) != change.before:
        raise MeshError(f"{change.path} was changed by somebody else meanwhile; nothing was written, try again")
    with _beside(path, change.after) as written:
        if change.before is not None:
            written.chmod(path.stat().st_mode & 0o777)
            written.replace(path)
            return
        try:
            os.link(written, path)  # unlike a rename, a link never replaces what is there
        except FileExistsError:
            raise MeshError(f"{change.path} is there already; nothing was written") from None


def _undo(path: Path, change: Change) -> None:
    if change.before is None:
        path.unlink()
    else:
        path.write_bytes(change.before)


def _content(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None


@contextmanager
def _beside(path: Path, content: bytes) -> Iterator[Path]:
    """A file with ``content`` in the folder of ``path``, gone afterwards unless it was moved."""
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    draft = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        draft.chmod(0o644)
        yield draft
    finally:
        draft.unlink(missing_ok=True)
