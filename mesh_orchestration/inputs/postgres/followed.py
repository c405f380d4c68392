"""A port that follows a table: what its copy and its reading of the change log share."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass

from mesh_orchestration.engines.base import Batch, Engine, LedgerEntry
from mesh_orchestration.errors import SourceError
from mesh_orchestration.inputs.base import IngestContext
from mesh_orchestration.inputs.postgres.server import Server
from mesh_orchestration.inputs.postgres.table import Table


@dataclass(frozen=True)
class Followed:
    """The port, where it lands and what it follows; ``slot`` and ``publication`` are the source's objects."""

    port: str
    engine: Engine
    context: IngestContext
    server: Server
    table: Table
    slot: str
    publication: str

    def ledger(self) -> tuple[LedgerEntry, ...]:
        return self.engine.ledger(self.port)

    def batch(self, name: str, watermark: str) -> Batch:
        """A batch of this port; its stamp says of which table, and how its columns were typed then."""
        digest = hashlib.sha256(f"{self.table.origin} {self.slot} {name}".encode()).hexdigest()
        stamp = json.dumps({"origin": self.table.origin, "columns": self.shape}, sort_keys=True)
        return Batch(name, f"sha256:{digest}", self.context.now, self.context.run_id, watermark, stamp=stamp)

    @property
    def shape(self) -> dict[str, str]:
        """Each column with its type in the source and in the contract."""
        return {column.name: f"{self.table.kinds[column.name]} {column.word}" for column in self.table.columns}

    @property
    def resync(self) -> str:
        """What to do when the log alone cannot make the landed rows right."""
        return f"copy the table anew: mesh resync {self.engine.domain}.{self.port}"

    def changed(self, problem: str) -> SourceError:
        return self.server.error(
            f"has {self.table} in another shape than it was landed in ({problem}), and its log does not hold the older "
            f"rows in the new one; correct `columns:` in the contract if it names them, then {self.resync}"
        )

    def unfit(self, error: ValueError) -> SourceError:
        return self.server.error(
            f"holds a row in {self.table} that the port cannot take: {error}; nothing of that batch was kept. "
            f"Declare a type that holds it (string holds any), or correct the row there; then {self.resync}"
        )


def position(text: str) -> int:
    """The number of a position of the log (``16/B374D848``)."""
    high, _, low = text.partition("/")
    return (int(high, 16) << 32) + int(low, 16)


def spelled(position: int) -> str:
    """A position as text of fixed width, so that its order is the order of the log."""
    return f"{position >> 32:08X}/{position & 0xFFFFFFFF:08X}"


def newest(entries: Sequence[LedgerEntry]) -> LedgerEntry:
    """The entry that says how far the log is read."""
    return max((entry for entry in entries if entry.watermark), key=lambda entry: position(entry.watermark))
