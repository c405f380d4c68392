"""A process that publishes once all of its rivals are ready: ``python -m tests.publication.racing ROOT RUN RIVALS``."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from mesh_orchestration.errors import PublicationConflict
from mesh_orchestration.storage.catalog import open_lake
from tests.builders import settings_at
from tests.publication.publishing import publish_orders


def main(root: Path, run: str, rivals: int) -> None:
    def meet(begins: str) -> None:
        if begins == "publish":
            (root / f"{run}.ready").touch()
            deadline = time.monotonic() + 30
            while len(list(root.glob("*.ready"))) < rivals and time.monotonic() < deadline:
                pass

    with open_lake(settings_at(root)) as lake:
        try:
            publish_orders(lake, 1, run=run, observer=meet)
            print("published")
        except PublicationConflict:
            print("conflict")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
