"""What every dialect of a contract shares: what reading gives, what writing gives, where things stand in a file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from mesh_orchestration.contract.document import Document, Path_, parse_document, yaml_path
from mesh_orchestration.contract.model import DataProduct
from mesh_orchestration.contract.structure import Finding
from mesh_orchestration.errors import ContractError, Problem


@dataclass(frozen=True)
class Lost:
    """Something that a form cannot hold: where it stood, what it was, why it has no place.

    ``refused`` marks what consumers were told and the mesh would not keep: a contract under
    ``contracts/`` may not say it.
    """

    at: Path_
    value: Any
    reason: str
    refused: bool = False

    @property
    def path(self) -> str:
        """The YAML path in the form it is lost from."""
        return yaml_path(self.at)

    def __str__(self) -> str:
        text = str(self.value)
        return f"{self.path}: {text if len(text) <= 60 else text[:57] + '...'} ({self.reason})"


@dataclass(frozen=True)
class Written:
    """A contract as text in one form, ``files`` that belong beside it (by relative path), and what was lost."""

    text: str
    lost: tuple[Lost, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Place:
    """Where something is written: a path in the contract's own file, or in ``file`` when that is not empty."""

    path: Path_
    file: str = ""


@dataclass(frozen=True)
class Context:
    """What a dialect may look at beside the document: the mesh's ``root``, the ``folder`` of the file, what it may
    not lead out of, and which ``schema`` object is meant."""

    root: Path
    folder: Path
    within: Path
    schema: str = ""


@dataclass(frozen=True)
class Reading:
    """A document in native words: ``value`` is what ``parse_product`` takes.

    ``places`` leads from native paths to where they were written, ``findings`` are what the dialect
    itself found wrong, ``lost`` is what the native form has no place for, ``files`` are the texts of
    other files that were read, by their name in messages.
    """

    value: dict[Any, Any]
    places: Mapping[Path_, Place] = field(default_factory=dict)
    findings: tuple[tuple[Place, str], ...] = ()
    lost: tuple[Lost, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict)


class Dialect(Protocol):
    """One form of a contract: a module of ``contract/dialects`` with these names."""

    def detects(self, value: Mapping[Any, Any]) -> bool:
        """Whether a document that says ``value`` is written in this form."""

    def read(self, document: Document, context: Context) -> Reading:
        """The document in native words."""

    def write(self, product: DataProduct) -> Written:
        """``product`` in this form."""

    def keys(self, path: Path_) -> tuple[str, ...]:
        """The keys of a mapping at ``path`` in the order they are written in; empty where the order is free."""


@dataclass(frozen=True)
class Source:
    """A contract file as it was read: ``value`` in native words, messages at the file's own lines and paths."""

    document: Document
    dialect: str
    reading: Reading

    @property
    def file(self) -> str:
        return self.document.file

    @property
    def value(self) -> dict[Any, Any]:
        return self.reading.value

    @property
    def lost(self) -> tuple[Lost, ...]:
        """What the native form has no place for."""
        return self.reading.lost

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What is wrong with the file before anybody asks what it says."""
        own = (self._problem(place, message) for place, message in self.reading.findings)
        return (*self.document.problems, *own)

    @property
    def unkept(self) -> tuple[Problem, ...]:
        """What the file promises its consumers and the mesh would not keep."""
        return tuple(self._problem(Place(item.at), item.reason) for item in self.lost if item.refused)

    def problem(self, path: Path_, message: str) -> Problem:
        """``message`` about the native ``path`` as a Problem where the file says it."""
        return self._problem(self.place(path), message)

    def findings(self, found: list[Finding]) -> list[Problem]:
        """Every finding as a Problem where the file says it."""
        return [self.problem(path, message) for path, message in found]

    def place(self, path: Path_) -> Place:
        """Where the native ``path``, or the nearest part of it that has a place, is written."""
        places = self.reading.places
        if not places:
            return Place(path)
        for length in range(len(path), -1, -1):
            if known := places.get(path[:length]):
                return Place((*known.path, *path[length:]), known.file)
        return Place(path)

    def _problem(self, place: Place, message: str) -> Problem:
        document = self.document
        if place.file:
            document = _other(self.reading.files[place.file], place.file)
        return Problem(document.file, document.line(place.path), yaml_path(place.path), message)


def _other(text: str, file: str) -> Document:
    """Another file as a document for its lines; every line is the first when it is no YAML."""
    try:
        return parse_document(text, file)
    except ContractError:
        return parse_document("{}", file)
