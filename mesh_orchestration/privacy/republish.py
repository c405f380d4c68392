"""A product published again without some of its rows, through the gate that every publication passes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pyiceberg.io.pyarrow import schema_to_pyarrow

from mesh_orchestration.contract.model import DataProduct
from mesh_orchestration.publication.publish import publish
from mesh_orchestration.publication.request import Publication, PublishRequest, Rewrite
from mesh_orchestration.storage.catalog import Lake
from mesh_orchestration.storage.scan import scan, snapshot_schema
from mesh_orchestration.storage.snapshots import Snapshot

Leaving = Callable[[pa.RecordBatch], pa.BooleanArray]
"""One boolean a row: whether it must go."""


def republish(
    lake: Lake, product: DataProduct, current: Snapshot, leaving: Leaving, *, run_id: str, rewrite: Rewrite
) -> Publication:
    """Publish the rows of ``current`` but those ``leaving``, under the schema they have.

    The new snapshot takes the time and the inputs of the one it replaces: nothing becomes fresher by it. Raises
    PublicationConflict when somebody else published in between, StorageError.
    """
    asked = PublishRequest(lake, run_id, current.timestamp, input_snapshots=current.input_snapshots, rewrite=rewrite)
    return publish(product, lambda folder: _export(lake, current, leaving, folder), request=asked)


def _export(lake: Lake, current: Snapshot, leaving: Leaving, folder: Path) -> Sequence[Path]:
    planned = scan(lake, current)
    schema = schema_to_pyarrow(snapshot_schema(planned.table, current.snapshot_id), include_field_ids=False)
    target = folder / "part-00000.parquet"
    with pq.ParquetWriter(target, schema, compression="zstd") as writer:
        for rows in planned.batches():
            kept = rows.filter(pc.invert(leaving(rows)))
            if kept.num_rows:
                writer.write_table(pa.Table.from_batches([kept]).cast(schema))
    return (target,)
