"""The process that imports once and forks one ``mesh`` command after another: half of a command is its imports.

Each command is a process of its own all the same, forked from one in which no command ever ran, with the
environment, the folder and the exit that it has when a person starts it.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import importlib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import IO, Any

ROOT = Path(__file__).resolve().parents[2]
_EVERY_COMMAND = (
    "mesh_orchestration.cli.entry",
    "typer._adapters",
    "typer.rich_utils",
    "mesh_orchestration.contract.lint",
    "mesh_orchestration.impact.expected",
    "mesh_orchestration.governance.findings",
)
# Nothing of Arrow, which starts a thread when it is imported: no fork survives threads.
_RUN = (
    "dagster",
    "mesh_orchestration.orchestration.domain",
    "dbt.cli.main",
    "dbt.task.build",
    "dbt.adapters.duckdb",
)
_LONGEST = 300.0  # seconds


class Zygote:
    """The process and the socket on which it is asked; it ends when the socket closes."""

    def __init__(self) -> None:
        self._asks, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.cli.zygote", str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                cwd=ROOT,
                env={**os.environ, "NO_COLOR": "1", "OPENBLAS_NUM_THREADS": "1"},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
            )
        self._one_at_a_time = threading.Lock()
        atexit.register(self.close)

    def close(self) -> None:
        self._asks.close()
        self._process.wait(10)

    def run(self, words: Sequence[str], environ: dict[str, str]) -> tuple[int, str, str]:
        """The exit code, the output and the errors of ``mesh WORDS``."""
        imports = _RUN if words[0] == "run" else ()
        asked = {"words": words, "environ": environ, "folder": str(Path.cwd()), "imports": imports}
        told, tells = socket.socketpair()
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err, told:
            with tells, self._one_at_a_time:
                socket.send_fds(self._asks, [b"?"], [out.fileno(), err.fileno(), tells.fileno()])
                self._asks.sendall(json.dumps(asked).encode() + b"\n")
            code = _ended(told)
            return code, _text(out), _text(err)


@cache
def zygote() -> Zygote:
    """The only one of this process."""
    return Zygote()


def _ended(told: socket.socket) -> int:
    """The exit code of a command, which is killed when it takes too long."""
    told.settimeout(_LONGEST)
    with told.makefile("r") as lines:
        command = int(lines.readline())
        try:
            return int(lines.readline())
        except TimeoutError:
            os.kill(command, signal.SIGKILL)
            raise


def _text(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode()


def _serve(asks: socket.socket) -> None:
    """Fork for each command that is asked for; returns when nobody can ask any more, and in each fork when it ended."""
    _import(_EVERY_COMMAND)
    with asks.makefile("r") as lines:
        while True:
            _, (*fds,), _, _ = socket.recv_fds(asks, 1, 3)
            if not fds:
                return
            asked = json.loads(lines.readline())
            _import(asked["imports"])
            if os.fork() == 0:
                _command(asked, *fds)
                return
            for fd in fds:
                os.close(fd)
            _reap()


def _reap() -> None:
    """Take note of the commands that ended, so that their time counts as the tests' own."""
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _import(names: Sequence[str]) -> None:
    for name in names:
        importlib.import_module(name)
    gc.freeze()
    threads = Path("/proc/self/task")
    assert not threads.exists() or len(list(threads.iterdir())) == 1, "a fork must not have threads"


def _command(asked: dict[str, Any], out: int, err: int, tells: int) -> None:
    """Tell the id of the command's process when it begins and its exit code when it ended."""
    command = os.fork()
    if command == 0:
        os.close(tells)
        os.dup2(out, 1)
        os.dup2(err, 2)
        os.chdir(asked["folder"])
        os.environ.clear()
        os.environ.update(asked["environ"])
        if "duckdb" in sys.modules:
            atexit.register(gc.unfreeze)  # else it tells at the end what it thinks was left behind
        program = importlib.import_module("mesh_orchestration.cli.__main__")
        sys.modules["__main__"] = program
        sys.argv = [str(program.__file__), *asked["words"]]
        program.main()
        return
    with socket.socket(fileno=tells) as said:
        said.sendall(f"{command}\n".encode())
        said.sendall(f"{os.waitstatus_to_exitcode(os.waitpid(command, 0)[1])}\n".encode())
    os._exit(0)


if __name__ == "__main__":
    _serve(socket.socket(fileno=int(sys.argv[1])))
