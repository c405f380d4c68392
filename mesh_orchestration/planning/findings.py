"""What stands in the way of a proposal, each at the line where it can be mended."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path

from mesh_orchestration.contract.address import Address
from mesh_orchestration.contract.dialect import Source
from mesh_orchestration.contract.dialects import read_source
from mesh_orchestration.contract.document import Path_, yaml_path
from mesh_orchestration.contract.mesh import Mesh
from mesh_orchestration.contract.model import DataProduct
from mesh_orchestration.errors import ContractError, Problem
from mesh_orchestration.planning.acknowledgements import REMOVED
from mesh_orchestration.planning.compare import Pair
from mesh_orchestration.planning.consumers import Concern
from mesh_orchestration.planning.git import Base
from mesh_orchestration.planning.plan import Finding, Severity, Unmet
from mesh_orchestration.planning.policies import Decision
from mesh_orchestration.planning.tables import Tables

_VERSION: Path_ = ("metadata", "version")
_FIELDS: Path_ = ("spec", "schema", "fields")
_POLICY_SEVERITY: Mapping[str, Severity] = {"deny": "error", "warn": "warning", "dry-run": "note", "waived": "note"}


class Places:
    """Where things stand in the contracts of the mesh at ``root``; each file is read once."""

    def __init__(self, root: Path) -> None:
        self._source = cache(lambda file: self._read(root, file))

    def line(self, product: DataProduct, path: Path_) -> int:
        """The line of ``path`` in the product's file; 1 for a file that is gone or cannot be read."""
        source = self._source(product.source)
        return source.problem(path, "").line if source else 1

    def at(self, product: DataProduct, path: Path_, rule: str, message: str, *, fix: str = "") -> Finding:
        """An error at ``path`` of the product's contract."""
        line = self.line(product, path)
        return Finding(rule, "error", str(product.address), product.source, line, yaml_path(path), message, fix)

    @staticmethod
    def _read(root: Path, file: str) -> Source | None:
        try:
            return read_source(Path(file), root=root)
        except ContractError:
            return None


def of_problems(problems: Iterable[Problem], rule: str, *, mesh: Mesh) -> Iterator[Finding]:
    """Each problem of a file as a finding, under the product whose file it is."""
    by_file = {product.source: str(address) for address, product in mesh.products.items()}
    for problem in problems:
        address = by_file.get(problem.file) or address_of(problem.file)
        yield Finding(rule, "error", address, problem.file, problem.line, problem.path, problem.message)


def address_of(file: str) -> str:
    """The address that the place of a contract's file claims; empty when it claims none."""
    try:
        return str(Address.parse(".".join(Path(file).with_suffix("").parts[1:])))
    except ValueError:
        return ""


def of_base(before: Mesh, now: Mesh, base: Base) -> Iterator[Finding]:
    """Each contract that was wrong at ``base`` and is right now, so that there is no telling what changed."""
    right = {product.source: str(address) for address, product in now.products.items()}
    first = {problem.file: problem for problem in reversed(before.problems)} if before is not now else {}
    for file, problem in first.items():
        if file in right:
            message = f"was wrong at {base.said}, so it counts as new: {problem.message}"
            yield Finding("base-broken", "warning", right[file], file, 1, "", message)


def of_version(pair: Pair, places: Places) -> Iterator[Finding]:
    """Whether the version rises enough, and whether a new product is rather an old one renamed."""
    verdict, new = pair.verdict, pair.new
    if new and verdict and verdict.problem:
        breaking = verdict.required == "major"
        worst = max(verdict.changes, key=lambda change: change.consumer) if breaking and verdict.changes else None
        path = worst.place if worst and worst.bump == "major" else _VERSION
        yield places.at(new, path, "breaking-change" if breaking else "version-too-small", verdict.problem)
    if new and pair.looks_like:
        old = pair.looks_like
        message = f"has the very columns of {old.address}, which is gone"
        fix = f"if it is a rename, say so: metadata.id: {old.id}"
        finding = places.at(new, ("metadata", "name"), "rename-suspected", message, fix=fix)
        yield replace(finding, severity="warning")


def of_concern(pair: Pair, concern: Concern, places: Places) -> Iterator[Finding]:
    """Whether a consumer would have to agree and has not."""
    who = f"{concern.affected.consumer} ({concern.affected.owner or 'no owner is said'})"
    if pair.new is None and concern.affected.kind == "product":
        fix = "let it read another product first, or keep this one as 'status: deprecated' with a sunset"
        yield places.at(pair.product, (), "product-removed", f"{who} still reads {pair.address}", fix=fix)
        return
    if not concern.missing or (pair.verdict and pair.verdict.problem and pair.verdict.required == "major"):
        return
    read = pair.old.address if pair.old else pair.address
    file = concern.file_of(read)
    fix = f"let its domain agree in {file}: mesh plan --acknowledge {read} --as {concern.domains[0]}"
    kinds = ", ".join(concern.affected.needed)
    if concern.affected.needed == (REMOVED,):
        message = f"{who} still reads {pair.address}, which goes"
    else:
        columns = ", ".join(concern.affected.columns) or str(pair.address)
        message = f"{who} reads {columns} ({kinds}) and has not agreed"
    path = concern.changes[0].place if concern.changes else ()
    rule = "product-removed" if pair.new is None else "not-acknowledged"
    void = "".join(f"; {known} {why}" for known, why in concern.void)
    yield places.at(pair.product, path, rule, f"{message}{void}", fix=fix)
    for known, why in concern.void:
        yield Finding("acknowledgement-void", "warning", str(pair.address), known, 1, "", f"does not count: it {why}")


def of_unmet(product: DataProduct, unmet: Iterable[Unmet], places: Places) -> Iterator[Finding]:
    """What consumers rely on and would not get."""
    for one in unmet:
        message = f"{one.consumer} ({one.owner}) relies on it: {one.message}"
        fix = "keep it, or let the consumer change it first"
        yield places.at(product, _FIELDS, "expectation-unmet", message, fix=fix)


def of_tables(tables: Tables, mesh: Mesh, places: Places) -> Iterator[Finding]:
    """What the published tables cannot become, and whether the lake could be asked."""
    for address, reasons in tables.refusals.items():
        for reason in reasons:
            yield places.at(mesh.products[address], _FIELDS, "table-cannot-evolve", reason)
    if tables.trouble:
        yield Finding("lake-unreadable", "warning", "", "", 1, "", tables.trouble)


def of_policies(decision: Decision, root: Path) -> Iterator[Finding]:
    """What the policies deny and advise in the mesh at ``root``; bundles that cannot be evaluated deny."""
    from mesh_orchestration.governance.findings import placed

    for one in decision.trouble:
        yield Finding("policy-failed", "error", "", one.file, one.line, one.path, one.message)
    for verdict, place in placed(decision.verdicts or (), root=root):
        severity = _POLICY_SEVERITY[verdict.outcome]
        rule = "policy-denied" if severity == "error" else "policy-warned"
        fix = f"{verdict.fix} (mesh policy explain {verdict.code})"
        yield Finding(rule, severity, verdict.subject, place.file, place.line, place.path, place.message, fix)


def of_changes(pair: Pair, places: Places) -> Iterator[Finding]:
    """Each change of a contract as a note at its line."""
    for change in pair.verdict.changes if pair.verdict else ():
        said = f"{change.kind} ({change.consumer}): {change.says}"
        yield replace(places.at(pair.product, change.place, "contract-changed", said), severity="note")
