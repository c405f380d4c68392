"""A process that records: ``python -m tests.sla.recorder ROOT NOW HOW``.

``once`` looks once; ``dying`` is killed (SIGKILL) when everything is written and nothing is committed yet;
``loop`` looks at NOW, a second later and so on, twenty times, and prints a line after each.
"""

from __future__ import annotations

import os
import signal
import sys
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import event

from mesh_orchestration.contract.mesh import load_mesh
from mesh_orchestration.sla.ledger import open_ledger
from mesh_orchestration.sla.record import record
from tests.builders import settings_at


def main(root: Path, now: datetime, how: str, url: str = "") -> None:
    settings = settings_at(root, **({"MESH_SLA_URL": url} if url else {}))
    mesh = load_mesh(settings)
    for step in range(20 if how == "loop" else 1):
        moment = (now + timedelta(seconds=step)).isoformat()
        at = replace(settings, environ={**settings.environ, "MESH_NOW": moment})
        with open_ledger(at) as ledger:
            if how == "dying":
                event.listen(ledger.engine, "commit", lambda connection: os.kill(os.getpid(), signal.SIGKILL))
            done = record(at, mesh, ledger)
        print(done.publications, done.intervals, flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), datetime.fromisoformat(sys.argv[2]), *sys.argv[3:])
