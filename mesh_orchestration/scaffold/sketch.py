"""A copy of the part of the mesh that a change touches: it is tried there before anything is written.

The contracts are copied whole, because what one says may break another; of the dbt projects only the
domain's own.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from mesh_orchestration.contract.loader import CONTRACTS
from mesh_orchestration.errors import ContractError, MeshError
from mesh_orchestration.scaffold.tree import Change
from mesh_orchestration.settings import Settings

_SINGLE = ("workspace.yaml", ".gitlab-ci.yml")
_LEFT_OUT = shutil.ignore_patterns("target", "logs", "dbt_packages", ".user.yml")


@dataclass
class Sketch:
    """A mesh at ``settings.root`` that stands for the one at ``origin``; it remembers what was put into it."""

    settings: Settings
    origin: Path
    paths: dict[str, None] = field(default_factory=dict)

    @property
    def root(self) -> Path:
        return self.settings.root

    def create(self, path: str, content: str | bytes) -> None:
        """Put a new file at ``path``; raises MeshError when the mesh has one there."""
        if (self.origin / path).exists():
            raise MeshError(f"{path} is there already and is never overwritten; move it away, or choose another name")
        self.put(path, content)

    def put(self, path: str, content: str | bytes) -> None:
        """Put ``content`` at ``path``, whether or not there is something."""
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content.encode() if isinstance(content, str) else content)
        self.paths[path] = None

    def has(self, path: str) -> bool:
        """Whether there is a file at ``path`` in the sketch or in the mesh."""
        return (self.root / path).exists() or (self.origin / path).exists()

    def text(self, path: str) -> str | None:
        """What is at ``path`` in the sketch, else in the mesh; None when there is nothing."""
        for folder in (self.root, self.origin):
            if (folder / path).is_file():
                return (folder / path).read_text(encoding="utf-8")
        return None

    def compile(self, domain: str) -> None:
        """Generate the files that follow otherwise from the contracts here than from those of the mesh, and no others.

        Raises ContractError when ``domain`` is broken, MeshError when somebody's own file is in the way.
        """
        from mesh_orchestration.compile.files import generated_files
        from mesh_orchestration.compile.layout import MARK
        from mesh_orchestration.contract.mesh import load_mesh

        mesh = load_mesh(self.settings)
        if domain in mesh.broken:
            raise mesh.broken[domain]
        before = generated_files(load_mesh(replace(self.settings, root=self.origin)), self.root)
        for path, text in generated_files(mesh, self.root).items():
            name = path.relative_to(self.root).as_posix()
            there = self.text(name)
            if there == text or (there is not None and before.get(path) == text):
                continue
            if there and MARK not in there:
                raise MeshError(f"{name} is there already and was not generated; move it away")
            self.put(name, text)

    def require_clean(self, domain: str) -> None:
        """Raise ContractError with every finding of ``mesh lint`` in the contracts of ``domain``."""
        from mesh_orchestration.contract.lint import lint

        if problems := lint(self.settings, (self.root / CONTRACTS / domain,)):
            raise ContractError(problems)

    def denials(self, domain: str) -> tuple[str, ...]:
        """What the policies deny in the contracts of ``domain``, as findings with their fix."""
        from mesh_orchestration.contract.mesh import load_mesh
        from mesh_orchestration.governance.findings import policy_problems

        denied, _ = policy_problems(self.settings, load_mesh(self.settings))
        return tuple(str(problem) for problem in denied if problem.file.startswith(f"{CONTRACTS}/{domain}/"))

    def changes(self) -> tuple[Change, ...]:
        """What has to be written to the mesh so that it says what the sketch says, by path."""
        found = []
        for path in sorted(self.paths):
            before = self.origin / path
            change = Change(path, before.read_bytes() if before.is_file() else None, (self.root / path).read_bytes())
            if change.before != change.after:
                found.append(change)
        return tuple(found)


@contextmanager
def sketch_of(settings: Settings, domain: str) -> Iterator[Sketch]:
    """A sketch of the mesh for a change in ``domain``, gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="mesh-new-") as name:
        root = Path(name).resolve()
        shutil.copytree(settings.contracts_dir, root / CONTRACTS, symlinks=True)
        project = settings.dbt_dir / domain
        if project.is_dir():
            shutil.copytree(project, root / "dbt_projects" / domain, symlinks=True, ignore=_LEFT_OUT)
        if (settings.root / "policies").is_dir():
            shutil.copytree(settings.root / "policies", root / "policies", symlinks=True)
        for single in _SINGLE:
            if (settings.root / single).is_file():
                shutil.copy(settings.root / single, root / single)
        yield Sketch(replace(settings, root=root), settings.root)
