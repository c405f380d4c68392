"""The life of a table around its rows: created before they come, evolved with its contract, dropped when named."""

from __future__ import annotations

import contextlib
import shutil

from pyiceberg.exceptions import NoSuchTableError
from pyiceberg.io import load_file_io
from pyiceberg.table import Table

from mesh_orchestration.contract.address import Address
from mesh_orchestration.contract.model import DataProduct
from mesh_orchestration.errors import PublicationRefused
from mesh_orchestration.publication import moves
from mesh_orchestration.publication.schema import target_schema
from mesh_orchestration.storage.catalog import Lake, local_path, storage_errors
from mesh_orchestration.storage.commit import commit
from mesh_orchestration.storage.objects import list_files


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


def drop_table(lake: Lake, address: Address) -> bool:
    """Take the table out of the catalog, then delete its files; False when there was nothing left of it.

    Whoever dies in between calls it again: the files of a table that is out of the catalog are looked for where
    the catalog puts tables, and stay when another table uses them. Raises StorageError.
    """
    table = lake.table(address)
    with storage_errors(f"the table of {address} cannot be dropped", lake.settings):
        location = table.location() if table else _usual_location(lake, address)
        if table:
            with contextlib.suppress(NoSuchTableError):
                lake.catalog.drop_table(address.table)
        return _delete_files(lake, address, location) or table is not None


def _usual_location(lake: Lake, address: Address) -> str:
    warehouse = lake.settings.catalog_properties.get("warehouse", "")
    return f"{warehouse.rstrip('/')}/{'/'.join(address.table)}" if warehouse else ""


def _delete_files(lake: Lake, address: Address, location: str) -> bool:
    """Delete what is below ``location`` unless a table of the domain uses it; whether there was anything."""
    names = lake.catalog.list_tables(address.domain) if address.domain in lake.namespaces() else []
    used = [lake.catalog.load_table(name).location() for name in names]
    if not location or any(f"{one}/".startswith(f"{location}/") for one in used):
        return False
    io = load_file_io(lake.settings.catalog_properties, location)
    files = [file.location for file in list_files(io, location)]
    for file in files:
        io.delete(file)
    if folder := local_path(location):
        shutil.rmtree(folder, ignore_errors=True)
    return bool(files)
