"""Taking lineage from many senders at once: what waits is written in one transaction, and then all are answered.

A write to disk costs the same for one event as for hundreds, so senders that come together share it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from threading import Lock, Thread

from mesh_orchestration.catalog.ingest import Refused, keep
from mesh_orchestration.catalog.received import Received
from mesh_orchestration.catalog.store import Catalog
from mesh_orchestration.errors import StorageError

_LOG = logging.getLogger("mesh.web")
MOST = 5_000
"""Events of one transaction, but for a single request that has more."""


@dataclass(frozen=True)
class _Waiting:
    events: Sequence[Received]
    answer: asyncio.Future[tuple[Refused, ...]]
    loop: asyncio.AbstractEventLoop

    def tell(self, refused: tuple[Refused, ...] | Exception) -> None:
        self.loop.call_soon_threadsafe(self._settle, refused)

    def _settle(self, refused: tuple[Refused, ...] | Exception) -> None:
        if self.answer.done():  # whoever asked has gone
            return
        if isinstance(refused, Exception):
            self.answer.set_exception(refused)
        else:
            self.answer.set_result(refused)


class Inbox:
    """One thread that writes what ``take`` is given; close it when nobody sends any more."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._queue: SimpleQueue[_Waiting | None] = SimpleQueue()
        self.turn = Lock()
        """Held while a batch is read or written: side by side both take longer than one after the other, as SQLite lets
        the interpreter go for every row and would have to wait for it each time."""
        self.reading = asyncio.Lock()
        """Held while a large batch is read in a thread: others wait for it without one, which pages need."""
        self._thread = Thread(target=self._work, name="inbox", daemon=True)
        self._thread.start()

    async def take(self, events: Sequence[Received]) -> tuple[Refused, ...]:
        """Those of ``events`` that were refused; the others are durable. Raises StorageError when none could be
        written."""
        loop = asyncio.get_running_loop()
        waiting = _Waiting(events, loop.create_future(), loop)
        self._queue.put(waiting)
        return await waiting.answer

    def close(self) -> None:
        """Write what waits, and end."""
        self._queue.put(None)
        self._thread.join(30)

    def _work(self) -> None:
        while first := self._queue.get():
            group, closing = self._with_others(first)
            self._write(group)
            if closing:
                return

    def _with_others(self, first: _Waiting) -> tuple[list[_Waiting], bool]:
        """``first`` and what came meanwhile; whether that was all that will ever come."""
        group, size = [first], len(first.events)
        while size < MOST:
            try:
                found = self._queue.get_nowait()
            except Empty:
                break
            if found is None:
                return group, True
            group.append(found)
            size += len(found.events)
        return group, False

    def _write(self, group: list[_Waiting]) -> None:
        try:
            with self.turn:
                refused = keep(self._catalog, [event for one in group for event in one.events]).refused
        except Exception as error:  # it must not end the thread; whoever asked is told
            self._fail(group, error)
            return
        start = 0
        for one in group:
            end = start + len(one.events)
            one.tell(tuple(Refused(item.index - start, item.reason) for item in refused if start <= item.index < end))
            start = end

    def _fail(self, group: list[_Waiting], error: Exception) -> None:
        """Tell everybody when the catalog is away; else find out whose events it was."""
        if len(group) > 1 and not isinstance(error, StorageError):
            for one in group:
                self._write([one])
            return
        _LOG.error("lineage was not taken", exc_info=error)
        for one in group:
            one.tell(error)
