"""One ``mesh up`` at a time for one home."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mesh_orchestration.errors import SettingsError, StorageError
from mesh_orchestration.settings import Settings

_held: set[Path] = set()


def lock_path(settings: Settings) -> Path:
    """The lock file; it says in JSON who runs: pid and, once it is known, url."""
    return settings.home / "up.lock"


def who_runs(settings: Settings) -> dict[str, Any]:
    """What the lock file says of the ``mesh up`` that runs; empty when none does."""
    try:
        with lock_path(settings).open("r+", encoding="utf-8") as file:
            if _lock(file.fileno()):
                return {}  # nobody holds it: the file is left over
            return dict(json.loads(file.read() or "{}"))
    except FileNotFoundError:
        return {}


@contextmanager
def exclusive(settings: Settings) -> Iterator[None]:
    """Keep every other ``mesh up`` of this home out; may be nested within one process.

    Raises SettingsError, with pid and URL, when one runs. A lock of a process that is gone is no lock.
    """
    path = lock_path(settings)
    if path in _held:
        yield
        return
    try:
        settings.home.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise StorageError(f"{path} cannot be written ({error.strerror}); free or mend it, or set MESH_HOME") from error
    try:
        if not _lock(descriptor):
            raise SettingsError(_refusal(os.read(descriptor, 4096).decode(), settings))
        _held.add(path)
        tell(settings)
        yield
    finally:
        if path in _held:
            _held.discard(path)
            os.truncate(descriptor, 0)
        os.close(descriptor)


def tell(settings: Settings, **facts: Any) -> None:
    """Say in the lock file, for others to read, who runs and what there is to know."""
    lock_path(settings).write_text(json.dumps({"pid": os.getpid(), **facts}), encoding="utf-8")


def _lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _refusal(text: str, settings: Settings) -> str:
    told: dict[str, Any] = json.loads(text) if text else {}
    where = f" at {told['url']}" if told.get("url") else ""
    return (
        f"another `mesh up` runs already{where} (pid {told.get('pid', 'unknown')}, home {settings.home}); "
        "stop it with Ctrl-C or `kill`, or set MESH_HOME for a second mesh"
    )
