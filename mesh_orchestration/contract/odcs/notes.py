"""What is gathered while an ODCS file is read: where things stood, what was wrong, what the native form cannot hold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from mesh_orchestration.contract.dialect import Lost, Place
from mesh_orchestration.contract.document import Path_
from mesh_orchestration.contract.wording import found, suggestion

NO_PLACE = "the native form has no place for it"
_NOTHING: tuple[Any, ...] = (None, False, -1, "", [], {})


@dataclass
class Notes:
    """Gathered by every part of the reader."""

    places: dict[Path_, Place] = field(default_factory=dict)
    findings: list[tuple[Place, str]] = field(default_factory=list)
    lost: list[Lost] = field(default_factory=list)

    def wrong(self, path: Path_, message: str) -> None:
        """A finding at ``path`` of the file."""
        self.findings.append((Place(path), message))

    def lose(self, path: Path_, value: Any, reason: str = NO_PLACE, *, refused: bool = False) -> None:
        """Something that has no place, unless it says nothing and promises nothing."""
        if refused or not any(value is empty or (value == empty and type(value) is type(empty)) for empty in _NOTHING):
            self.lost.append(Lost(path, value, reason, refused))

    def rest(self, part: Mapping[Any, Any], path: Path_, *, used: set[str], known: tuple[str, ...]) -> None:
        """Lose the known keys of ``part`` that were not used; an unknown one is a finding."""
        for key, value in part.items():
            if key in used:
                continue
            if key in known:
                self.lose((*path, key), value)
            else:
                self.wrong((*path, key), f"'{key}' is not a key of ODCS here{suggestion(str(key), known)}")

    def mappings(self, value: Any, path: Path_) -> Iterator[tuple[Path_, Mapping[Any, Any]]]:
        """The mappings of a list with their paths; anything else is a finding."""
        if value is not None and not isinstance(value, list):
            self.wrong(path, f"found {found(value)}, expected a list")
            return
        for index, item in enumerate(value or ()):
            if isinstance(item, Mapping):
                yield (*path, index), item
            else:
                self.wrong((*path, index), f"found {found(item)}, expected a mapping")

    def mapping(self, value: Any, path: Path_) -> Mapping[Any, Any]:
        """``value`` when it is a mapping; else an empty one, and a finding unless it is nothing."""
        if isinstance(value, Mapping):
            return value
        if value is not None:
            self.wrong(path, f"found {found(value)}, expected a mapping")
        return {}
