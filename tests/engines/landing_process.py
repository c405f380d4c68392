"""A process that lands 200 000 rows in the domain ``orders``: ``python -m tests.engines.landing_process HOW``.

``live`` lands them, ``die`` kills itself half-way, ``full`` may not write a file beyond a megabyte.
"""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pyarrow as pa

from mesh_orchestration.engines import engine_for
from mesh_orchestration.errors import EngineError
from mesh_orchestration.settings import Settings
from tests.engines.landing import COLUMNS, batch

ROWS = 200_000
SCHEMA = pa.schema({"basket_id": pa.int64(), "product": pa.string()})


def run(settings: Settings, how: str) -> int:
    """The exit code of such a process under the settings."""
    environ = {**os.environ, **settings.environ, "MESH_ROOT": str(settings.root), "MESH_HOME": str(settings.home)}
    command = [sys.executable, "-m", __name__, how]
    return subprocess.run(command, env=environ, cwd=Path(__file__).parents[2], check=False).returncode


def rows(how: str) -> Iterator[pa.RecordBatch]:
    step = 10_000
    for first in range(0, ROWS, step):
        if how == "die" and first == ROWS // 2:
            os.kill(os.getpid(), signal.SIGKILL)
        numbers = range(first, first + step)
        words = [f"{number * 0x9E3779B97F4A7C15 % 2**64:x}" for number in numbers]
        yield pa.record_batch([numbers, words], schema=SCHEMA)


def main(how: str, environ: Mapping[str, str]) -> int:
    settings = Settings(Path(environ["MESH_ROOT"]), Path(environ["MESH_HOME"]), environ)
    if how == "full":
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, resource.RLIM_INFINITY))
    try:
        with engine_for(settings, "orders") as engine:
            engine.land("lines", COLUMNS, batch(), pa.RecordBatchReader.from_batches(SCHEMA, rows(how)))
    except EngineError:
        return 3
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], os.environ))
