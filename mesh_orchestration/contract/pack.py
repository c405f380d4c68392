"""Answers that were worked out before, kept in a file by what they were worked out from.

A pack is named by its version (the SHA-256 of all that makes the answers), written whole and put in
place at once; processes that write together lose at most work. One that cannot be read, written or
verified is as good as none, and the folder may be deleted at any time.

Its first line is the SHA-256 of the rest, which has a line an answer: its key, a blank, and JSON, which is
read when it is asked for. So no other thread waits for a large pack as a whole.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import Any

import orjson

_VERSIONS = 4  # as many versions may have a pack, so that changing a branch and back costs nothing


class Pack:
    """The answers in ``folder`` under ``version``, which is only asked for when there is something to read or write."""

    def __init__(self, folder: Path, version: Callable[[], str]) -> None:
        self._folder, self._version = folder, version
        self._used: dict[str, bytes] = {}
        self._new = 0

    def get(self, key: str) -> Any:
        """The answer kept under ``key`` as JSON holds it, or None."""
        line = self._used.get(key) or self._kept.get(key)
        if line is None:
            return None
        try:
            said = orjson.loads(line)
        except ValueError:
            return None
        self._used[key] = line
        return said

    def put(self, key: str, said: Any) -> None:
        """Keep ``said``, which JSON must be able to hold, under ``key`` from the next ``save`` on."""
        self._used[key] = orjson.dumps(said)
        self._new += 1

    def save(self, worth: int = 1) -> None:
        """Write the pack when at least ``worth`` answers are new; those not asked for stay while there is room."""
        if self._new < worth:
            return
        others = {key: line for key, line in self._kept.items() if key not in self._used}
        kept = self._used | (others if len(others) <= len(self._used) else {})
        with suppress(OSError):
            _write(self._folder / f"{self._version()}.pack", [f"{key} ".encode() + kept[key] + b"\n" for key in kept])

    @cached_property
    def _kept(self) -> dict[str, bytes]:
        if not self._folder.is_dir():
            return {}
        try:
            return _read(self._folder / f"{self._version()}.pack")
        except (OSError, ValueError):
            return {}


def _read(place: Path) -> dict[str, bytes]:
    """The answers of a pack as JSON by their keys; raises ValueError when it is not as it was written."""
    found, digest = {}, hashlib.sha256()
    with place.open("rb") as file:
        expected = file.readline().rstrip(b"\n")
        for line in file:
            digest.update(line)
            key, _, said = line.rstrip(b"\n").partition(b" ")
            found[key.decode()] = said
    if digest.hexdigest().encode() != expected:
        raise ValueError("the pack is damaged")
    return found


def _write(place: Path, lines: Iterable[bytes]) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256()
    for line in lines:
        digest.update(line)
    handle, name = tempfile.mkstemp(dir=place.parent, suffix=".part")
    with os.fdopen(handle, "wb") as file:
        file.write(digest.hexdigest().encode() + b"\n")
        file.writelines(lines)
    Path(name).replace(place)
    newest_first = sorted(place.parent.iterdir(), key=lambda path: path.stat().st_mtime, reverse=True)
    for old in newest_first[_VERSIONS:]:
        old.unlink(missing_ok=True)
