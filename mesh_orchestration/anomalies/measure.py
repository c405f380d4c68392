"""What one publication says of each series: from its stamp, its manifests and, where its files can be read in place,
from its rows. Of columns that are masked nothing is kept that shows a value."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterator, Mapping
from typing import Any

import duckdb
from pyiceberg.table import Table

from mesh_orchestration.anomalies.series import DELAY, DISTINCT, FAILING, MEAN, NULLS, ROWS, Key
from mesh_orchestration.compile.checks import NOT_NULL
from mesh_orchestration.contract.model import DataProduct, SchemaField
from mesh_orchestration.quoting import ident
from mesh_orchestration.storage.catalog import Lake
from mesh_orchestration.storage.commit import live_entries
from mesh_orchestration.storage.scan import plan, snapshot_schema
from mesh_orchestration.storage.snapshots import Snapshot

_LOG = logging.getLogger(__name__)
_NUMBERS = ("DECIMAL", "DOUBLE", "FLOAT", "INTEGER", "BIGINT", "BOOLEAN")
_TIMES = ("DATE", "TIMESTAMP")


def measure(lake: Lake, table: Table, snapshot: Snapshot, product: DataProduct) -> Mapping[Key, float]:
    """The value of each series in this publication; raises StorageError when its manifests cannot be read. Columns
    are those that both the snapshot and the contract have."""
    address = str(product.address)
    found = {Key(address, ROWS): float(snapshot.rows)}
    found |= {Key(address, FAILING, name): share for name, share in _failing(snapshot)}
    if snapshot.rows:
        found |= {Key(address, NULLS, column): share for column, share in _nulls(table, snapshot, product)}
        found |= {Key(address, *where): value for where, value in _profile(lake, table, snapshot, product)}
    return found


def _failing(snapshot: Snapshot) -> Iterator[tuple[str, float]]:
    """The share of rows that fail each check; nulls are watched by column."""
    for verdict in snapshot.verdicts:
        counted = verdict.element_count and verdict.unexpected_count is not None
        if counted and verdict.expectation not in (NOT_NULL, "policies"):
            yield verdict.name, (verdict.unexpected_count or 0) / (verdict.element_count or 1)


def _nulls(table: Table, snapshot: Snapshot, product: DataProduct) -> Iterator[tuple[str, float]]:
    """The share of rows without a value, as the manifests count them, of columns that may have none."""
    files = [entry.data_file for entry in live_entries(table, snapshot.snapshot_id)]
    rows = sum(file.record_count for file in files)
    for field in snapshot_schema(table, snapshot.snapshot_id).fields:
        counts = [(file.null_value_counts or {}).get(field.field_id) for file in files]
        known = product.columns.get(field.name)
        if rows and known and known.nullable and None not in counts:
            yield field.name, sum(count or 0 for count in counts) / rows


def _profile(
    lake: Lake, table: Table, snapshot: Snapshot, product: DataProduct
) -> Iterator[tuple[tuple[str, str], float]]:
    """Means, distinct values and the age of the newest event, read from local files in one query."""
    planned = plan(lake, table, snapshot.snapshot_id, product.address)
    asked = dict(_questions(product, planned.columns))
    if not planned.direct or not asked:
        return
    try:
        with duckdb.connect(":memory:") as connection:
            connection.execute("set timezone = 'UTC'")
            connection.execute("set memory_limit = $limit", {"limit": lake.settings.memory_limit})
            (row,) = connection.execute(f"select {', '.join(asked.values())} from ({planned.sql()})").fetchall()
    except (duckdb.Error, OSError) as error:
        _LOG.warning("the rows of %s cannot be profiled: %s", product.address, str(error).splitlines()[0])
        return
    for (metric, column), value in zip(asked, row, strict=True):
        number = _number(value)
        if metric == DELAY and number is not None:
            yield (DELAY, ""), snapshot.timestamp.timestamp() - number
        elif number is not None:
            yield (metric, column), number


def _questions(product: DataProduct, types: Mapping[str, str]) -> Iterator[tuple[tuple[str, str], str]]:
    event_time = product.spec.sla.event_time
    for name, field in product.columns.items():
        kind, column = types.get(name, ""), ident(name)
        if name == event_time and kind.startswith(_TIMES):
            yield (DELAY, name), f"epoch(max({column})::timestamp)"
        elif kind.startswith(_NUMBERS) and not _names_something(field):
            if not field.mask:
                yield (MEAN, name), f"avg({column}::double)"
        elif (kind == "VARCHAR" or _names_something(field)) and not field.constraints.primary_key:
            yield (DISTINCT, name), f"approx_count_distinct({column})"


def _names_something(field: SchemaField) -> bool:
    """Whether a column holds numbers that name things: their mean says nothing."""
    return field.constraints.primary_key or field.name == "id" or field.name.endswith(("_id", "_key", "_code"))


def _number(value: Any) -> float | None:
    if value is None:
        return None
    number = float(value)
    return number if math.isfinite(number) else None
