"""dbt inside this process, behind the interface that dagster-dbt gives its subprocess.

Starting the dbt program costs seconds, a warm call in the process tenths. ``MESH_DBT=subprocess``
takes the slow way. One dbt call at a time in a process: dbt keeps global state.
"""

from __future__ import annotations

import importlib.metadata
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

from mesh_orchestration.engines.profiles import dbt_environment
from mesh_orchestration.errors import SettingsError
from mesh_orchestration.orchestration.discretion import clean, clean_file
from mesh_orchestration.orchestration.logs import speaker
from mesh_orchestration.orchestration.project import Project
from mesh_orchestration.settings import Settings

_RESULTS = frozenset({"LogModelResult", "LogSeedResult", "LogSnapshotResult", "LogTestResult"})
_SPOKEN = frozenset({"info", "warn", "error"})
_ONE_AT_A_TIME = threading.Lock()
_INTERRUPTS = (signal.SIGINT, signal.SIGTERM)
_INSIST_EVERY_SECONDS = 0.2


@dataclass(frozen=True)
class Outcome:
    """How a dbt command ended: its exit code (0 ok, 1 a node failed, 2 dbt failed), its structured
    log messages (results and errors) and the text of its errors."""

    code: int
    messages: tuple[dict[str, Any], ...]
    error: str = ""

    @property
    def success(self) -> bool:
        return self.code == 0


def mode(settings: Settings) -> str:
    """``inprocess`` (default) or ``subprocess``, from MESH_DBT; raises SettingsError on another word."""
    word = settings.get("MESH_DBT", "inprocess")
    if word not in {"inprocess", "subprocess"}:
        raise SettingsError(f"MESH_DBT={word!r} is not known; use inprocess (default) or subprocess")
    return word


def global_flags(project: Project, target: Path) -> list[str]:
    """The flags every dbt command gets, before the command's name."""
    flags = ["--no-send-anonymous-usage-stats", "--no-version-check", "--no-use-colors", "--log-path", str(target)]
    if project.partial_parse_path.is_file():
        flags += ["--partial-parse-file-path", str(project.partial_parse_path)]
    return flags


def command_flags(project: Project, target: Path) -> list[str]:
    """The flags every dbt command gets, after the command's name."""
    return [
        "--project-dir", str(project.directory), "--profiles-dir", str(project.profiles),
        "--target-path", str(target),
    ]  # fmt: skip


def environment(settings: Settings, project: Project) -> dict[str, str]:
    """What ``env_var()`` may see: the settings, and the password of the domain's database."""
    return {**settings.environ, **dbt_environment(settings, project.domain)}


def invoke(
    settings: Settings,
    project: Project,
    args: Sequence[str],
    *,
    target: Path,
    environ: Mapping[str, str] | None = None,
    listen: Callable[[str], None] | None = None,
) -> Outcome:
    """Run a dbt command in this process and give back every connection and lock it took.

    ``listen`` gets what dbt says as it happens; by default that goes to the output of the step. ``environ``
    is seen by ``env_var()`` only during the call. SIGINT and SIGTERM reach dbt as KeyboardInterrupt, which
    is the only interrupt it cancels its queries for; it is then raised again.
    """
    from dbt.cli.main import dbtRunner

    messages: list[dict[str, Any]] = []
    # Found here, because dbt speaks from threads that know nothing of the step.
    heard = listen or speaker()
    quiet = ["--log-level", "none", "--log-level-file", "none"]
    full = [*global_flags(project, target), *quiet, *args, *command_flags(project, target)]
    with _ONE_AT_A_TIME, _surroundings({**environment(settings, project), **(environ or {})}), _interruptible():
        try:
            listener = _Listener(project.discreet, messages, heard)
            result = dbtRunner(callbacks=[listener]).invoke(full)
        finally:
            _release()
            if project.discreet:
                clean_file(target / "run_results.json")
    if isinstance(result.exception, KeyboardInterrupt):
        raise result.exception
    errors = [message["info"]["msg"] for message in messages if message["info"]["level"] == "error"]
    if result.exception is not None:
        failure = str(result.exception)
        return Outcome(2, tuple(messages), "\n".join(errors) or (clean(failure) if project.discreet else failure))
    return Outcome(0 if result.success else 1, tuple(messages), "\n".join(errors))


@dataclass(frozen=True)
class _Listener:
    """Passes on what dbt says, and keeps its results and errors in ``messages``."""

    discreet: bool
    messages: list[dict[str, Any]]
    heard: Callable[[str], None]

    def __call__(self, message: Any) -> None:
        if message.info.level not in _SPOKEN:
            return
        if message.info.name != "Formatting":
            self.heard(clean(message.info.msg) if self.discreet else message.info.msg)
        if message.info.name in _RESULTS or message.info.level == "error":
            from dbt_common.events.functions import msg_to_dict

            said = msg_to_dict(message)
            self.messages.append(clean(said) if self.discreet else said)


@contextmanager
def _surroundings(environ: Mapping[str, str]) -> Iterator[None]:
    """The folder and environment that dbt changes or reads, put back afterwards."""
    folder, before = Path.cwd(), dict(os.environ)
    os.environ.update(environ)
    try:
        yield
    finally:
        for name in set(os.environ) - set(before):
            del os.environ[name]
        os.environ.update(before)
        os.chdir(folder)


@contextmanager
def _interruptible() -> Iterator[None]:
    """Let signals raise KeyboardInterrupt for a while; only the main thread gets signals at all.

    A signal that comes just before the main thread waits for a lock is kept until the lock is free, which
    here may be the end of a query. And dbt cancels each query once and then waits for its threads; a query
    that began a moment later would keep it waiting to its end. So a thread of its own hears of the signal
    too: it sends it until the main thread took it, and cancels what runs until dbt has returned.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    taken, returned = threading.Event(), threading.Event()
    ours, pythons = socket.socketpair()
    pythons.setblocking(False)

    def interrupt(number: int, frame: FrameType | None) -> None:
        taken.set()
        signal.default_int_handler(number, frame)

    before = {number: signal.signal(number, interrupt) for number in _INTERRUPTS}
    wakeup = signal.set_wakeup_fd(pythons.fileno(), warn_on_full_buffer=False)
    # Nobody waits for its end: what it cancels may hold a lock of dbt's.
    threading.Thread(target=_insist, args=[ours, taken, returned], name="dbt-interrupt", daemon=True).start()
    try:
        yield
    finally:
        returned.set()
        signal.set_wakeup_fd(wakeup)
        for number, handler in before.items():
            signal.signal(number, handler)
        pythons.close()


def _insist(signals: socket.socket, taken: threading.Event, returned: threading.Event) -> None:
    from dbt.adapters.factory import FACTORY

    with signals:
        while (number := signals.recv(1)) and number[0] not in _INTERRUPTS:
            pass
    if not number:
        return
    while not returned.wait(_INSIST_EVERY_SECONDS):
        if not taken.is_set():
            signal.pthread_kill(threading.main_thread().ident or 0, number[0])
            continue
        for adapter in list(FACTORY.adapters.values()):
            with adapter.connection_named("cancel"):
                list(adapter.cancel_open_connections())


def _release() -> None:
    """Close what dbt's adapters keep open; DuckDB's lock on its file would outlive the call."""
    from dbt.adapters.factory import FACTORY

    for adapter in list(FACTORY.adapters.values()):
        adapter.cleanup_connections()
        connections = type(adapter.connections)
        if (environment := getattr(connections, "_ENV", None)) is not None:
            environment.close()
        if hasattr(connections, "close_all_connections"):
            connections.close_all_connections()


def dbt_version() -> str:
    """The installed dbt's version; asking the dbt program for it would take seconds."""
    return importlib.metadata.version("dbt-core")
