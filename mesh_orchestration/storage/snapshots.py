"""The read side of a product: what is published, what was, and what was refused."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from pyiceberg.table import Table
from pyiceberg.table.metadata import TableMetadata
from pyiceberg.table.snapshots import Snapshot as IcebergSnapshot

from mesh_orchestration.contract.address import Address
from mesh_orchestration.errors import StorageError
from mesh_orchestration.storage.catalog import Lake
from mesh_orchestration.storage.stamp import Stamp, Verdict

MAIN = "main"
AUDIT_PREFIX = "audit-"


@dataclass(frozen=True)
class Snapshot:
    """One state of a product. ``timestamp`` is when it was published or refused, UTC, by the mesh's clock;
    ``branch`` is ``main`` or the audit branch that keeps refused rows."""

    address: Address
    snapshot_id: int
    parent: int | None
    timestamp: datetime
    run_id: str
    contract_version: str
    contract_hash: str
    rows: int
    published: bool
    branch: str
    verdicts: tuple[Verdict, ...] = ()
    reasons: tuple[str, ...] = ()
    input_snapshots: Mapping[str, Any] = field(default_factory=dict)
    policy_hash: str = ""
    decision: str = ""
    rewrite: str = ""
    sla: Mapping[str, Any] = field(default_factory=dict)


def published(lake: Lake, address: Address) -> Snapshot | None:
    """What consumers read now; None when nothing was published yet."""
    return next(_main(lake.table(address), address), None)


def history(lake: Lake, address: Address) -> tuple[Snapshot, ...]:
    """Everything published that is still kept, newest first."""
    return tuple(_main(lake.table(address), address))


def rejected(lake: Lake, address: Address) -> tuple[Snapshot, ...]:
    """The refused publications whose rows are still kept on their branch, newest first."""
    table = lake.table(address)
    if table is None:
        return ()
    heads = [(head, name) for name in audit_branches(table) if (head := next(ancestry(table.metadata, name), None))]
    heads.sort(key=lambda pair: pair[0].sequence_number or 0, reverse=True)
    found = (read_snapshot(address, head, name) for head, name in heads)
    return tuple(one for one in found if one.reasons)


def standing_refusal(lake: Lake, address: Address) -> Snapshot | None:
    """The newest refused publication, unless the product was published after it: it then has another parent
    than what is published now. No clock is asked, because publishers' clocks may differ."""
    current = published(lake, address)
    head = current.snapshot_id if current else None
    return next((one for one in rejected(lake, address) if one.parent == head), None)


def resolve(lake: Lake, address: Address, as_of: str | int | datetime | None = None) -> Snapshot:
    """The snapshot that consumers read now, or read at ``as_of``: a snapshot id, or a time (ISO 8601, UTC
    unless it says otherwise). Raises StorageError when there is none."""
    known = history(lake, address)
    if not known:
        raise StorageError(f"{address} was never published; run it with: mesh run {address}")
    if as_of is None:
        return known[0]
    wanted = _utc(as_of) if isinstance(as_of, datetime) else _moment_or_id(address, as_of)
    if isinstance(wanted, int):
        match = next((one for one in known if one.snapshot_id == wanted), None)
    else:
        match = next((one for one in known if one.timestamp <= wanted), None)
    if match:
        return match
    raise StorageError(
        f"{address} has no published snapshot for {as_of}; kept are {len(known)}, "
        f"from {known[-1].timestamp:%Y-%m-%dT%H:%M:%SZ} ({known[-1].snapshot_id}) "
        f"to {known[0].timestamp:%Y-%m-%dT%H:%M:%SZ} ({known[0].snapshot_id})"
    )


def _moment_or_id(address: Address, as_of: str | int) -> datetime | int:
    text = str(as_of).strip()
    # Eight digits are a day (20261120); snapshot ids are far longer.
    if text.isdecimal() and len(text) != len("YYYYMMDD"):
        return int(text)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise StorageError(
            f"{address}: '{as_of}' is neither a snapshot id nor a time such as 2026-11-20T06:00:00"
        ) from None
    return _utc(moment)


def _utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def audit_branches(table: Table) -> tuple[str, ...]:
    """The names of the table's audit branches."""
    return tuple(name for name in table.metadata.refs if name.startswith(AUDIT_PREFIX))


def ancestry(metadata: TableMetadata, branch: str = MAIN) -> Iterator[IcebergSnapshot]:
    """The Iceberg snapshots of a branch, newest first, as far back as they are kept."""
    by_id = {one.snapshot_id: one for one in metadata.snapshots}
    ref = metadata.refs.get(branch)
    current = by_id.get(ref.snapshot_id) if ref else None
    while current:
        yield current
        current = by_id.get(current.parent_snapshot_id) if current.parent_snapshot_id else None


def read_snapshot(address: Address, snapshot: IcebergSnapshot, branch: str = MAIN) -> Snapshot:
    """What an Iceberg snapshot says about itself; a snapshot without a stamp has an empty run id."""
    summary = dict(snapshot.summary.additional_properties) if snapshot.summary else {}
    stamp = Stamp.of(summary)
    if stamp is None:
        moment = datetime.fromtimestamp(snapshot.timestamp_ms / 1000, UTC)
        rows = int(summary.get("total-records", 0))
        stamp = Stamp("published", str(address), "", "", "", moment, rows)
    return Snapshot(
        address=address,
        snapshot_id=snapshot.snapshot_id,
        parent=snapshot.parent_snapshot_id,
        timestamp=stamp.at,
        run_id=stamp.run_id,
        contract_version=stamp.contract_version,
        contract_hash=stamp.contract_hash,
        rows=stamp.rows,
        published=branch == MAIN,
        branch=branch,
        verdicts=stamp.verdicts,
        reasons=stamp.reasons,
        input_snapshots=stamp.inputs,
        policy_hash=stamp.policy_hash,
        decision=stamp.decision,
        rewrite=stamp.rewrite,
        sla=stamp.sla,
    )


def _main(table: Table | None, address: Address) -> Iterator[Snapshot]:
    for snapshot in ancestry(table.metadata) if table else ():
        yield read_snapshot(address, snapshot)
