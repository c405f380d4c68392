"""What a publication is asked to do and what came of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from mesh_orchestration.contract.address import Address
from mesh_orchestration.contract.model import DataProduct
from mesh_orchestration.expectations.check import CheckResult
from mesh_orchestration.storage.catalog import Lake
from mesh_orchestration.storage.snapshots import AUDIT_PREFIX

Rewrite = Literal["", "erasure", "retention"]
Stage = Literal["prepare", "export", "write", "audit", "publish", "tidy", "done"]
Export = Callable[[Path], Sequence[Path]]
Audit = Callable[[DataProduct, Sequence[Path], datetime], Sequence[CheckResult]]
_RUN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,127}")


def _nobody(stage: Stage) -> None:
    """Nobody watches."""


@dataclass(frozen=True)
class PublishRequest:
    """Who publishes, and where.

    ``run_id`` makes a publication repeatable: the same run publishes at most once. ``now`` is the mesh's
    time at the start; ``input_snapshots`` maps each input port to what it held; ``observer`` hears the
    name of each stage as it begins; ``audit`` judges the Parquet files that were written, by default with
    every check of the contract. ``rewrite`` says that rows are only taken out of what is published: the
    schema then stays as it is, and an ``erasure`` is published even when what is left breaks the contract.
    """

    lake: Lake
    run_id: str
    now: datetime
    input_snapshots: Mapping[str, Any] = field(default_factory=dict)
    audit: Audit | None = None
    observer: Callable[[Stage], None] = _nobody
    rewrite: Rewrite = ""

    def __post_init__(self) -> None:
        if not _RUN_ID.fullmatch(self.run_id):
            raise ValueError(f"run id {self.run_id!r} must be letters, digits, '_', '.', '-', at most 128 of them")

    @property
    def branch(self) -> str:
        """The audit branch of this run."""
        return AUDIT_PREFIX + self.run_id


@dataclass(frozen=True)
class Publication:
    """What came of one publication.

    ``snapshot_id`` is the published snapshot, or the refused one on ``branch``, or None when nothing was
    written; ``rows`` is what it holds. ``reasons`` has one sentence for each cause of a refusal.
    ``repeated`` says that this very run had published before and nothing was done again.
    """

    address: Address
    run_id: str
    published: bool
    snapshot_id: int | None
    rows: int
    contract_version: str
    results: tuple[CheckResult, ...] = ()
    reasons: tuple[str, ...] = ()
    branch: str = ""
    previous: int | None = None
    repeated: bool = False
