"""Running the service in this process until a signal comes."""

from __future__ import annotations

import socket
import sys
from collections.abc import Callable

import uvicorn

from mesh_orchestration.incidents.watchdog import watching
from mesh_orchestration.settings import Settings
from mesh_orchestration.web.app import create_app
from mesh_orchestration.web.beside import beside
from mesh_orchestration.web.kept import kept_of, mesh_of

_SWITCH = 0.0005
"""Seconds after which a thread that works lets another go on. A request lets go of the interpreter at every row that it
reads, and beside a thread that works it then waits so long; Python's own 5 ms add up to tenths of a second."""


def serve(settings: Settings, listening: socket.socket, *, announce: Callable[[], None] = lambda: None) -> None:
    """Answer on ``listening``, a bound socket, until SIGINT or SIGTERM; requests under way are finished. What the
    mesh holds is looked up in the background, and Dagster's daemon is watched meanwhile. ``announce`` is called once
    the settings are found to be sound; raises SettingsError before that."""
    app = create_app(settings, beside=beside)
    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=5,
    )
    announce()
    sys.setswitchinterval(_SWITCH)
    with watching(settings, lambda: mesh_of(kept_of(app), settings)):
        uvicorn.Server(config).run(sockets=[listening])


def at(settings: Settings, port: int) -> None:
    """Answer on ``port`` of 127.0.0.1 until a signal comes."""
    with socket.create_server(("127.0.0.1", port)) as listening:
        serve(settings, listening)
