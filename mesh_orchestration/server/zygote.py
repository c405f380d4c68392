"""The process that imports once and forks many: ``python -m mesh_orchestration.server.zygote FD FD FD``.

It obeys commands, one JSON object a line, read from its first pipe, which is also its lifeline:

- ``{"import": [module, …]}``
- ``{"call": "module:function"}`` with the settings as its argument
- ``{"fork": name, "location": {…}}`` a code server
- ``{"fork": name, "command": "module:click_command", "arguments": […]}`` a program of Dagster's; it imports
  at once and begins when the third pipe is cut
- ``{"fork": name, "service": "module:function", "arguments": […]}`` a service of ours; it is called with the
  settings and the arguments, at once

On its second pipe it and its children report, one JSON object a line: ``forked``, ``exited``, ``loaded``,
``reload``, ``failed``. It never starts a thread.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import selectors
import signal
import sys
import time
import traceback
from collections.abc import Callable
from multiprocessing import resource_tracker
from pathlib import Path
from typing import Any

from mesh_orchestration.errors import MeshError
from mesh_orchestration.server import lifeline
from mesh_orchestration.server.locations import Location
from mesh_orchestration.settings import Settings

_LONGEST_TEXT = 800  # letters: lines of less than 4096 bytes are written in one piece


class Zygote:
    """Reads commands, forks, reaps; ends with the lifeline and takes everything with it."""

    def __init__(self, commands: int, events: int, gate: int) -> None:
        self.commands, self.events, self.gate = commands, events, gate
        self.settings = Settings.load()
        self.children: dict[int, str] = {}
        self.stopping = False
        self._wake, wake_w = os.pipe()
        for end in (self._wake, wake_w):
            os.set_blocking(end, False)
        for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_signal)
        signal.set_wakeup_fd(wake_w)
        resource_tracker.ensure_running()
        lifeline.adopt_orphans()

    def _on_signal(self, number: int, _frame: object) -> None:
        self.stopping = self.stopping or number != signal.SIGCHLD

    def run(self) -> None:
        """Work until the lifeline is cut or a signal says stop."""
        rest = b""
        with selectors.DefaultSelector() as selector:
            selector.register(self.commands, selectors.EVENT_READ)
            selector.register(self._wake, selectors.EVENT_READ)
            while not self.stopping:
                ready = {key.fd for key, _ in selector.select()}
                if self._wake in ready:
                    self._reap()
                if self.commands in ready:
                    data = os.read(self.commands, 65536)
                    *lines, rest = (rest + data).split(b"\n")
                    for line in lines:
                        self._obey(json.loads(line))
                    self.stopping = self.stopping or not data
        self._stop()

    def report(self, **event: Any) -> None:
        """Tell the supervisor; it may be gone."""
        for key in ("error", "failed"):
            if key in event:
                event[key] = str(event[key])[:_LONGEST_TEXT]
        try:
            os.write(self.events, json.dumps(event, ensure_ascii=False).encode() + b"\n")
        except OSError:
            self.stopping = True

    def _obey(self, command: dict[str, Any]) -> None:
        try:
            if "import" in command:
                for module in command["import"]:
                    _import(module)
                gc.collect()
                gc.freeze()  # a collector that looks at what was imported would unshare its memory
            elif "call" in command:
                _find(command["call"])(self.settings)
            elif "location" in command:
                self._fork(command["fork"], lambda: self._location(command))
            elif "service" in command:
                self._fork(command["fork"], lambda: self._service(command))
            else:
                self._fork(command["fork"], lambda: self._command(command))
        except MeshError as error:
            self.report(failed=str(error))
        except Exception as error:
            traceback.print_exc()
            self.report(failed=f"{type(error).__name__}: {error}")

    def _fork(self, name: str, body: Callable[[], None]) -> None:
        sys.stdout.flush()
        sys.stderr.flush()
        pid = os.fork()
        if pid:
            self.children[pid] = name
            self.report(forked=name, pid=pid)
            return
        code = 1
        try:
            self._become(name)
            body()
            code = 0
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else int(end.code is not None)
        except KeyboardInterrupt:
            code = 0
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)

    def _become(self, name: str) -> None:
        """Turn a fresh fork into a process of its own."""
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        os.close(self._wake)
        lifeline.call_process(f"mesh-{name}")
        lifeline.die_with_parent()
        log = os.open(self.settings.home / "logs" / f"{name}.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        for standard in (1, 2):
            os.dup2(log, standard)
        os.close(log)

    def _location(self, command: dict[str, Any]) -> None:
        from mesh_orchestration.server.location import serve

        name, pid = command["fork"], os.getpid()
        serve(
            Location(**command["location"]),
            root=self.settings.root,
            sockets=Path(command["sockets"]),
            pipe=self.commands,
            report=lambda **event: self.report(name=name, pid=pid, **event),
        )

    def _command(self, command: dict[str, Any]) -> None:
        lifeline.watch(self.commands)
        program = _find(command["command"])
        lifeline.is_cut(self.gate, None)
        sys.argv = [command["fork"], *command["arguments"]]
        program.main(args=command["arguments"], standalone_mode=False)

    def _service(self, command: dict[str, Any]) -> None:
        lifeline.watch(self.commands)
        _find(command["service"])(self.settings, *command["arguments"])

    def _reap(self) -> None:
        while True:
            try:
                if not os.read(self._wake, 4096):
                    break
            except BlockingIOError:
                break
        self._wait()

    def _wait(self) -> bool:
        """Reap whoever has ended, adopted orphans too; whether anybody is left."""
        with contextlib.suppress(ChildProcessError):
            while True:
                pid, status = os.waitpid(-1, os.WNOHANG)
                if not pid:
                    return True
                if name := self.children.pop(pid, ""):
                    self.report(exited=name, pid=pid, code=os.waitstatus_to_exitcode(status))
        return False

    def _stop(self) -> None:
        """End the whole process group, this process included: in peace for a while, then by force."""
        os.killpg(0, signal.SIGTERM)
        deadline = time.monotonic() + lifeline.GRACE_SECONDS
        if (tracker := resource_tracker.getfd()) is not None:
            os.close(tracker)  # that child of ours ends when nobody holds its pipe
        while self._wait():
            if time.monotonic() > deadline:
                os.killpg(0, signal.SIGKILL)
            time.sleep(0.02)


def _import(module: str) -> None:
    try:
        importlib.import_module(module)
    except Exception as error:  # whoever needs it will say so
        sys.stderr.write(f"not imported ahead of time: {module}: {type(error).__name__}: {error}\n")


def _find(place: str) -> Any:
    module, _, name = place.partition(":")
    return getattr(importlib.import_module(module), name)


if __name__ == "__main__":
    Zygote(*(int(number) for number in sys.argv[1:4])).run()
    os._exit(0)  # tidying up an interpreter with all of Dagster in it takes seconds
