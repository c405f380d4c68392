"""The stamp of a snapshot: who wrote it, under which contract, from what, and what the audit found.

It lives in the summary of the Iceberg snapshot itself, under keys that begin with ``mesh.``, so the
table alone is enough to rebuild every catalog of it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

PREFIX = "mesh."
MAX_OBSERVED = 80
State = Literal["written", "published", "refused"]
_STATES: Mapping[str, State] = {"written": "written", "published": "published", "refused": "refused"}


@dataclass(frozen=True)
class Verdict:
    """The outcome of one check as the snapshot remembers it; ``observed`` is short text or a number."""

    name: str
    expectation: str
    column: str | None
    severity: str
    success: bool
    unexpected_count: int | None = None
    element_count: int | None = None
    observed: Any = None

    def packed(self) -> list[Any]:
        """The verdict as a short JSON array."""
        known = [self.unexpected_count, self.element_count, shorten(self.observed)]
        return [self.name, self.expectation, self.column, self.severity, int(self.success), *known]

    @classmethod
    def unpacked(cls, packed: list[Any]) -> Verdict:
        """The verdict of such an array."""
        name, expectation, column, severity, success, *known = packed
        return cls(name, expectation, column, severity, bool(success), *known)


@dataclass(frozen=True)
class Stamp:
    """What one publication writes into its snapshot; ``inputs`` maps an input port to what it held,
    ``policy_hash`` names the policies that decided and ``decision`` the record of it (both empty without policies).
    ``rewrite`` says why rows were taken out of what was published (``erasure``, ``retention``); empty for a run.
    ``sla`` holds the service levels that the contract promised then, by name."""

    state: State
    address: str
    run_id: str
    contract_version: str
    contract_hash: str
    at: datetime
    rows: int
    inputs: Mapping[str, Any] = field(default_factory=dict)
    verdicts: tuple[Verdict, ...] = ()
    reasons: tuple[str, ...] = ()
    policy_hash: str = ""
    decision: str = ""
    rewrite: str = ""
    sla: Mapping[str, Any] = field(default_factory=dict)

    def summary(self) -> dict[str, str]:
        """The stamp as properties of an Iceberg snapshot summary."""
        said: dict[str, str] = {
            "state": self.state,
            "address": self.address,
            "run-id": self.run_id,
            "contract-version": self.contract_version,
            "contract-hash": self.contract_hash,
            "at": self.at.isoformat(),
            "rows": str(self.rows),
            "inputs": _json(self.inputs) if self.inputs else "",
            "checks": _json([verdict.packed() for verdict in self.verdicts]) if self.verdicts else "",
            "reasons": _json(self.reasons) if self.reasons else "",
            "policy-hash": self.policy_hash,
            "decision": self.decision,
            "rewrite": self.rewrite,
            "sla": _json(self.sla) if self.sla else "",
        }
        return {PREFIX + key: value for key, value in said.items() if value}

    @classmethod
    def of(cls, summary: Mapping[str, str]) -> Stamp | None:
        """The stamp in a summary; None for a snapshot that the mesh did not write."""
        said = {key.removeprefix(PREFIX): value for key, value in summary.items() if key.startswith(PREFIX)}
        state = _STATES.get(said.get("state", ""))
        if state is None:
            return None
        return cls(
            state=state,
            address=said.get("address", ""),
            run_id=said.get("run-id", ""),
            contract_version=said.get("contract-version", ""),
            contract_hash=said.get("contract-hash", ""),
            at=datetime.fromisoformat(said["at"]),
            rows=int(said.get("rows", 0)),
            inputs=json.loads(said.get("inputs", "{}")),
            verdicts=tuple(Verdict.unpacked(packed) for packed in json.loads(said.get("checks", "[]"))),
            reasons=tuple(json.loads(said.get("reasons", "[]"))),
            policy_hash=said.get("policy-hash", ""),
            decision=said.get("decision", ""),
            rewrite=said.get("rewrite", ""),
            sla=json.loads(said.get("sla", "{}")),
        )


def shorten(value: Any) -> Any:
    """``value`` as JSON can hold it, long text cut: a summary is read with every snapshot of the table."""
    if value is None or isinstance(value, bool | int | float):
        return value
    text = value if isinstance(value, str) else _json(value)
    return text if len(text) <= MAX_OBSERVED else f"{text[: MAX_OBSERVED - 1]}…"


def _json(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), default=str, ensure_ascii=False)
