"""Waivers: files in which somebody answers, until a day, for a product that does not keep a rule.

``policies/waivers/*.yaml``, one waiver a file. An expired one waives nothing, and both kinds show up in
every report.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field, ValidationError

from mesh_orchestration.contract.address import Address
from mesh_orchestration.contract.document import read_document
from mesh_orchestration.contract.model import Part
from mesh_orchestration.contract.structure import structural_findings
from mesh_orchestration.contract.words import Day, Owner
from mesh_orchestration.errors import ContractError, PolicyError, Problem
from mesh_orchestration.governance.bundle import POLICIES
from mesh_orchestration.governance.metadata import CODE

_PROJECT = re.compile(r"^(?:[a-z][a-z0-9]*|deploy/[\w./-]+\.ya?ml)$")


def _address(value: str) -> str:
    """A product, or what rules on projects and deployments judge: a domain, a file below deploy/."""
    return value if _PROJECT.match(value) else str(Address.parse(value))


class Terms(Part):
    """What a waiver file says: which rule is waived for which product, who asks, who approved, until when."""

    rule: Annotated[str, Field(pattern=CODE.pattern)]
    address: Annotated[str, AfterValidator(_address)]
    owner: Owner
    approver: Owner
    reason: Annotated[str, Field(min_length=10)]
    expires: Day


@dataclass(frozen=True)
class Waiver:
    """One waiver and the file it comes from, relative to the mesh root."""

    file: str
    terms: Terms

    def holds(self, day: date) -> bool:
        """Whether it still waives on ``day``; its last day counts."""
        return day <= self.terms.expires


def load_waivers(root: Path) -> tuple[Waiver, ...]:
    """Every waiver of the mesh at ``root``; raises PolicyError with every unreadable one, because a waiver that
    cannot be read must not be mistaken for one that is not there."""
    waivers: list[Waiver] = []
    problems: list[Problem] = []
    for path in sorted((root / POLICIES / "waivers").glob("*.yaml")):
        try:
            document = read_document(path.relative_to(root), root=root)
        except ContractError as error:
            problems.extend(error.problems)
            continue
        try:
            waivers.append(Waiver(document.file, Terms.model_validate(document.value)))
        except ValidationError as error:
            findings = structural_findings(error, document.value, Terms)
            problems.extend(document.problem(where, message) for where, message in findings)
        problems.extend(document.problems)
    problems.extend(_self_approved(waivers))
    if problems:
        raise PolicyError("", problems=tuple(problems))
    return tuple(waivers)


def _self_approved(waivers: list[Waiver]) -> list[Problem]:
    return [
        Problem(waiver.file, 1, "approver", f"{waiver.terms.approver} asks for it too; somebody else must approve")
        for waiver in waivers
        if waiver.terms.owner == waiver.terms.approver
    ]
