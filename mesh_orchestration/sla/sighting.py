"""What the recorder sees of a product when it looks: publications that are new to it, and whether it can be read."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pyarrow.parquet as pq
from pyiceberg.table import Table
from pyiceberg.table.snapshots import Snapshot as IcebergSnapshot
from pyiceberg.types import DateType, TimestampType, TimestamptzType

from mesh_orchestration.contract.address import Address
from mesh_orchestration.contract.model import DataProduct, Sla
from mesh_orchestration.errors import StorageError
from mesh_orchestration.moments import EPOCH
from mesh_orchestration.publication.query import first_row
from mesh_orchestration.sla.measure import Fact
from mesh_orchestration.storage.catalog import Lake, describe
from mesh_orchestration.storage.scan import plan, snapshot_schema
from mesh_orchestration.storage.snapshots import Snapshot, ancestry, read_snapshot

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Sighting:
    """A product as it was seen: ``facts`` are its new publications, oldest first. ``trouble`` says why the
    snapshot ``served`` cannot be read, empty when it can."""

    address: Address
    table: str = ""
    served: int | None = None
    facts: tuple[Fact, ...] = ()
    trouble: str = ""


@dataclass(frozen=True)
class Subject:
    """A product to look at: its contract, where it can be loaded, and the products that its input ports read."""

    address: Address
    product: DataProduct | None = None
    sources: Mapping[str, Address] = field(default_factory=dict)


@dataclass(frozen=True)
class Known:
    """What the ledger knows of a product's table: its uuid, and the sequence number of its newest recorded snapshot."""

    table: str
    sequence: int


def look(lake: Lake, subject: Subject, known: Known | None) -> Sighting | None:
    """What is to be seen of a product now; None before its first publication. A warehouse or catalog that cannot be
    read is a sighting with trouble, never an error: that is what availability is about."""
    address = subject.address
    try:
        table = lake.table(address)
        head = next(ancestry(table.metadata), None) if table else None
        if table is None or head is None:
            return None if known is None else Sighting(address, trouble="nothing is published any more")
        facts = _new(lake, table, subject, known)
    except StorageError as error:
        return None if known is None else Sighting(address, trouble=str(error))
    return Sighting(
        address=address,
        table=str(table.metadata.table_uuid),
        served=head.snapshot_id,
        facts=facts,
        trouble=_trouble(lake, table, address, head.snapshot_id),
    )


def _new(lake: Lake, table: Table, subject: Subject, known: Known | None) -> tuple[Fact, ...]:
    after = known.sequence if known and known.table == str(table.metadata.table_uuid) else -1
    found = []
    for raw in ancestry(table.metadata):
        if (raw.sequence_number or 0) <= after:
            break
        found.append(_fact(lake, table, subject, raw))
    return tuple(reversed(found))


def _fact(lake: Lake, table: Table, subject: Subject, raw: IcebergSnapshot) -> Fact:
    snapshot = read_snapshot(subject.address, raw)
    sla = promised(subject.product, snapshot)
    timed = sla.event_time if sla.event_freshness or sla.latency or sla.freshness else None
    return Fact(
        snapshot=snapshot.snapshot_id,
        parent=snapshot.parent,
        sequence=raw.sequence_number or 0,
        at=snapshot.timestamp,
        version=snapshot.contract_version,
        rows=snapshot.rows,
        sla=sla,
        verdicts=snapshot.verdicts,
        newest=_newest(table, snapshot.snapshot_id, timed) if timed and snapshot.rows else None,
        received=dict(_received(lake, subject, snapshot)) if sla.completeness is not None else {},
        rewrite=bool(snapshot.rewrite) or not snapshot.run_id,
    )


def promised(product: DataProduct | None, snapshot: Snapshot) -> Sla:
    """The service levels of the contract that published; those of an older stamp only if the contract is the same."""
    if snapshot.sla:
        return Sla.model_validate(dict(snapshot.sla))
    same = product is not None and product.fingerprint == snapshot.contract_hash
    return product.spec.sla if product is not None and same else Sla()


def _newest(table: Table, snapshot_id: int, column: str) -> datetime | None:
    """The greatest value of the column, as the manifests have it (exact for times); None without one, or when they
    cannot be read: whether a snapshot can be read is not asked here."""
    field = next((one for one in snapshot_schema(table, snapshot_id).fields if one.name == column), None)
    snapshot = table.metadata.snapshot_by_id(snapshot_id)
    if (
        field is None
        or snapshot is None
        or not isinstance(field.field_type, DateType | TimestampType | TimestamptzType)
    ):
        return None
    unit = timedelta(days=1) if isinstance(field.field_type, DateType) else timedelta(microseconds=1)
    try:
        entries = (one for file in snapshot.manifests(table.io) for one in file.fetch_manifest_entry(table.io))
        bounds = [entry.data_file.upper_bounds.get(field.field_id) for entry in entries]
    except Exception as error:
        _LOG.warning("the event times of snapshot %s cannot be read: %s", snapshot_id, describe(error))
        return None
    values = [int.from_bytes(bound, "little", signed=True) for bound in bounds if bound]
    return EPOCH + max(values) * unit if values else None


def _received(lake: Lake, subject: Subject, snapshot: Snapshot) -> Iterator[tuple[str, tuple[int, int]]]:
    """Of each input that is another product: the rows that were landed, and those of the snapshot they came from."""
    for port, said in snapshot.input_snapshots.items():
        source = subject.sources.get(port)
        if source is None or "snapshot" not in said or "rows" not in said:
            continue
        table = lake.table(source)
        origin = table.metadata.snapshot_by_id(int(said["snapshot"])) if table else None
        if origin:
            yield port, (int(said["rows"]), read_snapshot(source, origin).rows)


def _trouble(lake: Lake, table: Table, address: Address, snapshot_id: int) -> str:
    """Why a reader could not read the snapshot: its manifests are read, each of its files is opened, and the path
    that queries take is asked for a row."""
    path = "its manifests"
    try:
        planned = plan(lake, table, snapshot_id, address)
        for path in planned.files:
            with table.io.new_input(path).open() as file:
                pq.read_metadata(file)
        path = "a row of it"
        first_row(planned, address)
    except Exception as error:
        return f"{path.rsplit('/', 1)[-1]} cannot be read: {describe(error)}"
    return ""
