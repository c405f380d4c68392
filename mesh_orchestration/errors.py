"""The one error tree of the mesh.

    MeshError
    ├── ContractError         a contract (or the set of them) is wrong; holds every problem found
    ├── SettingsError         the set-up is wrong: a setting, a missing program, an unwritable folder
    ├── SourceError           an input port cannot take what its source offers
    ├── EngineError           a domain's engine (DuckDB, PostgreSQL, dbt) failed
    ├── PolicyError           a policy cannot be read or evaluated; whatever it decides on is denied
    ├── AccessDenied          a policy does not let this reader see what they asked for
    ├── StorageError          the warehouse or its catalog cannot be read or written
    └── PublicationError      a publication did not move ``main``
        ├── PublicationRefused    what was written breaks the contract
        └── PublicationConflict   somebody else moved ``main`` first

A message is written for the reader of the YAML: where, what was found, what was expected, the fix.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


class MeshError(Exception):
    """Base of every error that the mesh raises on purpose."""


@dataclass(frozen=True, order=True)
class Problem:
    """One finding in a file, printed as ``file:line path: message``.

    ``line`` counts from 1; ``path`` is the YAML path (``spec.schema.fields[2].type``).
    """

    file: str
    line: int
    path: str
    message: str

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}"
        text = f"{where} {self.path}: {self.message}" if self.path else f"{where} {self.message}"
        return " ".join(text.splitlines())  # what a contract says cannot begin a line of a log


class ContractError(MeshError):
    """One or more contracts are wrong; ``problems`` holds all of them, in file order."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        self.problems = tuple(sorted(problems))
        super().__init__("\n".join(str(problem) for problem in self.problems))


class SettingsError(MeshError):
    """The set-up is wrong; the message says which setting and how to mend it."""


class SourceError(MeshError):
    """An input port refuses what its source offers; nothing of the bad batch was kept."""

    def __init__(self, message: str, *, source: str | Path = "") -> None:
        self.source = str(source)
        super().__init__(f"{source}: {message}" if source else message)


class EngineError(MeshError):
    """A domain's engine could not do what was asked."""


class PolicyError(MeshError):
    """A policy (or the bundle of them) cannot be read or evaluated; ``problems`` holds what is wrong in its files.
    Whoever asked must deny."""

    def __init__(self, message: str, *, problems: tuple[Problem, ...] = ()) -> None:
        self.problems = tuple(sorted(problems))
        super().__init__("\n".join((message, *map(str, self.problems))) if message else "\n".join(map(str, problems)))


class AccessDenied(MeshError):
    """A policy does not let this reader see what they asked for; the message has the rule's code and its fix."""


class StorageError(MeshError):
    """The warehouse or its catalog cannot be read or written; ``main`` is as it was."""


class PublicationError(MeshError):
    """``main`` was not moved; consumers keep the last good snapshot."""


class PublicationRefused(PublicationError):
    """What was written breaks the contract; ``reasons`` holds one sentence per cause."""

    def __init__(self, address: str, reasons: tuple[str, ...], *, branch: str = "") -> None:
        self.address, self.reasons, self.branch = address, reasons, branch
        kept = f" The refused rows stay on branch {branch}." if branch else ""
        super().__init__(f"{address} was not published: {'; '.join(reasons)}.{kept}")


class PublicationConflict(PublicationError):
    """Another publisher moved ``main`` since this one began; run it again."""
