"""A process that publishes and dies on the way: ``python -m tests.publication.crashing HOME RUN STAGE``.

It kills itself with SIGKILL as STAGE begins; ``loop`` publishes run after run until somebody kills it.
"""

from __future__ import annotations

import itertools
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from mesh_orchestration.storage.catalog import open_lake
from tests.builders import settings_at
from tests.publication.publishing import exported, publish_orders


def main(root: Path, run: str, stage: str) -> None:
    def die() -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    def observer(begins: str) -> None:
        if begins == stage:
            die()

    def half_an_export(directory: Path) -> Sequence[Path]:
        written = exported(1, 2)(directory)
        (directory / "part-1.parquet").write_bytes(written[0].read_bytes()[:100])
        die()
        return written

    with open_lake(settings_at(root)) as lake:
        if stage == "loop":
            for number in itertools.count():
                publish_orders(lake, float(number), run=f"{run}-{number}")
        export = half_an_export if stage == "exporting" else exported(1, 2)
        publish_orders(lake, run=run, export=export, observer=observer)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3])
