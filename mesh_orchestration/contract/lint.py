"""Every finding over the contracts and what they refer to, without starting anything."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from mesh_orchestration.contract.dialects import read_source
from mesh_orchestration.contract.document import Path_
from mesh_orchestration.contract.mesh import Mesh, load_mesh
from mesh_orchestration.contract.model import DataProduct
from mesh_orchestration.contract.wording import suggestion
from mesh_orchestration.errors import Problem
from mesh_orchestration.settings import Settings

_GRAIN = re.compile(r"^one row per \S", re.IGNORECASE)


def lint(settings: Settings, paths: Sequence[Path] = (), *, mesh: Mesh | None = None) -> tuple[Problem, ...]:
    """Every finding in file order; with ``paths`` (files or folders) only those in them.

    The whole mesh is read either way, because what one contract says may break another; ``mesh`` spares it
    where it has been read.
    """
    mesh = mesh or load_mesh(settings)
    problems = {*mesh.problems, *_findings(mesh, settings)}
    if paths:
        problems = set(within(problems, settings.root, paths)) | {
            Problem(str(path), 1, "", "there is no such file or folder")
            for path in paths
            if not _exists(settings, path)
        }
    return tuple(sorted(problems))


def _exists(settings: Settings, path: Path) -> bool:
    return (settings.root / path).exists()


def within(problems: Iterable[Problem], root: Path, paths: Sequence[Path]) -> tuple[Problem, ...]:
    """The problems of files that are one of ``paths`` below ``root`` or stand in one; all without paths."""
    wanted = [root / path for path in paths]
    kept = (one for one in problems if not wanted or any((root / one.file).is_relative_to(path) for path in wanted))
    return tuple(kept)


def _findings(mesh: Mesh, settings: Settings) -> Iterator[Problem]:
    models = {domain: _models(settings.dbt_dir / domain) for domain in mesh.domains}
    for product in mesh.products.values():
        findings = [*_missing_model(product, models[product.domain]), *_undescribed(product)]
        if findings:
            source = read_source(Path(product.source), root=settings.root)
            yield from (source.problem(path, message) for path, message in findings)


def _models(project: Path) -> frozenset[str]:
    """The names of a dbt project's models."""
    return frozenset(path.stem for suffix in ("sql", "py") for path in (project / "models").rglob(f"*.{suffix}"))


def _missing_model(product: DataProduct, models: frozenset[str]) -> Iterator[tuple[Path_, str]]:
    if product.model in models:
        return
    expected = f"dbt_projects/{product.domain}/models/**/{product.model}.sql"
    hint = suggestion(product.model, models)
    path: Path_ = ("spec", "model") if product.spec.model else ("metadata", "name")
    yield path, f"there is no model '{product.model}', expected {expected}{hint if '?' in hint else ''}"


def _undescribed(product: DataProduct) -> Iterator[tuple[Path_, str]]:
    if not product.metadata.description:
        yield ("metadata", "description"), "is missing; start it with the grain: 'One row per …'"
    elif not _GRAIN.match(product.metadata.description.strip()):
        said = product.metadata.description.strip().split("\n")[0]
        start = said if len(said) <= 40 else f"{said[:37]}..."
        yield ("metadata", "description"), f"found '{start}', expected the grain first: 'One row per …'"
    for index, field in enumerate(product.fields):
        if not field.description.strip():
            path = ("spec", "schema", "fields", index, "description")
            yield path, f"'{field.name}' has no description; say what it means in one sentence"
