"""The rows of one snapshot, at the price of reading its files.

pyiceberg plans, DuckDB reads: when the files are local and nothing was deleted from them, a snapshot is
a ``read_parquet`` over its files. Otherwise its rows go through pyiceberg as Arrow batches. Either way
the columns are those of the snapshot's own schema, not of the newest one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

import pyarrow.parquet as pq
from pyiceberg.manifest import DataFileContent, ManifestContent
from pyiceberg.schema import Schema
from pyiceberg.table import Table
from pyiceberg.types import (
    BinaryType,
    BooleanType,
    DateType,
    DecimalType,
    DoubleType,
    FixedType,
    FloatType,
    IcebergType,
    IntegerType,
    ListType,
    LongType,
    StringType,
    TimestampType,
    TimestamptzType,
    TimeType,
    UUIDType,
)

from mesh_orchestration.contract.address import Address
from mesh_orchestration.errors import StorageError
from mesh_orchestration.quoting import exactly, ident
from mesh_orchestration.storage.catalog import Lake, local_path, storage_errors
from mesh_orchestration.storage.snapshots import Snapshot

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

_DUCKDB: dict[type[IcebergType], str] = {
    StringType: "VARCHAR", IntegerType: "INTEGER", LongType: "BIGINT", FloatType: "FLOAT", DoubleType: "DOUBLE",
    BooleanType: "BOOLEAN", DateType: "DATE", TimeType: "TIME", TimestampType: "TIMESTAMP", BinaryType: "BLOB",
    TimestamptzType: "TIMESTAMP WITH TIME ZONE", UUIDType: "UUID", FixedType: "BLOB",
}  # fmt: skip


@dataclass(frozen=True)
class Scan:
    """A planned read of one snapshot of a product.

    ``columns`` maps a column to its DuckDB type; ``files`` are the locations of its Parquet files;
    ``direct`` tells whether DuckDB may read those files as they are.
    """

    table: Table
    snapshot_id: int
    columns: dict[str, str]
    files: tuple[str, ...]
    direct: bool

    @cached_property
    def paths(self) -> tuple[Path, ...]:
        """The local files; only for a direct scan."""
        found = [local_path(location) for location in self.files]
        return tuple(path for path in found if path is not None)

    def sql(self) -> str:
        """A DuckDB query for the rows; raises StorageError unless the scan is direct."""
        if not self.direct:
            raise StorageError(f"snapshot {self.snapshot_id} is not in plain local files; read it with batches()")
        if not self.files:
            nulls = ", ".join(f"null::{kind} as {ident(name)}" for name, kind in self.columns.items())
            return f"select {nulls} where false"
        present, uniform = self._present
        # A cast to the type that a column already has costs nothing: DuckDB drops it while it binds.
        spelled = (
            f"{ident(name)}::{kind} as {ident(name)}" if name in present else f"null::{kind} as {ident(name)}"
            for name, kind in self.columns.items()
        )
        return f"select {', '.join(spelled)} from {self._read_parquet(union=not uniform)}"

    def batches(self, columns: Sequence[str] = ()) -> pa.RecordBatchReader:
        """The rows as Arrow record batches, all columns or those named, through pyiceberg."""
        fields = tuple(columns) or tuple(self.columns)
        return self.table.scan(snapshot_id=self.snapshot_id, selected_fields=fields).to_arrow_batch_reader()

    def attach(
        self,
        connection: duckdb.DuckDBPyConnection,
        schema: str,
        name: str,
        *,
        seen_as: Mapping[str, str] = MappingProxyType({}),
        where: str = "",
    ) -> None:
        """Make the rows readable as ``schema.name`` in a DuckDB connection: a view of the files, or a
        table filled from batches where DuckDB cannot read the files itself.

        ``seen_as`` maps columns to the SQL that is shown instead of them, ``where`` leaves rows out; nothing
        else of the snapshot can be reached through the connection.
        """
        target = f"{ident(schema)}.{ident(name)}"
        connection.execute(f"create schema if not exists {ident(schema)}")
        shown = ", ".join(
            f"{seen_as[column]} as {ident(column)}" if column in seen_as else ident(column) for column in self.columns
        )
        condition = f" where {where}" if where else ""
        if self.direct:
            connection.execute(f"create or replace view {target} as select {shown} from ({self.sql()}){condition}")
            return
        incoming = f"incoming_{self.snapshot_id}"
        connection.register(incoming, self.batches())
        try:
            query = f"select {shown} from {ident(incoming)}{condition}"
            connection.execute(f"create or replace table {target} as {query}")
        finally:
            connection.unregister(incoming)

    @cached_property
    def _present(self) -> tuple[set[str], bool]:
        """The columns that the files hold, and whether all files have the very same schema."""
        schemas = [pq.read_schema(path) for path in self.paths]
        return {name for schema in schemas for name in schema.names}, all(one.equals(schemas[0]) for one in schemas)

    def _read_parquet(self, *, union: bool) -> str:
        names = ", ".join(exactly(path) for path in self.paths)
        return f"read_parquet([{names}], hive_partitioning = false{', union_by_name = true' if union else ''})"


def scan(lake: Lake, snapshot: Snapshot) -> Scan:
    """Plan the read of a snapshot, on whatever branch it is; raises StorageError when it is gone."""
    table = lake.table(snapshot.address)
    if table is None or table.metadata.snapshot_by_id(snapshot.snapshot_id) is None:
        raise StorageError(f"snapshot {snapshot.snapshot_id} of {snapshot.address} has expired or was never written")
    return plan(lake, table, snapshot.snapshot_id, snapshot.address)


def plan(lake: Lake, table: Table, snapshot_id: int, address: Address) -> Scan:
    """Plan the read of one of a table's snapshots from its manifests."""
    snapshot = table.metadata.snapshot_by_id(snapshot_id)
    if snapshot is None:
        raise StorageError(f"snapshot {snapshot_id} of {address} has expired or was never written")
    files, deletes = [], False
    with storage_errors(f"the manifests of {address} cannot be read", lake.settings):
        for manifest in snapshot.manifests(table.io):
            deletes = deletes or manifest.content == ManifestContent.DELETES
            entries = manifest.fetch_manifest_entry(table.io, discard_deleted=True)
            files += [entry.data_file.file_path for entry in entries if entry.data_file.content == DataFileContent.DATA]
    schema = snapshot_schema(table, snapshot_id)
    columns = {field.name: duckdb_type(field.field_type) for field in schema.fields}
    local = not deletes and all(local_path(location) for location in files)
    return Scan(table, snapshot_id, columns, tuple(files), local and "" not in columns.values())


def snapshot_schema(table: Table, snapshot_id: int) -> Schema:
    """The schema a snapshot was written with."""
    snapshot = table.metadata.snapshot_by_id(snapshot_id)
    known = {schema.schema_id: schema for schema in table.metadata.schemas}
    if snapshot is None or snapshot.schema_id is None:
        return table.schema()
    return known.get(snapshot.schema_id, table.schema())


def duckdb_type(kind: IcebergType) -> str:
    """The DuckDB type of an Iceberg type; empty for those that contracts do not have."""
    if isinstance(kind, ListType):
        item = duckdb_type(kind.element_type)
        return f"{item}[]" if item else ""
    if isinstance(kind, DecimalType):
        return f"DECIMAL({kind.precision},{kind.scale})"
    return _DUCKDB.get(type(kind), "")
