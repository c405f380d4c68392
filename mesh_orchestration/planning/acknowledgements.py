"""What a consuming domain agrees to: ``contracts/<its domain>/acknowledgements/<address it reads>.yaml``.

The file stands in the consumer's own folder, so that the consumer's own reviewers decide over it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Self

import yaml
from pydantic import BeforeValidator, Field, ValidationError, model_validator

from mesh_orchestration.contract.address import Address
from mesh_orchestration.contract.document import Document, read_document
from mesh_orchestration.contract.evolution.kinds import KINDS
from mesh_orchestration.contract.loader import CONTRACTS
from mesh_orchestration.contract.mesh import ACKNOWLEDGEMENTS
from mesh_orchestration.contract.model import Part
from mesh_orchestration.contract.structure import structural_findings
from mesh_orchestration.contract.wording import found, suggestion
from mesh_orchestration.contract.words import Day, Owner, Version
from mesh_orchestration.errors import ContractError, Problem

REMOVED = "product.removed"
"""The kind of change that a product's consumers agree to when it goes."""
Asked = tuple[str, str]
"""A change that somebody must agree to: its kind, and its column (empty when it has none)."""


def _address(value: Any) -> Address:
    if not isinstance(value, str):
        raise ValueError(f"found {found(value)}, expected an address such as orders.order_lines.v1")
    return Address.parse(value)


def _kind(value: Any) -> str:
    if value != REMOVED and value not in KINDS:
        known = (*KINDS, REMOVED)
        raise ValueError(f"{found(value)} is not a kind of change{suggestion(str(value), known)}")
    return str(value)


class AgreedChange(Part):
    """A kind of change such as ``field.removed``; of one column, or of any when none is named."""

    kind: Annotated[str, BeforeValidator(_kind)]
    column: str = ""


class Acknowledgement(Part):
    """Who agrees to which changes of a product, and until which day (UTC, that day included).

    ``changes`` names them; ``version`` and ``fingerprint`` (of the proposed contract, or its first digits)
    bind the agreement to one proposal, and alone agree to all of it.
    """

    product: Annotated[Address, BeforeValidator(_address)]
    by: Owner
    date: Day
    until: Day
    changes: tuple[AgreedChange, ...] = ()
    version: Version | None = None
    fingerprint: Annotated[str, Field(pattern=r"^[0-9a-f]{8,64}$")] | None = None
    reason: str = ""

    @model_validator(mode="after")
    def _says_what(self) -> Self:
        if not (self.changes or self.version or self.fingerprint):
            raise ValueError("agrees to nothing; name 'changes', or the 'version' or 'fingerprint' of the proposal")
        if self.until < self.date:
            raise ValueError(f"ends on {self.until}, before it begins on {self.date}")
        return self


@dataclass(frozen=True)
class Filed:
    """An acknowledgement where it was found: the domain that gave it and its file, relative to the mesh root."""

    domain: str
    file: str
    said: Acknowledgement

    def objection(self, asked: Asked, proposal: tuple[str, str], *, today: date) -> str:
        """Why this does not agree to ``asked``, empty when it does; ``proposal`` is the version and the
        fingerprint of the proposed contract, both empty when the product goes."""
        said, (version, fingerprint) = self.said, proposal
        if said.until < today:
            return f"expired on {said.until}"
        if said.version and said.version != version:
            return f"is for version {said.version}, not for {version or 'its removal'}"
        if said.fingerprint and not fingerprint.startswith(said.fingerprint):
            return f"is for another proposal, fingerprint {said.fingerprint[:12]} and not {fingerprint[:12] or 'none'}"
        kind, column = asked
        if said.changes and not any(one.kind == kind and one.column in ("", column) for one in said.changes):
            return f"does not name {kind}{f' of {column}' if column else ''}"
        return ""


@dataclass(frozen=True)
class Acknowledgements:
    """Every acknowledgement of the mesh by (domain, product), and what is wrong with files that are none."""

    filed: Mapping[tuple[str, Address], Filed]
    problems: tuple[Problem, ...] = ()


def acknowledgement_path(domain: str, address: Address) -> str:
    """Where ``domain`` agrees to changes of ``address``, relative to the mesh root."""
    return f"{CONTRACTS}/{domain}/{ACKNOWLEDGEMENTS}/{address}.yaml"


def read_acknowledgements(root: Path) -> Acknowledgements:
    """The acknowledgements of the mesh at ``root``; never raises for a wrong file."""
    filed: dict[tuple[str, Address], Filed] = {}
    problems: list[Problem] = []
    for path in sorted((root / CONTRACTS).glob(f"*/{ACKNOWLEDGEMENTS}/*")):
        if path.name.startswith(".") or path.suffix == ".md":
            continue
        try:
            one = _read(path.relative_to(root), root)
        except ContractError as error:
            problems.extend(error.problems)
        else:
            filed[one.domain, one.said.product] = one
    return Acknowledgements(filed, tuple(problems))


def acknowledgement_text(said: Acknowledgement) -> str:
    """The acknowledgement as YAML; reading it gives an equal one."""
    content = said.model_dump(exclude_defaults=True) | {"product": str(said.product)}
    content |= {"changes": [change.model_dump(exclude_defaults=True) for change in said.changes]}
    return yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=120)


def agreed(asked: Iterable[Asked]) -> tuple[AgreedChange, ...]:
    """The changes as an acknowledgement lists them, each once."""
    return tuple(AgreedChange(kind=kind, column=column) for kind, column in dict.fromkeys(asked))


def _read(path: Path, root: Path) -> Filed:
    document = read_document(path, root=root)
    try:
        said = Acknowledgement.model_validate(document.value)
    except ValidationError as error:
        findings = structural_findings(error, document.value, Acknowledgement)
        raise ContractError(tuple(document.problem(where, message) for where, message in findings)) from None
    if problems := (*document.problems, *_misplaced(document, said)):
        raise ContractError(problems)
    return Filed(path.parts[1], document.file, said)


def _misplaced(document: Document, said: Acknowledgement) -> Iterator[Problem]:
    expected = acknowledgement_path(Path(document.file).parts[1], said.product)
    if document.file != expected:
        yield document.problem(("product",), f"this acknowledges {said.product}, whose file is {expected}")
