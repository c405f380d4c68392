"""A child ends when the supervisor ends, even when that was killed: it watches a pipe only the supervisor
can close, and on Linux asks the kernel for a signal when its parent dies."""

from __future__ import annotations

import ctypes
import os
import select
import signal
import sys
import threading
import time

GRACE_SECONDS = 10.0
_PR_SET_PDEATHSIG = 1
_PR_SET_NAME = 15
_PR_SET_CHILD_SUBREAPER = 36


def die_with_parent() -> None:
    """Ask for SIGTERM when the parent process dies (Linux; elsewhere the pipe alone has to do)."""
    _prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def adopt_orphans() -> None:
    """Become the parent of every descendant whose own parent dies, so that it can be reaped (Linux)."""
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)


def call_process(name: str) -> None:
    """Give this process a name that ``ps`` and ``top`` show (Linux, 15 letters)."""
    _prctl(_PR_SET_NAME, ctypes.c_char_p(name.encode()[:15]))


def _prctl(option: int, value: object) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


def is_cut(pipe: int, timeout: float | None = 0) -> bool:
    """Whether nobody holds the other end of ``pipe`` any more; waits ``timeout`` seconds (None: for ever)
    for that. Nothing is read from the pipe."""
    poll = select.poll()
    poll.register(pipe, 0)  # hang-ups are reported even when nothing is asked for
    return bool(poll.poll(None if timeout is None else timeout * 1000))


def watch(pipe: int) -> None:
    """From now on end this process when ``pipe`` is cut: SIGTERM, and after a grace period by force."""
    threading.Thread(target=_watch, args=(pipe,), name="lifeline", daemon=True).start()


def _watch(pipe: int) -> None:
    is_cut(pipe, None)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(GRACE_SECONDS)
    os._exit(1)
