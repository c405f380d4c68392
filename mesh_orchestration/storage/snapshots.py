"""The read side of a product: what is published, what was, and what was refused."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from difflib import get_close_matches
from typing import Any

from pyiceberg.table import Table
from pyiceberg.table.metadata import TableMetadata
from pyiceberg.table.snapshots import Snapshot as IcebergSnapshot

from mesh_orchestration.contract.address import Address
from mesh_orchestration.errors import StorageError
from mesh_orchestration.moments import in_utc
from mesh_orchestration.storage.catalog import Lake
from mesh_orchestration.storage.stamp import Stamp, Verdict

MAIN = "main"
AUDIT_PREFIX = "audit-"
NEAREST = 3
"""How many snapshots are named to somebody who asked for one that is not there."""
FORMS = (
    "a snapshot id (mesh show lists them), a day (2026-11-20) or a time "
    "(2026-11-20T06:00:00 in UTC, 2026-11-20T07:00:00+01:00)"
)


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
    wanted = _moment_or_id(as_of)
    match wanted:
        case int():
            found = next((one for one in known if one.snapshot_id == wanted), None)
        case datetime():
            found = next((one for one in known if one.timestamp <= wanted), None)
        case None:
            found = None
    if found is None:
        raise StorageError(_nothing(known, as_of, wanted))
    return found


def _moment_or_id(as_of: str | int | datetime) -> datetime | int | None:
    """What ``as_of`` means; None when it is neither an id nor a time."""
    text = str(as_of).strip()
    # Eight digits are a day (20261120); snapshot ids are far longer.
    if text.isdecimal() and len(text) != len("YYYYMMDD"):
        return int(text)
    try:
        moment = datetime.fromisoformat(text)
        return in_utc(moment)
    except (ValueError, OverflowError):  # no time, or one that no calendar has in UTC
        return None


def _nothing(known: Sequence[Snapshot], as_of: object, wanted: datetime | int | None) -> str:
    """Why nothing is found as of a moment or an id, what may be given, and what is kept that comes nearest."""
    address = known[0].address
    match wanted:
        case int():
            said, shown = f"{address} keeps no snapshot {wanted}", _alike(known, wanted)
            word = "the most alike of" if shown != known[:NEAREST] else "the newest of"
        case datetime():
            said, shown = f"{address} keeps nothing as of '{as_of}' ({_said(wanted)})", known[-NEAREST:]
            word = "the oldest of"
        case None:
            said, shown = f"{address}: '{as_of}' is neither a snapshot id nor a time", known[:NEAREST]
            word = "the newest of"
    kept = f"{word if len(known) > len(shown) else 'all'} {len(known)} that are kept"
    listed = "".join(
        f"\n  {one.snapshot_id}  {_said(one.timestamp)}  {one.rows:,} row{'s' * (one.rows != 1)}" for one in shown
    )
    return f"{said}; give {FORMS}\n{kept}:{listed}"


def _alike(known: Sequence[Snapshot], wanted: int) -> Sequence[Snapshot]:
    """The snapshots whose ids are written most like ``wanted``; the newest when none is."""
    ids = {str(one.snapshot_id): one for one in known}
    alike = [one for name, one in ids.items() if name.startswith(str(wanted))]
    return alike[:NEAREST] or [ids[name] for name in get_close_matches(str(wanted), ids, NEAREST)] or known[:NEAREST]


def _said(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


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
