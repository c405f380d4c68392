"""What an erasure leaves behind to show: what went, from where, and that nothing is left. No key stands in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from mesh_orchestration.governance.decision_log import DecisionLog
from mesh_orchestration.privacy.identifiers import Identifiers
from mesh_orchestration.privacy.journal import Journal
from mesh_orchestration.privacy.search import Found
from mesh_orchestration.settings import Settings


@dataclass(frozen=True)
class Proof:
    """``before`` and ``left`` are what the search found at the beginning and at the end; ``path`` is where the
    proof stands; ``decision`` is the hash of the last record in the log of decisions."""

    id: str
    subject: str
    before: tuple[Found, ...]
    left: tuple[Found, ...]
    said: Mapping[str, Any]
    decision: str
    path: str = ""

    @property
    def verified(self) -> bool:
        return not self.left

    def json(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "subject": self.subject,
            "verified": self.verified,
            **self.said,
            "before": [asdict(found) for found in self.before],
            "left": [asdict(found) for found in self.left],
            "decision": self.decision,
        }


def proof_of(
    settings: Settings, naming: Identifiers, journal: Journal, left: tuple[Found, ...], *, decision: str
) -> Proof:
    """The proof of the erasure that ``journal`` tells of."""
    columns = [f"{address}.{name}" for address, names in naming.products.items() for name in names]
    said = {
        "begun": journal.begun,
        "ended": settings.now().isoformat(),
        "resumed": journal.resumed,
        "who": journal.who,
        "reason": journal.reason,
        "column": journal.column,
        "columns": columns,
        "unclassified": list(naming.unclassified),
        "counts": {
            "before": _counts(journal.found),
            "after": _counts(left),
        },
        "engine_rows": journal.removed,
        "published": journal.published,
        "snapshots_expired": {address: ids for address, ids in journal.expired.items() if ids},
        "branches_dropped": journal.dropped,
        "engines_compacted": journal.compacted,
        "files": [{"path": path, **about} for path, about in sorted(journal.files.items())],
        "log_head": DecisionLog(settings).head(),
    }
    return Proof(journal.id, journal.digest, journal.found, left, said, decision)


def _counts(found: tuple[Found, ...]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for one in found:
        place = f"{one.kind} {one.where}" + (f" snapshot {one.snapshot}" if one.snapshot else "")
        counts[place] = counts.get(place, 0) + (one.rows or 0)
    return counts
