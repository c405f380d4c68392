"""The files that follow from the contracts: which there are, which are stale, which nobody needs any more.

Each kind is a module of ``compile/targets``, found by its name, with ``PLACES``, globs of all files it may
ever write (relative to the mesh root), and ``files(mesh)``, their right content. Every such file carries
``MARK``; one that does not was written by somebody else and is never touched.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal, Protocol, cast

from mesh_orchestration.compile import targets
from mesh_orchestration.compile.layout import MARK
from mesh_orchestration.contract.mesh import Mesh
from mesh_orchestration.errors import MeshError

Kind = Literal["missing", "outdated", "orphan", "foreign"]


class Target(Protocol):
    """One kind of generated file: what a module of ``compile/targets`` offers."""

    PLACES: tuple[str, ...]

    def files(self, mesh: Mesh) -> Iterator[tuple[str, str]]:
        """Each file of this kind, relative to the mesh root, and what it has to say; not those of broken domains."""


@dataclass(frozen=True)
class Difference:
    """A file that is not as it should be: the text that is there and the one that belongs there (None: no file).

    An ``orphan`` belonged to a contract that is gone; a ``foreign`` file stands where a generated one
    belongs but was not generated, or leads elsewhere by a symbolic link.
    """

    path: Path
    kind: Kind
    before: str | None
    after: str | None


def generated_files(mesh: Mesh, root: Path) -> Mapping[Path, str]:
    """Every generated file of the mesh at ``root`` and its right content; broken domains are left out."""
    return {root / path: text for target in _targets() for path, text in target.files(mesh)}


def differences(mesh: Mesh, root: Path) -> tuple[Difference, ...]:
    """Every file that is missing, outdated, in the way or left over, generated ones first, in a stable order.

    Raises MeshError when one cannot be read.
    """
    files = generated_files(mesh, root)
    wrong = (difference for path, text in files.items() if (difference := _difference(path, text, root)))
    return (*wrong, *_orphans(mesh, root, files))


def stale(mesh: Mesh, root: Path) -> tuple[Path, ...]:
    """The generated files that are missing, not what the contracts say, or left over from a contract that is gone."""
    return tuple(difference.path for difference in differences(mesh, root))


def write(mesh: Mesh, root: Path) -> tuple[Path, ...]:
    """Write the stale files and remove the left-over ones; returns the paths of both.

    Raises MeshError, before anything is written, when a file that is not generated stands in the way.
    """
    return apply(differences(mesh, root))


def apply(wanted: tuple[Difference, ...]) -> tuple[Path, ...]:
    """Bring the files of ``wanted`` to what they should be; returns their paths. Raises as ``write`` does."""
    if foreign := [difference.path for difference in wanted if difference.kind == "foreign"]:
        names = ", ".join(str(path) for path in foreign)
        raise MeshError(
            f"{names}: not generated, or behind a link; `mesh compile` writes nothing there: move it away or delete it"
        )
    for difference in wanted:
        try:
            _put(difference)
        except OSError as error:
            raise MeshError(f"{difference.path} cannot be written: {error.strerror}") from None
    return tuple(difference.path for difference in wanted)


@cache
def _targets() -> tuple[Target, ...]:
    names = sorted(info.name for info in pkgutil.iter_modules(targets.__path__))
    return tuple(cast("Target", importlib.import_module(f"{targets.__name__}.{name}")) for name in names)


def _difference(path: Path, text: str, root: Path) -> Difference | None:
    before = _written(path)
    if before == text:
        return None
    if path.is_symlink() or not path.parent.resolve().is_relative_to(root.resolve()):
        return Difference(path, "foreign", before, text)
    if before is None:
        return Difference(path, "missing", before, text)
    return Difference(path, "outdated" if MARK in before or not before.strip() else "foreign", before, text)


def _orphans(mesh: Mesh, root: Path, files: Mapping[Path, str]) -> Iterator[Difference]:
    """Generated files that no contract asks for; while a contract is broken, nobody can tell."""
    if mesh.broken:
        return
    there = {path for target in _targets() for place in target.PLACES for path in root.glob(place)}
    for path in sorted(there - files.keys()):
        before = None if path.is_symlink() else _written(path)
        if before and MARK in before:
            yield Difference(path, "orphan", before, None)


def _written(path: Path) -> str | None:
    """The text of the file, None when there is none; bytes that are no UTF-8 are kept as signs that say so."""
    try:
        return path.read_bytes().decode("utf-8", errors="replace")
    except FileNotFoundError:
        return None
    except OSError as error:
        raise MeshError(f"{path} cannot be read: {error.strerror}; a generated file belongs there") from None


def _put(difference: Difference) -> None:
    path = difference.path
    if difference.after is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(difference.after, encoding="utf-8")
        return
    path.unlink(missing_ok=True)
    with suppress(OSError):  # somebody else's files may be there too
        path.parent.rmdir()
