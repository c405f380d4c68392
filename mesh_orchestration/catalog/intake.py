"""Contracts that somebody sends: read in any form, judged as those of the mesh are, then registered."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from mesh_orchestration.catalog.products import product as known_product
from mesh_orchestration.catalog.register import Registration, register
from mesh_orchestration.catalog.store import Catalog
from mesh_orchestration.contract.dialect import Context, Lost, Source
from mesh_orchestration.contract.dialects import read
from mesh_orchestration.contract.document import parse_document
from mesh_orchestration.contract.evolution.verdict import verdict
from mesh_orchestration.contract.loader import parse_product
from mesh_orchestration.contract.mesh import load_mesh
from mesh_orchestration.contract.model import DataProduct
from mesh_orchestration.errors import ContractError, MeshError, Problem
from mesh_orchestration.governance.findings import path_from
from mesh_orchestration.governance.guardrails import Guardrails
from mesh_orchestration.settings import Settings

FILE = "contract"
"""What messages call the contract that was sent."""


@dataclass(frozen=True)
class Sent:
    """A contract as it was sent: ``lost`` is what its form says and the mesh cannot hold, ``advice`` what policies
    advise against."""

    product: DataProduct
    dialect: str
    lost: tuple[Lost, ...]
    advice: tuple[Problem, ...]


def read_contract(settings: Settings, text: str, files: Mapping[str, bytes] | None = None) -> Sent:
    """The contract that ``text`` is, in any form; ``files`` are those it refers to, by their relative paths. Raises
    ContractError with every finding, at its line, in the form it was sent in; PolicyError when the policies cannot
    judge it."""
    with TemporaryDirectory() as nowhere:  # a contract that is sent has no files beside it but those sent with it
        folder = Path(nowhere).resolve()
        _lay_out(folder, files or {})
        source = read(parse_document(text, FILE), Context(settings.root, folder, folder))
    product, findings = parse_product(source.value)
    problems = [*source.problems, *source.unkept, *source.findings(findings)]
    if product is None or problems:
        raise ContractError(tuple(dict.fromkeys(problems)))
    product = product.in_file(FILE)
    denied: list[Problem] = []
    advice: list[Problem] = []
    for denies, problem in _judged(settings, product, source):
        (denied if denies else advice).append(problem)
    if denied:
        raise ContractError(tuple(denied))
    return Sent(product, source.dialect, source.lost, tuple(advice))


def take(settings: Settings, catalog: Catalog, sent: Sent) -> Registration:
    """Register a contract; raises MeshError when the catalog knows another one that forbids it: one of this mesh's
    own files, the same version with other words, a version too small for what changed."""
    with catalog.writing() as conn:
        now = settings.now()
        known = known_product(conn, str(sent.product.address), now=now)
        if known and known.product.origin == "registered":
            said = verdict(known.contract, sent.product).problem
            if said:
                raise MeshError(said)
        return register(conn, sent.product, at=now)


def _lay_out(folder: Path, files: Mapping[str, bytes]) -> None:
    for name, content in files.items():
        path = (folder / name).resolve()
        if not path.is_relative_to(folder) or path == folder:
            raise ContractError((Problem(name, 1, "", "leads out of the folder of the contract"),))
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        except (OSError, ValueError) as error:
            raise ContractError((Problem(name, 1, "", f"is no name of a file: {error}"),)) from None


def _judged(settings: Settings, product: DataProduct, source: Source) -> Iterator[tuple[bool, Problem]]:
    """What the policies say of the contract, as part of this mesh; whether it denies."""
    with Guardrails(settings) as guardrails:
        if not guardrails.bundle.rules:
            return
        mesh = load_mesh(settings)
        verdicts = guardrails.products(replace(mesh, products={**mesh.products, product.address: product}), [product])
    for one in verdicts:
        if one.denies or one.outcome in ("warn", "waived"):
            message = f"{one} ({one.fix} See: mesh policy explain {one.code})"
            yield one.denies, source.problem(path_from(one.path), message)
