"""Making a table ready before its rows come: created when it does not exist, evolved when its contract moved on."""

from __future__ import annotations

from pyiceberg.table import Table

from mesh_orchestration.contract.model import DataProduct
from mesh_orchestration.errors import PublicationRefused
from mesh_orchestration.publication import moves
from mesh_orchestration.publication.schema import target_schema
from mesh_orchestration.storage.catalog import Lake, storage_errors
from mesh_orchestration.storage.commit import commit


def ensure_table(lake: Lake, product: DataProduct) -> Table:
    """The product's table, created (with its namespace) under the contract's schema when it does not exist;
    raises StorageError."""
    said = {"mesh.address": str(product.address), "mesh.product-id": product.id}
    known = lake.table(product.address)
    return known or lake.ensure_table(product.address, target_schema(product, None).schema, said)


def evolve_table(lake: Lake, product: DataProduct, table: Table) -> Table:
    """The table with the contract's schema as its current one; what is published stays as it was written.

    Raises PublicationRefused when the major version does not allow the change, PublicationConflict when a
    publication came in between, StorageError.
    """
    target = target_schema(product, table)
    if target.refusals:
        raise PublicationRefused(str(product.address), target.refusals)
    if not moves.evolve(table.metadata, target):
        return table
    conditions = moves.evolve_conditions(table.metadata, target)
    with storage_errors(f"the table of {product.address} cannot be evolved", lake.settings):
        return commit(lake, table, conditions, lambda newest: moves.evolve(newest, target), address=product.address)
