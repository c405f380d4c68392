"""Answers that were worked out before, kept in a file by what they were worked out from.

A pack is named by its version (the SHA-256 of all that makes the answers), written whole and put in
place at once; processes that write together lose at most work. One that cannot be read, written or
verified is as good as none, and the folder may be deleted at any time.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable
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
        self._used: dict[str, Any] = {}
        self._new = 0

    def get(self, key: str) -> Any:
        """The answer kept under ``key`` as JSON holds it, or None."""
        said = self._used.get(key, self._kept.get(key))
        if said is not None:
            self._used[key] = said
        return said

    def put(self, key: str, said: Any) -> None:
        """Keep ``said``, which JSON must be able to hold, under ``key`` from the next ``save`` on."""
        self._used[key] = said
        self._new += 1

    def save(self, worth: int = 1) -> None:
        """Write the pack when at least ``worth`` answers are new; those not asked for stay while there is room."""
        if self._new < worth:
            return
        others = {key: said for key, said in self._kept.items() if key not in self._used}
        kept = self._used | (others if len(others) <= len(self._used) else {})
        with suppress(OSError):
            _write(self._folder / f"{self._version()}.json", orjson.dumps(kept))

    @cached_property
    def _kept(self) -> dict[str, Any]:
        if not self._folder.is_dir():
            return {}
        try:
            return _verified((self._folder / f"{self._version()}.json").read_bytes())
        except (OSError, ValueError):
            return {}


def _verified(content: bytes) -> dict[str, Any]:
    """The entries of a pack; raises ValueError when it is not as it was written."""
    digest, _, text = content.partition(b"\n")
    if hashlib.sha256(text).hexdigest().encode() != digest:
        raise ValueError("the pack is damaged")
    found = orjson.loads(text)
    if not isinstance(found, dict):
        raise ValueError("the pack holds no entries")
    return found


def _write(place: Path, text: bytes) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=place.parent, suffix=".part")
    with os.fdopen(handle, "wb") as file:
        file.write(hashlib.sha256(text).hexdigest().encode() + b"\n" + text)
    Path(name).replace(place)
    newest_first = sorted(place.parent.iterdir(), key=lambda path: path.stat().st_mtime, reverse=True)
    for old in newest_first[_VERSIONS:]:
        old.unlink(missing_ok=True)
