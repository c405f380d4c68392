"""Empty meshes made by the command's own code, and files to make products of."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from functools import cache
from pathlib import Path

from mesh_orchestration.scaffold.domain import new_domain
from mesh_orchestration.scaffold.mesh import new_mesh
from mesh_orchestration.scaffold.product import new_product
from mesh_orchestration.scaffold.result import Result, write
from mesh_orchestration.settings import Settings
from tests.builders import settings_at

RETURNS = """return_id,customer_email,reason,amount,returned_at
1,ann@example.com,broken,12.50,2026-01-05T10:00:00Z
2,bob@example.com,late,8.00,2026-01-05T11:30:00Z
3,bob@example.com,wrong size,31.20,2026-01-06T09:15:00Z
"""


def empty_mesh(root: Path, **environ: str) -> Settings:
    """A mesh in ``root`` with the domain returns and nothing else."""
    shutil.copytree(_blank(), root, dirs_exist_ok=True)
    return settings_at(root, **environ)


@cache
def _blank() -> Path:
    """One such mesh, made once, to copy."""
    root = Path(tempfile.mkdtemp(prefix="mesh-blank-"))
    atexit.register(shutil.rmtree, root, ignore_errors=True)
    write(new_mesh(root, {"name": "mesh"}), root)
    write(new_domain(settings_at(root), "returns", {"owner": "team:returns"}), root)
    return root


def returns_file(folder: Path, text: str = RETURNS) -> Path:
    """``returns.csv`` in ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "returns.csv"
    path.write_text(text)
    return path


def add(settings: Settings, address: str = "returns.returned_items", **given: str) -> Result:
    """Make a product and write it."""
    result = new_product(settings, address, given)
    write(result, settings.root)
    return result


def files_in(root: Path) -> dict[str, bytes]:
    """Everything in a mesh but its state, by path."""
    paths = (path for path in root.rglob("*") if path.is_file() and ".mesh" not in path.parts)
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in paths}
