"""A process that is killed (SIGKILL) at its weakest point: ``python -m tests.incidents.dying ROOT WEBHOOK HOW``.

``deciding`` dies when everything is decided and nothing is committed, ``decided`` when that is committed and nothing
sent, ``sending`` when the receiver has taken the letter and nobody has written that down.
"""

from __future__ import annotations

import os
import signal as signals
import sys
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import event

from mesh_orchestration.incidents.store import open_store
from tests.incidents.scene import Scene, mesh_of_three, signal


def main(root: Path, webhook: str, how: str) -> None:
    settings = mesh_of_three(root, MESH_ALERT_WEBHOOK=webhook)
    with open_store(settings) as store:
        scene = Scene(settings, store)
        if how == "deciding":
            event.listen(store.engine, "commit", _die)
        scene.say("raised", signal())
        if how == "decided":
            _die()
        opened = urllib.request.urlopen
        urllib.request.urlopen = _dying_after(opened)
        scene.deliver()


def _die(*_: Any) -> None:
    os.kill(os.getpid(), signals.SIGKILL)


def _dying_after(call: Callable[..., Any]) -> Callable[..., Any]:
    def called(*given: Any, **named: Any) -> Any:
        call(*given, **named)
        _die()

    return called


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
