"""The forms in which a contract may be written: one file each, found by its name.

A form is imported when a document is met that no earlier one recognises, so that a mesh of native
contracts never pays for the others.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, cast

from mesh_orchestration.contract.dialect import Context, Dialect, Source, Written
from mesh_orchestration.contract.document import Document, read_document
from mesh_orchestration.contract.model import DataProduct
from mesh_orchestration.contract.wording import suggestion
from mesh_orchestration.errors import MeshError

NATIVE = "native"


@cache
def names() -> tuple[str, ...]:
    """The forms there are, the native one first."""
    found = {path.stem for path in Path(__file__).parent.glob("[a-z]*.py")}
    return (NATIVE, *sorted(found - {NATIVE}))


@cache
def named(name: str) -> Dialect:
    """The form called ``name``; raises MeshError with the nearest one there is."""
    if name not in names():
        raise MeshError(f"'{name}' is not a form of a contract{suggestion(name, names())}")
    return cast("Dialect", import_module(f"{__name__}.{name}"))


def detect(value: Mapping[Any, Any]) -> str:
    """The form that a document saying ``value`` is written in; native when it is like none."""
    return next((name for name in names() if named(name).detects(value)), NATIVE)


def read(document: Document, context: Context) -> Source:
    """``document`` in native words, whatever form it is written in."""
    name = detect(document.value)
    return Source(document, name, named(name).read(document, context))


def read_source(path: Path, *, root: Path) -> Source:
    """The contract file ``path`` of the mesh at ``root``; raises ContractError when it cannot be read at all."""
    return read(read_document(path, root=root), Context(root, (root / path).parent, root))


def read_file(path: Path, *, root: Path | None = None, schema: str = "") -> Source:
    """A contract file from anywhere, to be taken into the mesh at ``root`` (when there is one).

    ``schema`` chooses one schema object of a file that describes several. What the native form cannot
    hold is in ``lost``, what is wrong in ``problems``; raises ContractError when it cannot be read at all.
    """
    path = path.resolve()
    folder, mesh = path.parent, (root or path.parent).resolve()
    within = mesh if path.is_relative_to(mesh) else folder
    return read(read_document(path, root=within), Context(mesh, folder, within, schema))


def write(product: DataProduct, dialect: str) -> Written:
    """``product`` in the form called ``dialect``; what that form cannot hold is in ``lost``."""
    return named(dialect).write(product)
