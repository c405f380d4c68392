"""The landing folder of the replay: which files there are, what they cover, how one is added.

A stream's file is named after the interval ``(start, end]`` that it covers, so the folder itself says
how far the replay has come. ``_r01`` marks a later delivery of the same interval.
"""

from __future__ import annotations

import fcntl
import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from mesh_orchestration.errors import SourceError

_STAMP = "%Y%m%dT%H%M%SZ"
_NAME = re.compile(r"^(?P<stem>.+?)(?:_r(?P<revision>\d{2}))?\.parquet$")
_INTERVAL = re.compile(r"^(\d{8}T\d{6}Z)_(\d{8}T\d{6}Z)$")


@dataclass(frozen=True, order=True)
class Delivery:
    """A file that has landed; revision 0 is the first delivery of ``stem``."""

    stem: str
    revision: int
    path: Path

    @property
    def interval(self) -> tuple[datetime, datetime] | None:
        """What the file covers, in UTC without a zone; None for a table that arrives in full."""
        match = _INTERVAL.match(self.stem)
        return (_parse(match[1]), _parse(match[2])) if match else None


@dataclass(frozen=True)
class Origin:
    """Where the replayed history starts, and how many weeks had been asked for."""

    start: datetime
    weeks: int


def interval_stem(start: datetime, end: datetime) -> str:
    """The file stem for the interval ``(start, end]``."""
    return f"{start.strftime(_STAMP)}_{end.strftime(_STAMP)}"


def deliveries(folder: Path) -> tuple[Delivery, ...]:
    """The files of a table, in the order of what they cover, then of their delivery."""
    found = ((_NAME.match(path.name), path) for path in folder.glob("*.parquet"))
    return tuple(sorted(Delivery(match["stem"], int(match["revision"] or 0), path) for match, path in found if match))


def covered(folder: Path) -> tuple[datetime, datetime] | None:
    """The interval that the first deliveries of a stream cover; None when there are none."""
    spans = [d.interval for d in deliveries(folder) if d.revision == 0 and d.interval]
    return (min(start for start, _ in spans), max(end for _, end in spans)) if spans else None


def place(path: Path, write: Callable[[Path], int]) -> int:
    """The rows that ``write`` put into a temporary file, which then becomes ``path`` in one step;
    a file without rows is not kept."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.tmp")
    rows = write(temporary)
    if rows:
        temporary.replace(path)
    else:
        temporary.unlink()
    return rows


def read_origin(landing: Path) -> Origin | None:
    """The origin kept in the folder, or None before the first emission."""
    path = landing / ".replay.json"
    if not path.is_file():
        return None
    try:
        kept = json.loads(path.read_text())
        return Origin(_parse(kept["start"]), int(kept["weeks"]))
    except (ValueError, KeyError, TypeError) as broken:
        raise SourceError("is not readable; delete the landing folder to start afresh", source=path) from broken


def write_origin(landing: Path, origin: Origin) -> None:
    """Keep the origin, in one step."""
    temporary = landing / ".replay.json.tmp"
    temporary.write_text(json.dumps({"start": origin.start.strftime(_STAMP), "weeks": origin.weeks}))
    temporary.replace(landing / ".replay.json")


@contextmanager
def only_writer(landing: Path) -> Iterator[None]:
    """Hold the folder's lock (a second writer waits) and remove what a killed writer left."""
    try:
        landing.mkdir(parents=True, exist_ok=True)
        with (landing / ".replay.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            for leftover in landing.glob("*/.*.tmp"):
                leftover.unlink()
            yield
    except OSError as failed:
        raise SourceError(
            f"cannot be written ({failed.strerror or failed}); free space there or set MESH_LANDING", source=landing
        ) from failed


def naive_utc(moment: datetime) -> datetime:
    """``moment`` in UTC without a zone, whole seconds: the clock of the source's rows."""
    if moment.tzinfo is None:
        raise ValueError(f"{moment} has no time zone; pass an aware datetime")
    return moment.astimezone(UTC).replace(tzinfo=None, microsecond=0)


def _parse(text: str) -> datetime:
    return datetime.strptime(text, _STAMP)  # noqa: DTZ007 - the source's clock is UTC without a zone
