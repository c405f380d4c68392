"""From a contract file to a ``DataProduct``, or to everything that is wrong with the file at once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from mesh_orchestration.contract.address import Address
from mesh_orchestration.contract.document import Document, read_document
from mesh_orchestration.contract.model import DataProduct
from mesh_orchestration.contract.rules import draft_of, draft_of_parts, rule_findings
from mesh_orchestration.contract.structure import Finding, structural_findings
from mesh_orchestration.errors import ContractError

CONTRACTS = "contracts"


def contract_path(address: Address) -> str:
    """Where the contract of ``address`` belongs, relative to the mesh root."""
    return f"{CONTRACTS}/{address.domain}/{address.product}/v{address.major}.yaml"


def load_product(path: Path, *, root: Path) -> DataProduct:
    """The product whose contract is ``path`` (absolute, or relative to the mesh ``root``).

    Raises ContractError with every problem of the file.
    """
    document = read_document(path, root=root)
    product, findings = _read(document, root)
    problems = [*document.problems, *(document.problem(where, message) for where, message in findings)]
    if product is None or problems:
        raise ContractError(tuple(dict.fromkeys(problems)))
    return product


def parse_product(data: dict[Any, Any]) -> tuple[DataProduct | None, list[Finding]]:
    """The product that ``data`` says, None when it is not well formed, and every finding in it."""
    try:
        product = DataProduct.model_validate(data)
    except ValidationError as error:
        return None, [*structural_findings(error, data, DataProduct), *rule_findings(draft_of_parts(data))]
    return product, list(rule_findings(draft_of(product)))


def dump_product(product: DataProduct) -> str:
    """The contract as YAML of the native dialect; loading it gives an equal product."""
    content = _plain(product.model_dump(by_alias=True, exclude_unset=True))
    return yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=120)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value


def _read(document: Document, root: Path) -> tuple[DataProduct | None, list[Finding]]:
    product, findings = parse_product(document.value)
    if product is None:
        return None, findings
    return product.in_file(document.file), [*findings, *_misplaced(product, document.file, root)]


def _misplaced(product: DataProduct, file: str, root: Path) -> Iterator[Finding]:
    expected = contract_path(product.address)
    if file != expected:
        taken = "; there is one already, so two files claim this address" if (root / expected).exists() else ""
        yield ("metadata",), f"this is {product.address}, whose contract belongs in {expected}{taken}"
