"""What the lake needs before the contracts can be published: tables to create, schemas to evolve.

pyiceberg is imported only when there is something to compare, the catalog only when there is one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from mesh_orchestration.contract.address import Address
from mesh_orchestration.contract.model import DataProduct
from mesh_orchestration.errors import StorageError
from mesh_orchestration.planning.plan import ColumnChange, Reference, TableChange
from mesh_orchestration.settings import Settings

if TYPE_CHECKING:
    from pyiceberg.schema import Schema

    from mesh_orchestration.storage.catalog import Lake

_SQLITE = "sqlite:///"


@dataclass(frozen=True)
class Tables:
    """What has to change in the lake; ``refusals`` say by address what a table's major version does not allow,
    ``trouble`` why the lake could not be asked."""

    changes: tuple[TableChange, ...] = ()
    refusals: Mapping[Address, tuple[str, ...]] = field(default_factory=dict)
    trouble: str = ""


def lake_exists(settings: Settings) -> bool:
    """Whether there is a catalog to ask; one that is not a file of this machine is taken to be there."""
    uri = settings.catalog_properties.get("uri", "")
    return not uri.startswith(_SQLITE) or Path(uri.removeprefix(_SQLITE).split("?", 1)[0]).is_file()


def table_changes(
    settings: Settings,
    products: Sequence[DataProduct],
    *,
    before: Mapping[Address, DataProduct],
    gone: Sequence[Address] = (),
) -> Tables:
    """What ``products`` need of the lake, and which tables of products that are ``gone`` it still holds.

    Without a lake the contracts ``before`` stand for what is published. Never raises: an unreachable lake is
    ``trouble``.
    """
    if not products and not gone:
        return Tables()
    if not lake_exists(settings):
        return Tables(tuple(_from_contracts(products, before)))
    from mesh_orchestration.storage.catalog import open_lake

    try:
        with open_lake(settings) as lake:
            return _from_lake(lake, products, gone)
    except StorageError as error:
        return Tables(tuple(_from_contracts(products, before)), trouble=str(error))


def _from_lake(lake: Lake, products: Sequence[DataProduct], gone: Sequence[Address]) -> Tables:
    from mesh_orchestration.publication.moves import evolve
    from mesh_orchestration.publication.schema import target_schema

    changes = list(_namespaces(lake.namespaces(), products))
    refusals: dict[Address, tuple[str, ...]] = {}
    for product in products:
        table = lake.table(product.address)
        if table is None:
            changes.append(_created(product))
        elif (target := target_schema(product, table)).refusals:
            refusals[product.address] = target.refusals
        elif evolve(table.metadata, target):
            changes.append(_evolved(table.schema(), product, compared_with="lake"))
    changes += [
        TableChange("stale-table", ".".join(address.table), str(address)) for address in gone if lake.table(address)
    ]
    return Tables(tuple(changes), refusals)


def _from_contracts(products: Sequence[DataProduct], before: Mapping[Address, DataProduct]) -> Iterator[TableChange]:
    from mesh_orchestration.compile.iceberg import iceberg_schema, schema_changes

    yield from _namespaces({address.domain for address in before}, products)
    for product in products:
        old = before.get(product.address)
        if old is None:
            yield _created(product)
        elif schema_changes(iceberg_schema(old), product):
            yield _evolved(iceberg_schema(old), product, compared_with="contract")


def _namespaces(known: Iterable[str], products: Sequence[DataProduct]) -> Iterator[TableChange]:
    for domain in sorted({product.domain for product in products} - set(known)):
        yield TableChange("create-namespace", domain, "")


def _created(product: DataProduct) -> TableChange:
    from mesh_orchestration.compile.iceberg import iceberg_schema, type_word

    columns = (
        ColumnChange("added", field.name, after=type_word(field.field_type)) for field in iceberg_schema(product).fields
    )
    return TableChange("create-table", ".".join(product.address.table), str(product.address), tuple(columns))


def _evolved(known: Schema, product: DataProduct, *, compared_with: Reference) -> TableChange:
    from mesh_orchestration.compile.iceberg import schema_changes

    columns = tuple(
        ColumnChange(change.kind, change.column, change.before, change.after)
        for change in schema_changes(known, product)
    )
    address = product.address
    return TableChange("evolve-table", ".".join(address.table), str(address), columns, compared_with)
