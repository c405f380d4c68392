"""Running the service in this process until a signal comes."""

from __future__ import annotations

import socket
from collections.abc import Callable

import uvicorn

from mesh_orchestration.incidents.watchdog import watching
from mesh_orchestration.settings import Settings
from mesh_orchestration.web import first_look
from mesh_orchestration.web.app import create_app


def serve(settings: Settings, listening: socket.socket, *, announce: Callable[[], None] = lambda: None) -> None:
    """Answer on ``listening``, a bound socket, until SIGINT or SIGTERM; requests under way are finished. What the
    mesh holds is looked up in the background, and Dagster's daemon is watched meanwhile. ``announce`` is called once
    the settings are found to be sound; raises SettingsError before that."""
    config = uvicorn.Config(
        create_app(settings, started=first_look.begin),
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=5,
    )
    announce()
    with watching(settings):
        uvicorn.Server(config).run(sockets=[listening])


def at(settings: Settings, port: int) -> None:
    """Answer on ``port`` of 127.0.0.1 until a signal comes."""
    with socket.create_server(("127.0.0.1", port)) as listening:
        serve(settings, listening)
