"""A contract as an Iceberg schema, and what may change in the schema under one major version.

Every column is optional in Iceberg: whether a null may stand in it is a promise of the contract, and
the audit keeps that promise row by row and with a threshold. ``required`` would add nothing to it but
trouble: a required column can never be added to a table that has rows, and Parquet written by an
engine declares its columns optional, so no file could be registered without being rewritten.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import count
from typing import Literal

from pyiceberg.schema import Schema
from pyiceberg.types import (
    BinaryType,
    BooleanType,
    DateType,
    DecimalType,
    DoubleType,
    FloatType,
    IcebergType,
    IntegerType,
    ListType,
    LongType,
    NestedField,
    StringType,
    TimestampType,
    TimestamptzType,
    TimeType,
    UUIDType,
)

from mesh_orchestration.contract.evolution.promotion import widens
from mesh_orchestration.contract.model import DataProduct, SchemaField
from mesh_orchestration.contract.types import LogicalType

_SCALARS: Mapping[str, Callable[[], IcebergType]] = {
    "string": StringType,
    "integer": IntegerType,
    "long": LongType,
    "float": FloatType,
    "double": DoubleType,
    "boolean": BooleanType,
    "date": DateType,
    "time": TimeType,
    "timestamp": TimestampType,
    "binary": BinaryType,
    "uuid": UUIDType,
}
Kind = Literal["added", "widened", "described", "moved", "removed", "retyped"]


@dataclass(frozen=True)
class SchemaChange:
    """One difference between the published schema and the contract; ``before`` and ``after`` are the
    types in the contract's words, empty where the column does not exist."""

    kind: Kind
    column: str
    before: str = ""
    after: str = ""

    @property
    def allowed(self) -> bool:
        """Whether consumers of the same major go on working, so that the table evolves by itself."""
        return self.kind not in ("removed", "retyped")


def iceberg_schema(product: DataProduct, current: Schema | None = None, *, last_column_id: int = 0) -> Schema:
    """The product's schema. Columns that live on in ``current`` keep their field ids, every other one
    gets an id above ``last_column_id``, the highest that the table ever assigned."""
    known = {field.name: field for field in current.fields} if current else {}
    fresh = count(max(last_column_id, current.highest_field_id if current else 0) + 1)
    fields = []
    for field in product.fields:
        old = known.get(field.name)
        if old and not _can_become(old.field_type, field_type(field, fresh)):
            old = None
        identifier = old.field_id if old else next(fresh)
        kind = field_type(field, _ids_of(old.field_type) if old else fresh)
        fields.append(NestedField(identifier, field.name, kind, required=False, doc=field.description or None))
    return Schema(*fields)


def schema_changes(current: Schema, product: DataProduct) -> tuple[SchemaChange, ...]:
    """What publishing under this contract would change in the schema ``current``; empty when nothing."""
    old = {field.name: field for field in current.fields}
    changes = [change for field in product.fields if (change := _change(old.get(field.name), field))]
    changes += [
        SchemaChange("removed", name, before=type_word(field.field_type))
        for name, field in old.items()
        if name not in product.columns
    ]
    kept = [name for name in old if name in product.columns]
    order = [field.name for field in product.fields if field.name in old]
    changes += [SchemaChange("moved", name) for name, was in zip(order, kept, strict=True) if name != was]
    return tuple(changes)


def refusals(changes: tuple[SchemaChange, ...], product: DataProduct) -> tuple[str, ...]:
    """One sentence a change that the contract's major version does not allow."""
    place, major = product.address, product.address.major
    cure = (
        f"version {product.version} may only add columns and widen types; give the change its own contract "
        f"{place.domain}.{place.product}.v{major + 1} (metadata.version: {major + 1}.0.0)"
    )
    said = {
        "removed": "column {0.column} ({0.before}) is published under v{1} but the contract no longer has it; {2}",
        "retyped": "column {0.column} is published as {0.before} under v{1} but the contract says {0.after}; {2}",
    }
    return tuple(said[change.kind].format(change, major, cure) for change in changes if not change.allowed)


def field_type(field: SchemaField, ids: Iterator[int]) -> IcebergType:
    """The Iceberg type of a contract's field; ``ids`` gives the ids of array elements."""
    if field.is_instant:
        return TimestamptzType()
    return _iceberg_type(field.logical_type, ids)


def _iceberg_type(logical: LogicalType, ids: Iterator[int]) -> IcebergType:
    if logical.item:
        identifier = next(ids)
        return ListType(identifier, _iceberg_type(logical.item, ids), element_required=False)
    if logical.name == "decimal":
        return DecimalType(logical.precision, logical.scale)
    return _SCALARS[logical.name]()


def type_word(kind: IcebergType) -> str:
    """An Iceberg type as a contract's author writes it."""
    if isinstance(kind, ListType):
        return f"array<{type_word(kind.element_type)}>"
    if isinstance(kind, DecimalType):
        return f"decimal({kind.precision},{kind.scale})"
    return "integer" if isinstance(kind, IntegerType) else str(kind)


def _change(old: NestedField | None, field: SchemaField) -> SchemaChange | None:
    kind = field_type(field, count(1))
    if old is None:
        return SchemaChange("added", field.name, after=type_word(kind))
    before, after = type_word(old.field_type), type_word(kind)
    if before != after:
        word: Kind = "widened" if _can_become(old.field_type, kind) else "retyped"
        return SchemaChange(word, field.name, before, after)
    return SchemaChange("described", field.name, before, after) if (old.doc or "") != field.description else None


def _can_become(old: IcebergType, new: IcebergType) -> bool:
    """Whether Iceberg reads files of type ``old`` as ``new``."""
    return widens(type_word(old), type_word(new))


def _ids_of(kind: IcebergType) -> Iterator[int]:
    """The ids of an array's elements, outermost first."""
    while isinstance(kind, ListType):
        yield kind.element_id
        kind = kind.element_type
