"""An ingestion that kills itself: ``python -m tests.inputs.dying_ingestion WHERE PORT`` (a port as JSON).

``within`` dies inside the engine's transaction after the first step, ``between`` after the engine's commit and
before the source is told; ``nowhere`` lives. ``MESH_ROOT`` and the other settings say where it works.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from mesh_orchestration.contract.model import InputPort
from mesh_orchestration.engines.base import Batch, Changes, Landed
from mesh_orchestration.engines.columns import Column
from mesh_orchestration.engines.duckdb import DuckDBEngine
from mesh_orchestration.inputs import IngestContext, ingest
from mesh_orchestration.settings import Settings
from tests.engines.landing import NOON


def run(settings: Settings, where: str, port: InputPort) -> int:
    """The exit code of such a process under the settings; -9 when it killed itself."""
    environ = {**os.environ, **settings.environ, "MESH_ROOT": str(settings.root), "MESH_HOME": str(settings.home)}
    command = [sys.executable, "-m", __name__, where, port.model_dump_json()]
    return subprocess.run(command, env=environ, cwd=Path(__file__).parents[2], check=False, timeout=60).returncode


class DyingEngine(DuckDBEngine):
    """DuckDB, until the moment it is killed at."""

    where = "nowhere"

    def apply(
        self, port: str, columns: Sequence[Column], batch: Batch, changes: Iterable[Changes], **given: Any
    ) -> Landed:
        if batch.name == "begun":
            return super().apply(port, columns, batch, changes, **given)
        landed = super().apply(port, columns, batch, self._cut(changes), **given)
        if self.where == "between":
            _die()
        return landed

    def _cut(self, changes: Iterable[Changes]) -> Iterator[Changes]:
        for step in changes:
            yield step
            if self.where == "within":
                _die()


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def main(where: str, port: str) -> None:
    settings = Settings.load()
    engine = DyingEngine(settings, "orders")
    engine.where = where
    with engine:
        ingest(InputPort.model_validate_json(port), engine, context=IngestContext(settings, "run-1", NOON))


if __name__ == "__main__":
    main(*sys.argv[1:])
