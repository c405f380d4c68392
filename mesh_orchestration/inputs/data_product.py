"""The published snapshot of another data product; never that domain's engine.

Where the engine can read the snapshot's files in place, the landing table is a view over them and an
ingestion costs nothing; elsewhere the rows are copied in one transaction.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

from mesh_orchestration.contract.address import Address
from mesh_orchestration.contract.model import InputPort
from mesh_orchestration.contract.ports import DataProductPort
from mesh_orchestration.engines.base import Batch, Engine, Files
from mesh_orchestration.engines.columns import Column, arrow_type
from mesh_orchestration.errors import SourceError
from mesh_orchestration.inputs.base import IngestContext, Ingested

if TYPE_CHECKING:
    import pyarrow as pa

    from mesh_orchestration.storage.catalog import Lake
    from mesh_orchestration.storage.scan import Scan
    from mesh_orchestration.storage.snapshots import Snapshot


def ingest(port: InputPort, engine: Engine, *, context: IngestContext) -> Ingested:
    """Make the port hold exactly the upstream's published snapshot; nothing is done when it does.

    Raises SourceError saying why when nothing was published, StorageError when the lake is out of reach.
    """
    from mesh_orchestration.storage.catalog import open_lake
    from mesh_orchestration.storage.scan import scan

    address = DataProductPort.model_validate(port.options).product
    with open_lake(context.settings) as lake:
        snapshot, refusal = _published(lake, address, port)
        plan = scan(lake, snapshot)
        columns = _columns(address, plan, context)
        batch = Batch(
            name=str(snapshot.snapshot_id),
            fingerprint=_fingerprint(snapshot, columns),
            landed_at=context.now,
            run_id=context.run_id,
            watermark=str(snapshot.snapshot_id),
            snapshot_id=snapshot.snapshot_id,
        )
        landed = engine.land(port.name, columns, batch, _rows(plan, columns), mode="reference")
    return Ingested(
        port.name,
        rows=landed.rows if landed.changed else 0,
        batches=(batch.name,) if landed.changed else (),
        input_snapshot=snapshot.snapshot_id,
        watermark=batch.watermark,
        warnings=(*refusal, *_missing(address, snapshot, plan, columns)),
    )


def _published(lake: Lake, address: Address, port: InputPort) -> tuple[Snapshot, tuple[str, ...]]:
    """The snapshot to read, and a warning when a newer publication was refused."""
    from mesh_orchestration.storage.snapshots import published, standing_refusal

    current, refused = published(lake, address), standing_refusal(lake, address)
    why = (
        f"its publication of {refused.timestamp:%Y-%m-%d %H:%M} UTC was refused: {_reasons(refused)}" if refused else ""
    )
    if current is None:
        cause = why or f"it has not run yet; run it first: mesh run {address}"
        raise SourceError(f"{address} has no published snapshot; {cause}", source=port.name)
    if refused:
        return current, (f"{address} serves its last good snapshot of {current.timestamp:%Y-%m-%d %H:%M} UTC; {why}",)
    return current, ()


def _reasons(refused: Snapshot) -> str:
    failed = [verdict.name for verdict in refused.verdicts if not verdict.success and verdict.severity == "error"]
    return "; ".join(refused.reasons) or f"failed checks: {', '.join(failed)}"


def _columns(address: Address, plan: Scan, context: IngestContext) -> tuple[Column, ...]:
    """The columns that the upstream's contract promises; those of the snapshot when it cannot be read."""
    product = context.mesh.products.get(address) if context.mesh else None
    if product:
        return tuple(Column.of(field) for field in product.fields)
    return tuple(Column.from_duckdb(name, kind) for name, kind in plan.columns.items() if kind)


def _missing(address: Address, snapshot: Snapshot, plan: Scan, columns: tuple[Column, ...]) -> tuple[str, ...]:
    missing = [column.name for column in columns if column.name not in plan.columns]
    if not missing:
        return ()
    version = snapshot.contract_version or "an older contract"
    return (f"{address} was published under {version}, without {', '.join(missing)}: null until it is published again",)


def _fingerprint(snapshot: Snapshot, columns: tuple[Column, ...]) -> str:
    """A snapshot never changes, but what the contract wants of it may."""
    wanted = ",".join(f"{column.name} {column.word}" for column in columns)
    return f"{snapshot.snapshot_id}:{hashlib.sha256(wanted.encode()).hexdigest()[:16]}"


def _rows(plan: Scan, columns: tuple[Column, ...]) -> Files | pa.RecordBatchReader:
    """The snapshot's files where they may be read as they are, else its rows as Arrow batches."""
    if plan.direct and plan.files:
        return Files(plan.paths, partial=True)
    present = [column.name for column in columns if column.name in plan.columns]
    return _padded(plan.batches(present), columns)


def _padded(rows: pa.RecordBatchReader, columns: tuple[Column, ...]) -> pa.RecordBatchReader:
    """The same batches with a column of nulls for each column they lack."""
    import pyarrow as pa

    absent = [column for column in columns if column.name not in rows.schema.names]
    added = [pa.field(column.name, arrow_type(column)) for column in absent]
    schema = pa.schema([*rows.schema, *added])

    def padded() -> Iterator[pa.RecordBatch]:
        for batch in rows:
            nulls = [pa.nulls(batch.num_rows, field.type) for field in added]
            yield pa.record_batch([*batch.columns, *nulls], schema=schema)

    return pa.RecordBatchReader.from_batches(schema, padded())
