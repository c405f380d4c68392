"""The projection in a process of its own: ``python -m mesh_orchestration.web.projecting``.

It only writes the database, and seconds of Python's work in the service would hold up whoever asks meanwhile. It ends
when it is done, when it is told to, and when the service is gone, however that ended.
"""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from mesh_orchestration.catalog.collection import lasting
from mesh_orchestration.catalog.project import project
from mesh_orchestration.catalog.store import open_catalog
from mesh_orchestration.contract.mesh import load_mesh
from mesh_orchestration.errors import MeshError
from mesh_orchestration.settings import Settings

_NICE = 10  # requests come first where there is not enough for both
_LOG = logging.getLogger("mesh.catalog")


@contextmanager
def projecting(settings: Settings) -> Iterator[subprocess.Popen[bytes]]:
    """The process, which has ended after the block. What it has to say it writes where this one writes its errors; it
    exits 1 when the catalog may be behind the mesh. Raises OSError when it cannot be started."""
    environ = {**settings.environ, "MESH_ROOT": str(settings.root), "MESH_HOME": str(settings.home)}
    with _without_interrupts():
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", __name__], env=environ, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL
        )
    with process:
        try:
            yield process
        finally:
            process.terminate()


@contextmanager
def _without_interrupts() -> Iterator[None]:
    """A process that is started in this block never hears of Ctrl-C, which is for the service; that ends it."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def main() -> int:
    """Bring the catalog to what is true now; 1 when that cannot be done."""
    threading.Thread(target=_end_with_the_service, daemon=True).start()
    os.nice(_NICE)
    settings = Settings.load()
    try:
        with lasting():
            mesh = load_mesh(settings)
        with open_catalog(settings) as catalog:
            project(settings, catalog, mesh)
    except MeshError as error:
        _LOG.warning("%s", error)
        return 1
    return 0


def _end_with_the_service() -> None:
    while os.read(sys.stdin.fileno(), 1):  # nobody writes: this returns when the other end is closed
        pass
    os._exit(1)  # at any moment: what is not committed was never there


if __name__ == "__main__":
    code = main()
    sys.stderr.flush()
    os._exit(code)  # tidying up an interpreter takes time, and libraries complain of it where people read
