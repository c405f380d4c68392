"""What stands between contracts of different domains without breaking either: findings that stop nobody's run.

A product may lose what a consumer filed that it expects, or be deprecated under its consumers. The consumer
goes on running with the last good data; the findings say what to do before that ends.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Literal

from mesh_orchestration.contract.deprecation import deprecation_of
from mesh_orchestration.contract.dialects import read_source
from mesh_orchestration.contract.document import Path_
from mesh_orchestration.contract.mesh import Mesh
from mesh_orchestration.contract.model import DataProduct, InputPort
from mesh_orchestration.contract.ports import upstream
from mesh_orchestration.errors import Problem

Severity = Literal["error", "warning"]
_Told = tuple[Path_, str, Severity]


@dataclass(frozen=True, order=True)
class Advice:
    """A finding between contracts; only an ``error`` fails a check of the files."""

    problem: Problem
    severity: Severity


def advice(mesh: Mesh, root: Path, today: date, paths: Sequence[Path] = ()) -> tuple[Advice, ...]:
    """Every finding between the contracts of ``mesh`` at ``root``, in file order.

    Expectations that their upstream's contract breaks, products that are read although they are deprecated
    (a warning) or past their sunset (an error), and products that outlive their sunset. With ``paths``
    (files or folders) only findings in them.
    """
    wanted = [root / path for path in paths]
    found: list[Advice] = []
    for product in mesh.products.values():
        if wanted and not any((root / product.source).is_relative_to(path) for path in wanted):
            continue
        told = [
            *_expectations(product, mesh),
            *_deprecated_inputs(product, mesh, today),
            *_outlived(product, mesh, today),
        ]
        if told:
            source = read_source(Path(product.source), root=root)
            found += [Advice(source.problem(path, message), severity) for path, message, severity in told]
    return tuple(sorted(found))


def _expectations(product: DataProduct, mesh: Mesh) -> Iterator[_Told]:
    if not any("expects" in port.options for port in product.inputs):
        return
    # Comparing checks takes modules that a mesh without expectations never needs.
    from mesh_orchestration.impact.expected import filed_by, gaps

    for filed in filed_by(product):
        if source := mesh.products.get(filed.address):
            broken = (gap for gap in gaps(filed, source) if gap.state == "broken")
            yield from ((gap.path, gap.message, "error" if gap.severity == "error" else "warning") for gap in broken)


def _deprecated_inputs(product: DataProduct, mesh: Mesh, today: date) -> Iterator[_Told]:
    for place, port in enumerate(product.spec.inputs):
        source = mesh.products.get(address) if isinstance(port, InputPort) and (address := upstream(port)) else None
        if source and (ending := deprecation_of(source, mesh.products)):
            severity: Severity = "error" if ending.over(today) else "warning"
            yield ("spec", "inputs", place, "product"), ending.says(today), severity


def _outlived(product: DataProduct, mesh: Mesh, today: date) -> Iterator[_Told]:
    ending = deprecation_of(product, mesh.products)
    if ending is None or ending.retired or not ending.over(today):
        return
    readers = mesh.consumers(product.address)
    fix = f"still read by {', '.join(map(str, readers))}" if readers else "retire or remove it, or move its sunset"
    yield ("metadata", "sunset"), f"{ending.says(today)}; {fix}", "warning"
