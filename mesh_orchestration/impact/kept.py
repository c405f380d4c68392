"""Answers kept between commands: one JSON file a domain, whose keys are hashes of all that an answer rests on.

The files may be deleted at any time, and several processes may use them at once: a file is replaced as a
whole, so a reader sees an old or a new one, and an answer that another process did not keep is found again.
"""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import orjson

MOST = 4000
"""Answers a file may hold; the oldest go first."""


@cache
def _code() -> str:
    """A hash of all that answers: other code or other libraries must not meet its answers."""
    said = hashlib.sha256(f"{version('sqlglot')} {version('jinja2')}".encode())
    for path in sorted(Path(__file__).parent.glob("*.py")):
        said.update(path.read_bytes())
    return said.hexdigest()


class Kept:
    """The answers of one file; with no ``path`` they last as long as the object."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._known: dict[str, Any] = _read(path) if path else {}
        self._changed = False

    def answer(self, question: Any, find: Callable[[], Any]) -> Any:
        """The JSON that ``find`` returns for ``question`` (JSON too), found only once."""
        asked = orjson.dumps([_code(), question], option=orjson.OPT_SORT_KEYS)
        key = hashlib.sha256(asked).hexdigest()
        if key not in self._known:
            # Through JSON, so that a fresh answer looks like a kept one.
            self._known[key], self._changed = orjson.loads(orjson.dumps(find())), True
        return self._known[key]

    def save(self) -> None:
        """Write what is new; a folder that cannot be written costs time the next time, nothing else."""
        if self._path is None or not self._changed:
            return
        newest = dict(list((_read(self._path) | self._known).items())[-MOST:])
        draft = self._path.with_suffix(f".{os.getpid()}-{threading.get_ident()}")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            draft.write_bytes(orjson.dumps(newest))
            draft.replace(self._path)
        except OSError:
            with suppress(OSError):
                draft.unlink(missing_ok=True)
        self._changed = False


def _read(path: Path) -> dict[str, Any]:
    try:
        known = orjson.loads(path.read_bytes())
    except (OSError, orjson.JSONDecodeError):
        return {}
    return known if isinstance(known, dict) else {}
