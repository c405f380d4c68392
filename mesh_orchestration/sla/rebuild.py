"""Writing the ledger anew from what the snapshots know, when it was lost or cannot be read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from mesh_orchestration.contract.mesh import Mesh
from mesh_orchestration.errors import StorageError
from mesh_orchestration.moments import EPOCH
from mesh_orchestration.settings import Settings
from mesh_orchestration.sla.ledger import ledger_file, open_ledger
from mesh_orchestration.sla.record import Recorded, record


@dataclass(frozen=True)
class Rebuilt:
    """What was written, and where the file that could not be read lies now."""

    recorded: Recorded
    aside: Path | None


def rebuild(settings: Settings, mesh: Mesh) -> Rebuilt:
    """Write what the snapshots know and the ledger does not; what it knows stays as it is.

    A SQLite file that cannot be read is put aside first. Raises StorageError when there is no way to write, or when
    the database of MESH_SLA_URL is damaged: that one is for its owner to restore.
    """
    aside = None if _readable(settings) else _put_aside(settings)
    with open_ledger(settings) as ledger:
        return Rebuilt(record(settings, mesh, ledger), aside)


def _readable(settings: Settings) -> bool:
    try:
        with open_ledger(settings) as ledger:
            ledger.standings()
            ledger.intervals(since=EPOCH, until=settings.now())
    except StorageError:
        if settings.get("MESH_SLA_URL") or not ledger_file(settings).is_file():
            raise
        return False
    return True


def _put_aside(settings: Settings) -> Path:
    file = ledger_file(settings)
    aside = file.with_name(f"{file.stem}.{datetime.now(UTC):%Y%m%dT%H%M%S%f}.damaged{file.suffix}")
    for ending in ("-wal", "-shm"):
        file.with_name(file.name + ending).unlink(missing_ok=True)
    return file.rename(aside)
