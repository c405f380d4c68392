"""One difference of two versions of a contract, and how much it matters to whom."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import Enum
from functools import total_ordering
from typing import Any, Literal

from mesh_orchestration.contract.document import Path_

Bump = Literal["none", "patch", "minor", "major"]
BUMPS: tuple[Bump, ...] = ("none", "patch", "minor", "major")
"""The parts of a semantic version that a release may raise, smallest first."""
_PART = re.compile(r"\[(\d+)\]|([^.\[]+)")


@total_ordering
class Level(Enum):
    """How much a change matters to one side, least first: ``max`` of several is the level of all."""

    DOCUMENTATION = "documentation"
    COMPATIBLE = "compatible"
    NOTICE = "notice"
    BREAKING = "breaking"

    def __lt__(self, other: Level) -> bool:
        return _RANK[self] < _RANK[other]

    def __str__(self) -> str:
        return self.value


_RANK = {level: rank for rank, level in enumerate(Level)}


@dataclass(frozen=True)
class Change:
    """One typed difference, classified for the producer and for the consumers.

    ``path`` is the YAML path in the new version (of the list, for what is gone from it); ``column`` the
    name that readers of the old version know, the new name for a column they do not know yet, None when
    the whole product is concerned. ``before`` and ``after`` are plain values, None where there is none.
    """

    kind: str
    path: str
    column: str | None
    before: Any = field(hash=False)
    after: Any = field(hash=False)
    producer: Level
    consumer: Level
    reason: str
    says: str
    bump: Bump
    hint: str = ""

    @property
    def level(self) -> Level:
        """The higher of both levels."""
        return max(self.producer, self.consumer)

    @property
    def place(self) -> Path_:
        """``path`` as keys and indices."""
        return tuple(int(index) if index else key for index, key in _PART.findall(self.path))

    def __str__(self) -> str:
        return f"{self.says}: {self.reason}{f' ({self.hint})' if self.hint else ''}"
