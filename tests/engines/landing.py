"""What the tests of every engine land: small Parquet files and batches with everything else given."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from mesh_orchestration.contract.model import SchemaField
from mesh_orchestration.engines.base import Batch, Files
from mesh_orchestration.engines.columns import Column

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
COLUMNS = (Column.parse("basket_id", "long"), Column.parse("product", "string"))

EVERY_TYPE = {
    "an_integer": "integer", "a_long": "long", "a_float": "float", "a_double": "double",
    "a_decimal": "decimal(12,2)", "a_string": "string", "a_boolean": "boolean", "a_date": "date", "a_time": "time",
    "a_local_time": "timestamp", "an_instant": "timestamptz", "a_binary": "binary", "a_uuid": "uuid",
    "some_words": "array<string>",
}  # fmt: skip
EVERY_SQL = (
    "1::integer as an_integer, 2::bigint as a_long, 1.5::real as a_float, 2.5::double precision as a_double, "
    "12.34::numeric(12,2) as a_decimal, 'word'::text as a_string, true as a_boolean, date '2026-02-03' as a_date, "
    "time '10:11:12.5' as a_time, timestamp '2026-02-03 04:05:06.789' as a_local_time, "
    "'2026-02-03 04:05:06+00'::timestamptz as an_instant, 'x'::bytea as a_binary, "
    "'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid as a_uuid, array['a', 'b'] as some_words"
)


def batch(name: str = "day-1", fingerprint: str = "a", **given: Any) -> Batch:
    return Batch(name, fingerprint, given.pop("landed_at", NOON), **given)


def parquet(path: Path, rows: list[tuple[int, str]]) -> Files:
    """A Parquet file with the rows as ``basket_id, product``."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table({"basket_id": [row[0] for row in rows], "product": [row[1] for row in rows]}), path)
    return Files((path,))


def fields(**types: str) -> tuple[SchemaField, ...]:
    return tuple(SchemaField(name=name, type=kind) for name, kind in types.items())
