"""From a contract file to a ``DataProduct``, or to everything that is wrong with the file at once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from mesh_orchestration.contract.address import Address
from mesh_orchestration.contract.dialect import Source
from mesh_orchestration.contract.dialects import read_source
from mesh_orchestration.contract.dialects.native import dump_product as dump_product
from mesh_orchestration.contract.model import DataProduct
from mesh_orchestration.contract.rules import draft_of, draft_of_parts, rule_findings
from mesh_orchestration.contract.structure import Finding, structural_findings
from mesh_orchestration.errors import ContractError

CONTRACTS = "contracts"
GENERATED = "generated"
"""The folder beside a contract in which `mesh compile` keeps what follows from it."""


def contract_path(address: Address) -> str:
    """Where the contract of ``address`` belongs, relative to the mesh root."""
    return f"{CONTRACTS}/{address.domain}/{address.product}/v{address.major}.yaml"


def generated_path(address: Address, suffix: str) -> str:
    """Where a file that follows from the contract of ``address`` belongs, relative to the mesh root."""
    return f"{CONTRACTS}/{address.domain}/{address.product}/{GENERATED}/v{address.major}.{suffix}"


def load_product(path: Path, *, root: Path) -> DataProduct:
    """The product whose contract is ``path`` (absolute, or relative to the mesh ``root``), in whatever form.

    Raises ContractError with every problem of the file.
    """
    return load_with_files(path, root=root)[0]


def load_with_files(path: Path, *, root: Path) -> tuple[DataProduct, tuple[str, ...]]:
    """The product as by ``load_product``, and the other files it was drawn from."""
    source = read_source(path, root=root)
    product, findings = _read(source, root)
    problems = [*source.problems, *source.unkept, *source.findings(findings)]
    if product is None or problems:
        raise ContractError(tuple(dict.fromkeys(problems)))
    return product, tuple(source.reading.files)


def parse_product(data: dict[Any, Any]) -> tuple[DataProduct | None, list[Finding]]:
    """The product that ``data`` says, None when it is not well formed, and every finding in it."""
    try:
        product = DataProduct.model_validate(data)
    except ValidationError as error:
        return None, [*structural_findings(error, data, DataProduct), *rule_findings(draft_of_parts(data))]
    return product, list(rule_findings(draft_of(product)))


def _read(source: Source, root: Path) -> tuple[DataProduct | None, list[Finding]]:
    product, findings = parse_product(source.value)
    if product is None:
        return None, findings
    return product.in_file(source.file), [*findings, *_misplaced(product, source.file, root)]


def _misplaced(product: DataProduct, file: str, root: Path) -> Iterator[Finding]:
    expected = contract_path(product.address)
    if file != expected:
        taken = "; there is one already, so two files claim this address" if (root / expected).exists() else ""
        yield ("metadata",), f"this is {product.address}, whose contract belongs in {expected}{taken}"
