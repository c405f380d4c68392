"""What a rule says of itself: the METADATA comment at the head of its file, in Rego's own form."""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated, Literal

from pydantic import Field, ValidationError

from mesh_orchestration.contract.document import Document, parse_document
from mesh_orchestration.contract.model import Part
from mesh_orchestration.contract.structure import structural_findings
from mesh_orchestration.contract.words import Day, Owner, Words
from mesh_orchestration.errors import ContractError, Problem

Mode = Literal["deny", "warn", "dry-run"]
Kind = Literal["product", "publication", "read", "project", "deployment", "payload"]
CODE = re.compile(r"^[A-Z]{2,6}-\d{3}$")
_BLOCK = re.compile(r"^# METADATA[ \t]*\n((?:#.*\n)+)", re.MULTILINE)


class Stage(Part):
    """The mode of a rule from a day on; the first stage needs no day."""

    mode: Mode
    since: Day | None = None


class Custom(Part):
    """What the mesh needs to know of a rule beyond its title and description.

    ``input``: the kind of document it judges. ``rollout``: its modes over time, so that a new guardrail
    can be seen before it bites; without one it denies.
    """

    code: Annotated[str, Field(pattern=CODE.pattern)]
    fix: Annotated[str, Field(min_length=1)]
    owner: Owner
    input: Kind = "product"
    example: str = ""
    rollout: tuple[Stage, ...] = ()
    terms: Words = ()


class Metadata(Part):
    """The METADATA of one rule file; ``description`` is the rationale."""

    title: Annotated[str, Field(min_length=1)]
    description: Annotated[str, Field(min_length=1)]
    custom: Custom

    def mode(self, day: date) -> Mode:
        """The mode on ``day``: that of the last stage that has begun; a rule without stages denies."""
        mode: Mode = "deny"
        for stage in self.custom.rollout:
            if stage.since is None or stage.since <= day:
                mode = stage.mode
            elif stage is self.custom.rollout[0]:
                mode = "dry-run"
        return mode


def read_metadata(text: str, file: str) -> tuple[Metadata | None, tuple[Problem, ...]]:
    """The metadata at the head of a policy, or what is wrong with it."""
    found = _BLOCK.search(text)
    if not found:
        return None, (Problem(file, 1, "", "has no METADATA comment; it says the rule's title, description and code"),)
    first = text[: found.start(1)].count("\n")
    body = "".join(line[2:] if line.startswith("# ") else line[1:] for line in found[1].splitlines(keepends=True))
    try:
        document = parse_document(body, file)
    except ContractError as error:
        return None, _moved(error.problems, first)
    try:
        return Metadata.model_validate(document.value), _moved(document.problems, first)
    except ValidationError as error:
        return None, _moved(_problems(error, document), first)


def _problems(error: ValidationError, document: Document) -> tuple[Problem, ...]:
    findings = structural_findings(error, document.value, Metadata)
    return tuple(document.problem(path, message) for path, message in findings)


def _moved(problems: tuple[Problem, ...], lines: int) -> tuple[Problem, ...]:
    return tuple(Problem(one.file, one.line + lines, one.path, one.message) for one in problems)
