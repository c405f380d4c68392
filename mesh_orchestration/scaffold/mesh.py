"""``mesh new mesh``: a mesh of one's own in a folder of one's own."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import metadata
from pathlib import Path

from mesh_orchestration.compile.files import generated_files
from mesh_orchestration.contract.mesh import Mesh
from mesh_orchestration.errors import MeshError
from mesh_orchestration.scaffold.render import ask, render
from mesh_orchestration.scaffold.result import Result
from mesh_orchestration.scaffold.tree import Change

_EMPTY = Mesh(products={}, domains=())


def new_mesh(folder: Path, given: Mapping[str, str], *, interactive: bool = False) -> Result:
    """The files of an empty mesh in ``folder``; raises MeshError when it has one of them already."""
    name = folder.resolve().name
    answers = ask("mesh", given, defaults={"name": name}, interactive=interactive)
    rendered = render("mesh", answers | {"version": metadata.version("mesh-orchestration")})
    generated = {path.relative_to(folder).as_posix(): text for path, text in generated_files(_EMPTY, folder).items()}
    files = {**rendered.files, **generated}
    if there := [path for path in files if (folder / path).exists()]:
        raise MeshError(f"{folder} has {', '.join(there)} already; begin in an empty folder")
    changes = [Change(path, None, text.encode()) for path, text in sorted(files.items())]
    first = () if folder.resolve() == Path.cwd() else (f"cd {folder}",)
    return Result(
        str(answers["name"]), tuple(changes), next_steps=(*first, "make setup", "mesh new domain NAME"),
    )  # fmt: skip
