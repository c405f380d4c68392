"""Nothing is kept longer than its contract says: old rows leave what is published, old snapshots go.

A row is as old as the product's ``sla.event_time`` says; a product without one has no age for its rows, and only
its snapshots expire. Publications leave old rows out by themselves; this is for products that nobody publishes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import partial

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from mesh_orchestration.contract.address import Address
from mesh_orchestration.contract.mesh import Mesh
from mesh_orchestration.contract.model import DataProduct
from mesh_orchestration.errors import MeshError
from mesh_orchestration.privacy.republish import republish
from mesh_orchestration.publication.retention import kept_since, retention_of
from mesh_orchestration.settings import Settings
from mesh_orchestration.storage.catalog import Lake, open_lake, storage_errors
from mesh_orchestration.storage.scan import scan
from mesh_orchestration.storage.snapshots import Snapshot, history, published
from mesh_orchestration.storage.upkeep import Policy, maintain, retire


@dataclass(frozen=True)
class Kept:
    """What retention did for a product, or would do: ``rows`` left what is published, ``snapshots`` expired.
    ``column`` is empty where only snapshots can expire; ``trouble`` says why rows had to stay."""

    address: Address
    retention: str
    column: str
    cutoff: datetime
    rows: int = 0
    snapshots: int = 0
    trouble: str = ""


def retain(settings: Settings, mesh: Mesh, *, dry_run: bool = False) -> Iterator[Kept]:
    """Apply every contract's ``spec.retention``, product by product; one in trouble keeps no other from it.

    Files of what expired live on for the grace of the storage policy, so that nobody who reads loses them.
    """
    now = settings.now()
    with open_lake(settings) as lake:
        for product in mesh.products.values():
            length = retention_of(product)
            if length is None:
                continue
            known = Kept(product.address, product.spec.retention or "", product.spec.sla.event_time or "", now - length)
            try:
                yield _of_product(lake, product, known, now, dry_run=dry_run)
            except MeshError as error:
                yield Kept(**{**vars(known), "trouble": str(error)})


def _of_product(lake: Lake, product: DataProduct, known: Kept, now: datetime, *, dry_run: bool) -> Kept:
    current, since = published(lake, product.address), kept_since(product, now)
    rows, trouble = 0, ""
    if current and since:
        rows = _older(lake, current, since)
        if rows and not dry_run:
            trouble = _republish(lake, product, current, since)
    old = tuple(one.snapshot_id for one in history(lake, product.address)[1:] if one.timestamp < known.cutoff)
    if not dry_run:
        retire(lake, product.address, old)
        maintain(lake, product.address, Policy.of(lake.settings))
    return Kept(**{**vars(known), "rows": rows, "snapshots": len(old), "trouble": trouble})


def _republish(lake: Lake, product: DataProduct, current: Snapshot, since: tuple[str, datetime]) -> str:
    """Why the rows had to stay, if they had to."""
    run_id = f"retention-{since[1]:%Y%m%d}-{current.snapshot_id}"
    done = republish(lake, product, current, partial(_leaving, since=since), run_id=run_id, rewrite="retention")
    return "" if done.published else f"what is left breaks the contract: {'; '.join(done.reasons)}"


def _older(lake: Lake, current: Snapshot, since: tuple[str, datetime]) -> int:
    planned = scan(lake, current)
    if since[0] not in planned.columns:
        return 0
    count = 0
    with storage_errors(f"{current.address} cannot be read", lake.settings):
        for location in planned.files:
            with planned.table.io.new_input(location).open() as stream, pq.ParquetFile(stream) as file:
                if since[0] in file.schema_arrow.names:
                    count += sum(
                        _leaving(rows, since=since).true_count for rows in file.iter_batches(columns=[since[0]])
                    )
    return count


def _leaving(rows: pa.RecordBatch, *, since: tuple[str, datetime]) -> pa.BooleanArray:
    """Which rows are older; a row without a time is not."""
    column = rows.column(since[0])
    moment = since[1].astimezone(UTC)
    limit: date = moment if getattr(column.type, "tz", None) else moment.replace(tzinfo=None)
    if pa.types.is_date(column.type):
        limit = moment.date()
    return pc.fill_null(pc.less(column, pa.scalar(limit, column.type)), False)
