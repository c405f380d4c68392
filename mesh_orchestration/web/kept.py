"""Values that are dear to find and the same for everybody, kept in the service for a while."""

from __future__ import annotations

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

from fastapi import Depends, FastAPI, Request

from mesh_orchestration.catalog.collection import lasting
from mesh_orchestration.contract.mesh import Mesh, load_mesh
from mesh_orchestration.impact.readers import Readers, readers
from mesh_orchestration.impact.stamp import stamp_of
from mesh_orchestration.settings import Settings

MOST = 64
MESH_SECONDS = 5.0
_REST = 20  # times as long as it took to find
_LOG = logging.getLogger(__name__)
T = TypeVar("T")


@dataclass(frozen=True)
class _Entry:
    value: Any
    at: float
    took: float

    @classmethod
    def of(cls, find: Callable[[], Any]) -> _Entry:
        begin = time.monotonic()
        value = find()
        return cls(value, time.monotonic(), time.monotonic() - begin)

    def old(self, seconds: float) -> bool:
        """Whether to find it anew: what takes long is found more seldom, so that most of the time is left for pages."""
        return time.monotonic() - self.at >= max(seconds, _REST * self.took)


class Kept:
    """At most ``MOST`` values by name, the least used leave first. Safe to share between threads."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._finding: dict[str, threading.Lock] = {}
        self._entries: OrderedDict[str, _Entry] = OrderedDict()

    def get(self, name: str, find: Callable[[], T], *, seconds: float) -> T:
        """The value called ``name``. One that is older than ``seconds``, and than twenty times
        as long as it took to find, is given once more while it is found anew beside; only the first caller waits, and
        whoever comes after ``find`` failed."""
        with self._guard:
            entry = self._entries.get(name)
            lock = self._finding.setdefault(name, threading.Lock())
            if entry is not None:
                self._entries.move_to_end(name)
        if entry is None:
            return self._first(name, find, lock)
        if entry.old(seconds) and lock.acquire(blocking=False):
            threading.Thread(target=self._anew, args=(name, find, lock), name=f"renew {name}", daemon=True).start()
        found: T = entry.value
        return found

    def of_state(self, name: str, state: str, find: Callable[[], T], *, seconds: float) -> T:
        """The value called ``name`` as it is in ``state``, at most ``seconds`` old; whoever comes first waits. Ask for
        the state before what ``find`` reads."""
        with self._guard:
            lock = self._finding.setdefault(name, threading.Lock())
        with lock:
            with self._guard:
                entry = self._entries.get(name)
            if entry is None or entry.value[0] != state or time.monotonic() - entry.at >= seconds:
                self._put(name, entry := _Entry.of(lambda: (state, find())))
        found: T = entry.value[1]
        return found

    def last(self, name: str) -> Any:
        """What was found last, None when nothing was."""
        with self._guard:
            entry = self._entries.get(name)
        return entry.value if entry else None

    def soon(self, name: str, find: Callable[[], T], *, seconds: float) -> T | None:
        """As ``get``, but nobody waits: None until the value was found for the first time."""
        with self._guard:
            known = name in self._entries
            lock = self._finding.setdefault(name, threading.Lock())
        if known:
            return self.get(name, find, seconds=seconds)
        if lock.acquire(blocking=False):
            threading.Thread(target=self._anew, args=(name, find, lock), name=f"find {name}", daemon=True).start()
        return None

    def _first(self, name: str, find: Callable[[], T], lock: threading.Lock) -> T:
        with lock:
            with self._guard:
                entry = self._entries.get(name)
            if entry is None:
                self._put(name, entry := _Entry.of(find))
        found: T = entry.value
        return found

    def _anew(self, name: str, find: Callable[[], Any], lock: threading.Lock) -> None:
        try:
            self._put(name, _Entry.of(find))
        except Exception:
            _LOG.warning("%s cannot be found anew", name, exc_info=True)
            with self._guard:  # what no longer can be found is no longer told; the next caller gets the error
                self._entries.pop(name, None)
        finally:
            lock.release()

    def _put(self, name: str, entry: _Entry) -> None:
        with self._guard:
            self._entries[name] = entry
            self._entries.move_to_end(name)
            while len(self._entries) > MOST:
                gone, _ = self._entries.popitem(last=False)
                self._finding.pop(gone, None)


_ATTACHING = threading.Lock()


def kept_of(app: FastAPI) -> Kept:
    """What the application keeps, begun by the first who asks."""
    with _ATTACHING:
        if not hasattr(app.state, "kept"):
            app.state.kept = Kept()
    found: Kept = app.state.kept
    return found


def _kept(request: Request) -> Kept:
    return kept_of(request.app)


CurrentKept = Annotated[Kept, Depends(_kept)]


def mesh_of(kept: Kept, settings: Settings) -> Mesh:
    """The contracts as they were at most a few seconds ago; loaded again only when a file of theirs changed."""
    return unless_same(
        kept, "mesh", lambda: stamp_of(settings.contracts_dir), lambda: _load(settings), seconds=MESH_SECONDS
    )


def readers_of(kept: Kept, settings: Settings) -> Readers:
    """Who reads what by contracts and models; what is found for one answer is there for the next."""

    def find() -> Readers:
        return readers(_mesh_now(kept, settings), settings.root, settings.home)

    def stamp() -> str:
        return stamp_of(settings.contracts_dir) + stamp_of(settings.dbt_dir)

    return unless_same(kept, "readers", stamp, find, seconds=MESH_SECONDS)


def _mesh_now(kept: Kept, settings: Settings) -> Mesh:
    """The contracts as they are now: those of ``mesh_of`` if no file changed since."""
    last: tuple[str, Mesh] | None = kept.last("mesh")
    return last[1] if last and last[0] == stamp_of(settings.contracts_dir) else _load(settings)


def _load(settings: Settings) -> Mesh:
    with lasting():
        return load_mesh(settings)


def unless_same(kept: Kept, name: str, stamp: Callable[[], str], find: Callable[[], T], *, seconds: float) -> T:
    """The value called ``name``, found anew only when ``stamp`` says something else than the last time."""

    def again() -> tuple[str, T]:
        now, last = stamp(), kept.last(name)  # the stamp first: what changes while it is read is read again
        return last if last is not None and last[0] == now else (now, find())

    return kept.get(name, again, seconds=seconds)[1]
