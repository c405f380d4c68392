"""The zygote and its children as the supervisor holds them: orders down, events up, an orderly end."""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mesh_orchestration.lineage.transport import BATCH, client_config
from mesh_orchestration.server import lifeline
from mesh_orchestration.server.locations import Location, socket_dir, socket_path, write_workspace
from mesh_orchestration.settings import Settings

WEB, DAEMON, CATALOG, ZYGOTE = "webserver", "daemon", "catalog", "zygote"


@dataclass(frozen=True)
class Plan:
    """What to run. ``first`` is imported before the web UI and the daemon are forked, ``then`` before the
    locations are, except those in ``light``; ``calls`` prepare the home; ``service`` answers for the catalog."""

    locations: tuple[Location, ...]
    service: str
    first: tuple[str, ...] = ()
    then: tuple[str, ...] = ()
    light: frozenset[str] = frozenset()
    calls: tuple[str, ...] = ()


@dataclass(frozen=True)
class Ports:
    """On which ports of 127.0.0.1 Dagster's web UI and the catalog answer."""

    web: int
    catalog: int


@dataclass
class Child:
    """A supervised process. ``due`` is when to start it again (monotonic seconds); ``retiring`` are earlier
    processes of the same name that finish their runs; ``waiting`` until the zygote has forked it."""

    name: str
    command: dict[str, Any]
    pid: int = 0
    started: float = 0.0
    ready: bool = False
    error: str = ""
    failures: int = 0
    due: float | None = None
    retiring: set[int] = field(default_factory=set)
    waiting: bool = False

    @property
    def settled(self) -> bool:
        """Whether it is known how its first start went."""
        return self.ready or bool(self.error)


class Family:
    """The zygote and its children, seen from the supervisor."""

    def __init__(self, settings: Settings, plan: Plan, ports: Ports) -> None:
        self.settings, self.plan = settings, plan
        self.url = f"http://127.0.0.1:{ports.web}"
        self.catalog_url = f"http://127.0.0.1:{ports.catalog}"
        self.sockets = socket_dir(settings)
        for stale in self.sockets.iterdir():
            stale.unlink()
        workspace = str(write_workspace(plan.locations, self.sockets))
        quiet = ["--log-level", "error", "--dagster-log-level", "warning"]
        web = ["-h", "127.0.0.1", "-p", str(ports.web), "-w", workspace, *quiet]
        self.children = {
            WEB: self._program(WEB, "dagster_webserver.cli:cli", web),
            DAEMON: self._program(DAEMON, "dagster._daemon.cli:run_command", ["-w", workspace]),
            CATALOG: Child(CATALOG, {"fork": CATALOG, "service": plan.service, "arguments": [ports.catalog]}),
        } | {place.name: self._code_server(place) for place in plan.locations}
        self.zygote: subprocess.Popen[bytes] | None = None
        self.selector = selectors.DefaultSelector()
        self._rest = b""
        self._commands = -1
        self._gate: int | None = None

    def _program(self, name: str, command: str, arguments: list[str]) -> Child:
        return Child(name, {"fork": name, "command": command, "arguments": arguments})

    def _code_server(self, place: Location) -> Child:
        location = {"name": place.name, "module": place.module, "attribute": place.attribute}
        return Child(place.name, {"fork": place.name, "location": location, "sockets": str(self.sockets)})

    def socket(self, name: str) -> Path:
        """The socket of the newest server of location ``name``."""
        return socket_path(self.sockets, name)

    @property
    def locations(self) -> list[Child]:
        return [self.children[place.name] for place in self.plan.locations]

    def start(self) -> None:
        """Start the zygote and give it all its orders."""
        (self.settings.home / "logs").mkdir(parents=True, exist_ok=True)
        commands_r, self._commands = os.pipe()
        events, events_w = os.pipe()
        gate_r, self._gate = os.pipe()
        self._rest = b""
        environ = {
            "OPENBLAS_NUM_THREADS": "1",  # a fork must not have threads
            "OBJC_DISABLE_INITIALIZE_FORK_SAFETY": "YES",  # macOS
            **self.settings.environ,
            "MESH_ROOT": str(self.settings.root),
            "MESH_HOME": str(self.settings.home),
            "DAGSTER_HOME": str(self.settings.dagster_home),
            "MESH_URL": self.url,
            "MESH_SERVE_URL": self.settings.get("MESH_SERVE_URL", self.catalog_url),
            **self._lineage(),
            "PYTHONUNBUFFERED": "1",
        }
        ends = (commands_r, events_w, gate_r)
        with (self.settings.home / "logs" / f"{ZYGOTE}.log").open("ab") as log:
            self.zygote = subprocess.Popen(
                [sys.executable, "-m", "mesh_orchestration.server.zygote", *map(str, ends)],
                pass_fds=ends,
                env=environ,
                cwd=self.settings.root,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C is for the supervisor, which ends the rest in order
            )
        for end in ends:
            os.close(end)
        self.selector.register(events, selectors.EVENT_READ)
        self._order_all()

    def _lineage(self) -> dict[str, str]:
        """Where lineage goes: to our own catalog, unless the settings say otherwise."""
        environ = self.settings.environ
        if environ.get("OPENLINEAGE_DISABLED") or client_config(self.settings) is not None:
            return {}
        return {"OPENLINEAGE__TRANSPORT__TYPE": BATCH, "OPENLINEAGE__TRANSPORT__URL": self.catalog_url}

    def _order_all(self) -> None:
        plan = self.plan
        self._order({"import": plan.first})
        for call in plan.calls:
            self._order({"call": call})
        light = [child for child in self.locations if child.name in plan.light]
        heavy = [child for child in self.locations if child.name not in plan.light]
        for child in (self.children[WEB], self.children[DAEMON], self.children[CATALOG], *light):
            self.fork(child)
        self._order({"import": plan.then})
        for child in heavy:
            self.fork(child)

    def _order(self, command: dict[str, Any]) -> None:
        with contextlib.suppress(BrokenPipeError):  # the zygote's end is noticed elsewhere
            os.write(self._commands, json.dumps(command).encode() + b"\n")

    def fork(self, child: Child) -> None:
        """Have ``child`` started, now or again."""
        child.due, child.waiting, child.started = None, True, time.monotonic()
        if child.pid:
            child.retiring.add(child.pid)
            child.pid = 0
        self._order(child.command)

    def open_gate(self) -> None:
        """Let the web UI and the daemon begin: the locations are there."""
        if self._gate is not None:
            os.close(self._gate)
            self._gate = None

    @property
    def gate_is_open(self) -> bool:
        return self._gate is None

    def events(self, timeout: float) -> list[dict[str, Any]]:
        """What the family reports within ``timeout`` seconds; ``{"exited": "zygote"}`` when all are gone."""
        found: list[dict[str, Any]] = []
        for key, _ in self.selector.select(timeout):
            data = os.read(key.fd, 65536)
            if not data:
                self._forget(key.fd)
                found.append({"exited": ZYGOTE})
            *lines, self._rest = (self._rest + data).split(b"\n")
            found += [json.loads(line) for line in lines]
        return found

    @property
    def zygote_is_gone(self) -> bool:
        """Whether the zygote ended; what it forked may still be there."""
        return self.zygote is not None and self.zygote.poll() is not None

    def signal(self, pid: int, number: signal.Signals) -> None:
        """Send a signal to a child that may have ended meanwhile."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)

    def stop(self) -> None:
        """End every process of the family: in peace for a while, then by force."""
        if self.zygote is None:
            return
        os.close(self._commands)  # the lifeline
        self.open_gate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.zygote.wait(lifeline.GRACE_SECONDS + 5)
        self.kill()
        self.zygote.wait()
        for key in list(self.selector.get_map().values()):
            self._forget(key.fd)
        for child in self.children.values():
            child.pid, child.ready, child.waiting, child.due = 0, False, False, None
            child.retiring.clear()
        self.zygote = None

    def kill(self) -> None:
        """End every process of the family at once."""
        if self.zygote is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):  # macOS: of zombies only
                os.killpg(self.zygote.pid, signal.SIGKILL)

    def _forget(self, descriptor: int) -> None:
        self.selector.unregister(descriptor)
        os.close(descriptor)
