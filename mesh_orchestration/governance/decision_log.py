"""The log of decisions: append-only, each record chained to the one before by its hash.

``<home>/decisions/<first sequence number>.jsonl``, one JSON object a line. A record's ``hash`` covers
its content and the hash before it, so that nothing can be changed, taken out or put in between without
breaking every later hash. With ``MESH_DECISION_KEY`` the hash is keyed (HMAC-SHA256, RFC 2104), so that
nobody without the key can write a new chain. Records cut off at the end cannot be seen in the chain
alone: ``head()`` is what publications remember of it.
"""

from __future__ import annotations

import fcntl
import hashlib
import hmac
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

from mesh_orchestration.errors import StorageError
from mesh_orchestration.settings import Settings

FOLDER = "decisions"
SEGMENT_BYTES = 16 * 1024 * 1024
GENESIS = "0" * 64
_TAIL_BYTES = 4096


@dataclass(frozen=True)
class Decision:
    """One decision: who asked for what, for which purpose, what was said, by which rules and bundle."""

    point: str
    """``merge``, ``load``, ``publish``, ``read`` or ``erase``."""
    verdict: str
    """``allow`` or ``deny``."""
    subject: str
    """The address of the product, or what else was decided on."""
    who: str = ""
    role: str = ""
    purpose: str = ""
    columns: tuple[str, ...] = ()
    masked: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    bundle: str = ""
    snapshot: int | None = None
    reason: str = ""


@dataclass(frozen=True)
class Record:
    """A decision as it stands in the log, numbered from 1."""

    seq: int
    at: datetime
    decision: Decision
    previous: str
    hash: str


@dataclass(frozen=True)
class Verification:
    """How far the log is whole: the records that hold, the head, and what is wrong with the first that does not."""

    records: int
    head: str
    problem: str = ""


class DecisionLog:
    """The log below ``settings.home``; any process may append while others read."""

    def __init__(self, settings: Settings, *, segment_bytes: int = SEGMENT_BYTES) -> None:
        self._folder = settings.home / FOLDER
        self._key = settings.get("MESH_DECISION_KEY").encode()
        self._now = settings.now
        self._segment_bytes = segment_bytes

    def append(self, *decisions: Decision) -> Record | None:
        """Write the decisions in one piece and return the last record; raises StorageError when they cannot be."""
        last: Record | None = None
        try:
            with self._locked():
                segment, last = self._end()
                at, lines = self._now(), []
                for decision in decisions:
                    last = self._record(decision, at, last)
                    lines.append(_line(last))
                if lines:
                    _write(segment, b"".join(lines))
        except OSError as error:
            raise StorageError(
                f"{self._folder} cannot be written: {error}; nothing is decided without a record"
            ) from error
        return last

    def records(self, *, after: int = 0) -> Iterator[Record]:
        """Every whole record numbered above ``after``, oldest first; a line that is being written is left out."""
        segments = self._segments()
        begun = sum(int(segment.stem) <= after + 1 for segment in segments)
        for segment in segments[max(0, begun - 1) :]:
            for line in segment.read_bytes().splitlines(keepends=True):
                if line.endswith(b"\n") and (record := _read(line, segment)).seq > after:
                    yield record

    def head(self) -> str:
        """The hash of the newest record; zeros for an empty log."""
        last = self._end()[1]
        return last.hash if last else GENESIS

    def verify(self) -> Verification:
        """Walk the whole chain; stops at the first record that does not hold."""
        records, previous = 0, GENESIS
        for segment in self._segments():
            for number, line in enumerate(segment.read_bytes().splitlines(keepends=True), start=1):
                place = f"{segment.name}:{number}"
                if not line.endswith(b"\n"):
                    continue
                try:
                    record = _read(line, segment)
                except StorageError:
                    return Verification(records, previous, f"{place} is not a record")
                if problem := self._broken(record, records + 1, previous):
                    return Verification(records, previous, f"{place} {problem}")
                records, previous = records + 1, record.hash
        return Verification(records, previous)

    def _broken(self, record: Record, expected: int, previous: str) -> str:
        if record.seq != expected:
            return f"has number {record.seq}, expected {expected}: records are missing or were put in"
        if record.previous != previous:
            return "does not follow the record before it"
        if not hmac.compare_digest(record.hash, self._hash(record)):
            return "was changed, or written with another MESH_DECISION_KEY"
        return ""

    def _record(self, decision: Decision, at: datetime, last: Record | None) -> Record:
        seq, previous = (last.seq + 1, last.hash) if last else (1, GENESIS)
        record = Record(seq, at, decision, previous, "")
        return replace(record, hash=self._hash(record))

    def _hash(self, record: Record) -> str:
        content = json.dumps(_content(record), sort_keys=True, separators=(",", ":")).encode()
        if self._key:
            return hmac.new(self._key, content, hashlib.sha256).hexdigest()
        return hashlib.sha256(content).hexdigest()

    @contextmanager
    def _locked(self) -> Iterator[None]:
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with (self._folder / "lock").open("wb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _segments(self) -> list[Path]:
        return sorted(self._folder.glob("*.jsonl"))

    def _end(self) -> tuple[Path, Record | None]:
        """The segment to write to, a new one when the newest is full, and the newest record."""
        segments = self._segments()
        last = next((found for segment in reversed(segments) if (found := _last(segment))), None)
        if segments and segments[-1].stat().st_size < self._segment_bytes:
            return segments[-1], last
        return self._folder / f"{last.seq + 1 if last else 1:012d}.jsonl", last


def _content(record: Record) -> dict[str, Any]:
    said = {key: value for key, value in vars(record.decision).items() if value not in ("", (), None)}
    return {"seq": record.seq, "at": record.at.isoformat(), **said, "previous": record.previous}


def _line(record: Record) -> bytes:
    return json.dumps(_content(record) | {"hash": record.hash}, ensure_ascii=False).encode() + b"\n"


def _read(line: bytes, segment: Path) -> Record:
    try:
        said: Mapping[str, Any] = json.loads(line)
        given: dict[str, Any] = {key: said[key] for key in Decision.__dataclass_fields__ if key in said}
        lists: dict[str, Any] = {key: tuple(value) for key, value in given.items() if isinstance(value, list)}
        decision = Decision(**(given | lists))
        return Record(said["seq"], datetime.fromisoformat(said["at"]), decision, said["previous"], said["hash"])
    except (ValueError, TypeError, KeyError) as error:
        raise StorageError(f"{segment} holds a line that is no record: {error}; see mesh audit verify") from error


def _last(segment: Path) -> Record | None:
    """The newest whole record of a segment."""
    with segment.open("rb") as file:
        whole = [line for line in _tail(file).splitlines(keepends=True) if line.endswith(b"\n")]
    return _read(whole[-1], segment) if whole else None


def _tail(file: BinaryIO) -> bytes:
    """The end of ``file``, long enough to hold its last whole line."""
    size, length = file.seek(0, os.SEEK_END), _TAIL_BYTES
    while True:
        file.seek(max(0, size - length))
        tail = file.read()
        if length >= size or b"\n" in tail[: tail.rfind(b"\n")]:
            return tail
        length *= 8


def _write(segment: Path, lines: bytes) -> None:
    """Append in one piece; what a killed writer left unfinished is taken away first, as nobody was told of it."""
    with segment.open("a+b") as file:
        tail = _tail(file)
        if tail and not tail.endswith(b"\n"):
            file.truncate(file.seek(0, os.SEEK_END) - len(tail) + tail.rfind(b"\n") + 1)
        file.seek(0, os.SEEK_END)
        file.write(lines)
        file.flush()
