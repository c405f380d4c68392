"""Run workers that start in milliseconds: forked from a process that has imports and definitions loaded.

Dagster's gRPC server spawns a new Python for each run, which imports and loads everything again. A server
with threads cannot be forked, so a location forks a *run factory* before its first thread starts. The
factory is the fork server of Python's own ``multiprocessing``, begun by fork instead of by exec.
"""

from __future__ import annotations

import gc
import json
import multiprocessing
import os
import signal
import socket
import traceback
from collections.abc import Callable
from multiprocessing import forkserver
from multiprocessing.context import BaseContext
from pathlib import Path
from typing import Any

from dagster import DagsterInstance, DagsterRunStatus, RunsFilter
from dagster._core.storage.tags import GRPC_INFO_TAG
from dagster._grpc.types import ExecuteExternalJobArgs
from dagster._serdes import deserialize_value

from mesh_orchestration.server import lifeline
from mesh_orchestration.server.locations import socket_dir
from mesh_orchestration.settings import Settings
from mesh_orchestration.telemetry import span

_LOST = "The mesh was stopped while this run was going on. Start it again."


class RunContext:
    """What Dagster's server uses of a ``multiprocessing`` context; its processes end with ``pipe``."""

    def __init__(self, context: BaseContext, pipe: int) -> None:
        self._context, self._pipe = context, pipe
        self.Queue, self.Event = context.Queue, context.Event

    def Process(self, *, target: Callable[..., Any], args: list[Any]) -> Any:  # noqa: N802 (multiprocessing's name)
        """A process that runs ``target``, not started yet."""
        return self._context.Process(target=_work, args=[self._pipe, target, args])  # type: ignore[attr-defined]  # every context has it


def _work(pipe: int, target: Callable[..., Any], args: list[Any]) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    lifeline.call_process("mesh-run")
    lifeline.watch(pipe)
    run, domain = _what(args)
    with span(Settings.load(), f"run {domain}", {"mesh.domain": domain, "dagster.run_id": run}, run=run):
        target(*args)


def _what(args: list[Any]) -> tuple[str, str]:
    """The id of the run that Dagster's server asks for, and the code location it is of."""
    asked = deserialize_value(args[0], ExecuteExternalJobArgs)
    return asked.run_id, asked.job_origin.repository_origin.code_location_origin.location_name


def start_factory(pipe: int, folder: Path) -> RunContext:
    """Fork the run factory from this process, which must have one thread only; returns how to start runs.

    ``folder`` takes its socket and must be closed to other users: who reaches it can run code. The factory
    ends when this process and all of its runs have ended.
    """
    alive_r, alive_w = os.pipe()
    address = str(folder / f"runs.{os.getpid()}")
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(address)
    listener.listen()
    gc.collect()
    gc.freeze()
    pid = os.fork()
    if pid == 0:
        os.close(alive_w)
        _factory(listener.detach(), alive_r)
    listener.close()
    os.close(alive_r)
    server: Any = forkserver._forkserver
    server._forkserver_address, server._forkserver_alive_fd, server._forkserver_pid = address, alive_w, pid
    server.set_forkserver_preload([])
    return RunContext(multiprocessing.get_context("forkserver"), pipe)


def _factory(listener: int, alive: int) -> None:
    lifeline.call_process("mesh-factory")
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # its runs are told to stop; it goes when they are gone
    try:
        forkserver.main(listener, alive, [])
    except SystemExit:
        pass
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(0)


def close_lost_runs(settings: Settings) -> None:
    """Mark as failed the runs of a supervisor that is gone: nothing can finish them.

    Opening the instance also makes its tables, before many processes want them at once.
    """
    ours = str(socket_dir(settings))
    going = [DagsterRunStatus.STARTING, DagsterRunStatus.STARTED, DagsterRunStatus.CANCELING]
    with DagsterInstance.get() as instance:
        for run in instance.get_runs(RunsFilter(statuses=going)):
            server = json.loads(run.tags.get(GRPC_INFO_TAG, "{}")).get("socket")
            if server and str(Path(server).parent) == ours:
                instance.report_run_failed(run, _LOST)
