"""What an erasure has done so far, on disk, so that who is killed goes on where they were.

``<home>/erasures/<id>.json``; every change replaces the file in one step. The person stands in it as a keyed
hash alone: the key is given again on the command line, and must hash to the same.
"""

from __future__ import annotations

import fcntl
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from mesh_orchestration.engines.suppression import write_private
from mesh_orchestration.errors import MeshError, StorageError
from mesh_orchestration.privacy.search import Found
from mesh_orchestration.privacy.subject import Subject
from mesh_orchestration.settings import Settings

FOLDER = "erasures"


@dataclass
class Journal:
    """One erasure: ``before`` is what was found when it began, ``files`` what became of each file (path to
    ``action``, ``sha256`` before, ``rows``), ``expired`` the snapshots by product, ``steps`` those that are done."""

    id: str
    digest: str
    hashed_with: str
    column: str
    begun: str
    who: str
    reason: str
    before: list[dict[str, Any]] = field(default_factory=list)
    steps: list[str] = field(default_factory=list)
    files: dict[str, dict[str, Any]] = field(default_factory=dict)
    removed: dict[str, int] = field(default_factory=dict)
    published: dict[str, dict[str, Any]] = field(default_factory=dict)
    expired: dict[str, list[int]] = field(default_factory=dict)
    dropped: list[str] = field(default_factory=list)
    compacted: list[str] = field(default_factory=list)
    verified: bool = False
    resumed: int = 0

    @property
    def found(self) -> tuple[Found, ...]:
        return tuple(Found(**{**one, "columns": tuple(one["columns"])}) for one in self.before)

    def done(self, step: str) -> bool:
        return step in self.steps


class Journals:
    """The journals of a mesh; ``exclusive()`` keeps a second erasure out."""

    def __init__(self, settings: Settings) -> None:
        self.folder = settings.home / FOLDER

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        """Hold the lock of erasures; raises MeshError while another one runs."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with (self.folder / "lock").open("wb") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise MeshError("another erasure is running; wait for it to end, then give this one again") from None
            yield

    def unfinished(self, subject: Subject, column: str) -> Journal | None:
        """The erasure of this very person that did not come to its end."""
        found = (self._read(path) for path in sorted(self.folder.glob("*.json")))
        return next(
            (one for one in found if not one.verified and (one.digest, one.column) == (subject.digest, column)), None
        )

    def begin(self, subject: Subject, column: str, *, now: datetime, who: str, reason: str) -> Journal:
        """A new journal, not yet on disk; its id tells the time and a little of the person's hash."""
        name = f"{now:%Y%m%dT%H%M%S}-{subject.digest[:8]}"
        while (self.folder / f"{name}.json").exists():
            name += "x"
        return Journal(name, subject.digest, subject.hashed_with, column, now.isoformat(), who, reason)

    def save(self, journal: Journal) -> None:
        """Put the journal on disk in one step; raises StorageError."""
        try:
            write_private(self.folder / f"{journal.id}.json", json.dumps(asdict(journal), indent=1))
        except OSError as error:
            raise StorageError(
                f"{self.folder} cannot be written: {error}; nothing is erased without a journal"
            ) from error

    def finish(self, journal: Journal, proof: Mapping[str, Any]) -> Path:
        """Write the proof beside the journal; returns where."""
        folder = self.folder / journal.id
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_private(folder / "proof.json", json.dumps(proof, indent=1))
        self.save(journal)
        return folder / "proof.json"

    def _read(self, path: Path) -> Journal:
        try:
            return Journal(**json.loads(path.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError) as error:
            raise StorageError(f"{path} is no journal of an erasure: {error}; restore it, or move it away") from error
