"""The watchdog: notices that Dagster's daemon has gone silent, which a daemon cannot report of itself.

It runs beside the daemon, in the process of ``mesh serve``, and empties the queue of letters there, too.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial

from mesh_orchestration.contract.mesh import Mesh
from mesh_orchestration.errors import MeshError
from mesh_orchestration.incidents.about import served
from mesh_orchestration.incidents.channels import Routes
from mesh_orchestration.incidents.decide import Desk
from mesh_orchestration.incidents.delivery import Delivered, deliver
from mesh_orchestration.incidents.dispatch import Circle, decide
from mesh_orchestration.incidents.policy import Policy
from mesh_orchestration.incidents.signals import Signal, compare
from mesh_orchestration.incidents.store import Store, open_store
from mesh_orchestration.settings import Settings

SOURCE, BEAT, SUBJECT = "watchdog", "daemon", "platform/daemon"
_log = logging.getLogger("mesh.alerts")


@contextmanager
def watching(settings: Settings, mesh: Callable[[], Mesh]) -> Iterator[None]:
    """Watch in a thread of this process, every MESH_ALERT_SECONDS (10), until the block ends; ``mesh`` is asked for
    when there is something to decide."""
    stop = threading.Event()
    thread = threading.Thread(target=_watch, args=(settings, mesh, stop), name="watchdog", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(timeout=5)  # a receiver that hangs keeps no service from ending; what it was sent is sent again


def look(settings: Settings, store: Store, mesh: Callable[[], Mesh], *, since: float, now: float) -> Delivered:
    """Open or end the incident of a silent daemon, and send what is due. A silence counts from ``since``, when the
    watchdog began: a mesh that was stopped for the night begins with a daemon that was silent as long."""
    silence = settings.integer("MESH_INCIDENTS_SILENCE_SECONDS", 180)
    heard = store.progress().get(BEAT)
    signals = [_silent(heard)] if heard is not None and now - max(heard, since) > silence else []

    def work(desk: Desk) -> None:
        desk.take(SOURCE, compare(desk.signals(SOURCE), signals, at=now))

    if signals or store.incidents("open", limit=1):
        decide(store, Circle(settings, mesh(), partial(served, settings)), work, now=now)
    return deliver(store, Routes.load(settings), Policy.of(settings), now=now)


def _silent(heard: float) -> Signal:
    moment = datetime.fromtimestamp(heard, UTC).isoformat(timespec="seconds")
    text = f"Dagster's daemon has not run the sensor of incidents since {moment}: nothing is scheduled or noticed now"
    return Signal(SUBJECT, "platform", "error", heard, "daemon", failing=("daemon",), error=text)


def _watch(settings: Settings, mesh: Callable[[], Mesh], stop: threading.Event) -> None:
    pause = max(1, settings.integer("MESH_ALERT_SECONDS", 10))
    since = time.time()
    while not stop.wait(pause):
        try:
            with open_store(settings) as store:
                look(settings, store, mesh, since=since, now=time.time())
        except MeshError as error:
            _log.warning("%s", error)  # the service answers on; the next look may go well
