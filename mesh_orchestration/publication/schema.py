"""Which schema a publication writes: the published one, an evolved one, or none because it may not evolve."""

from __future__ import annotations

from dataclasses import dataclass

from pyiceberg.schema import Schema
from pyiceberg.table import Table

from mesh_orchestration.compile.iceberg import iceberg_schema, refusals, schema_changes
from mesh_orchestration.contract.model import DataProduct
from mesh_orchestration.storage.scan import snapshot_schema
from mesh_orchestration.storage.snapshots import MAIN


@dataclass(frozen=True)
class TargetSchema:
    """The schema to write with; ``new`` when the table does not know it yet."""

    schema: Schema
    new: bool
    refusals: tuple[str, ...] = ()


def target_schema(product: DataProduct, table: Table | None) -> TargetSchema:
    """The schema under which the product's next rows are written.

    What is published decides, not the table's newest schema: a column that only a refused publication
    had was never promised to anybody. Before the first publication anything goes.
    """
    if table is None:
        return TargetSchema(iceberg_schema(product), new=True)
    head = table.metadata.refs.get(MAIN)
    current = snapshot_schema(table, head.snapshot_id) if head else None
    changes = schema_changes(current, product) if current else ()
    if refused := refusals(changes, product):
        return TargetSchema(table.schema(), new=False, refusals=refused)
    if current and not changes:
        return TargetSchema(current, new=False)
    for known in table.metadata.schemas:
        if not schema_changes(known, product) and _keeps_ids(current, known):
            return TargetSchema(known, new=False)
    wanted = iceberg_schema(product, current, last_column_id=table.metadata.last_column_id)
    fresh = max(schema.schema_id for schema in table.metadata.schemas) + 1
    return TargetSchema(Schema(*wanted.fields, schema_id=fresh), new=True)


def _keeps_ids(current: Schema | None, known: Schema) -> bool:
    """Whether every published column has the same field id in ``known``."""
    ids = {field.name: field.field_id for field in known.fields}
    return all(ids.get(field.name) == field.field_id for field in current.fields) if current else True
