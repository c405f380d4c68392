"""An Iceberg table, of the mesh's own lake or of another catalog that pyiceberg's settings name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any

from mesh_orchestration.contract.address import Address
from mesh_orchestration.drafts.base import Found, Observed, Options, SourceColumn
from mesh_orchestration.drafts.files import SAMPLE, ordered_reader
from mesh_orchestration.drafts.names import slug
from mesh_orchestration.drafts.profile import find_key, profile
from mesh_orchestration.drafts.tables import chosen
from mesh_orchestration.engines.columns import Column, duckdb_type
from mesh_orchestration.errors import MeshError, SourceError, StorageError
from mesh_orchestration.quoting import ident
from mesh_orchestration.settings import CATALOG_NAME

if TYPE_CHECKING:
    from pyiceberg.catalog import Catalog
    from pyiceberg.table import Table
    from pyiceberg.types import IcebergType

_WORDS = {
    "string": "string", "int": "integer", "long": "long", "float": "float", "double": "double", "boolean": "boolean",
    "date": "date", "time": "time", "timestamp": "timestamp", "timestamptz": "timestamptz", "binary": "binary",
    "uuid": "uuid", "timestamp_ns": "timestamp", "timestamptz_ns": "timestamptz",
}  # fmt: skip
_OFFERED = "offered"


def recognises(source: str) -> bool:
    """Whether it is the word of the format; the catalog is in pyiceberg's own settings."""
    return source == "iceberg"


def read(_: str, options: Options) -> Found:
    """The columns of the table and what the first rows of its current snapshot say; raises StorageError when the
    catalog cannot be read, SourceError when the table is not there."""
    with _catalog(options) as catalog:
        name = chosen(options.table, _tables(catalog), what="table", source=f"the catalog {options.catalog}")
        table = catalog.load_table(name)
        words, left_out = _words(table)
        if not words:
            raise SourceError(f"has no column that a contract can hold: {'; '.join(left_out.values())}", source=name)
        seen, key, rows = _observed(table, words, options)
    declared = _identifier(table, words)
    snapshot = table.current_snapshot()
    summary = snapshot.summary if snapshot else None
    total = int((summary.additional_properties if summary else {}).get("total-records", rows))
    return Found(
        kind="iceberg",
        name=slug(name.rsplit(".", 1)[-1]),
        title=f"the Iceberg table {name}",
        columns=tuple(_column(table, column, word, seen.get(column)) for column, word in words.items()),
        key=declared or key,
        key_reason="the identifier fields of the table" if declared else "",
        rows=total,
        looked_at=rows,
        left_out=left_out,
        port=_port(name, options),
        metadata={"description": table.properties["comment"]} if table.properties.get("comment") else {},
        to_decide=tuple(_to_decide(table, name, options)),
    )


@contextmanager
def _catalog(options: Options) -> Iterator[Catalog]:
    """The catalog that is meant, closed in the end; raises StorageError when it cannot be read."""
    from pyiceberg.catalog import load_catalog

    from mesh_orchestration.storage.catalog import describe, open_lake, storage_errors

    if options.catalog == CATALOG_NAME:
        with open_lake(options.settings) as lake, storage_errors("the Iceberg table cannot be read", options.settings):
            yield lake.catalog
        return
    try:
        with closing(load_catalog(options.catalog)) as catalog:
            yield catalog
    except MeshError:
        raise
    except Exception as error:
        variable = f"PYICEBERG_CATALOG__{options.catalog.upper()}__URI"
        raise StorageError(
            f"the Iceberg catalog {options.catalog} cannot be read: {describe(error)}; "
            f"pyiceberg's settings describe it, e.g. {variable}"
        ) from error


def _tables(catalog: Catalog) -> list[str]:
    """Every table of the catalog, in namespaces of any depth."""
    found, open_ = [], list(catalog.list_namespaces())
    while open_:
        namespace = open_.pop()
        found += [".".join(name) for name in catalog.list_tables(namespace)]
        open_ += [inner for inner in catalog.list_namespaces(namespace) if len(inner) > len(namespace)]
    return found


def _words(table: Table) -> tuple[dict[str, str], dict[str, str]]:
    words, left_out = {}, {}
    for field in table.schema().fields:
        try:
            words[field.name] = _word(field.field_type)
        except ValueError as error:
            left_out[field.name] = str(error)
    return words, left_out


def _word(kind: IcebergType) -> str:
    from pyiceberg.types import DecimalType, FixedType, ListType, MapType, StructType

    if isinstance(kind, ListType):
        return f"array<{_word(kind.element_type)}>"
    if isinstance(kind, DecimalType):
        return f"decimal({kind.precision},{kind.scale})"
    if isinstance(kind, FixedType):
        return "binary"
    if str(kind) in _WORDS:
        return _WORDS[str(kind)]
    if isinstance(kind, StructType):
        raise ValueError("a struct is no type of a contract; make a column of each part")
    if isinstance(kind, MapType):
        raise ValueError("a map is no type of a contract; make a column of each key that matters")
    raise ValueError(f"{kind} is no type of a contract; write it as one of those")


def _observed(
    table: Table, words: Mapping[str, str], options: Options
) -> tuple[dict[str, Observed], tuple[str, ...], int]:
    """What the first rows say, the key they suggest, and how many they were."""
    scan = table.scan(selected_fields=tuple(words), limit=options.rows or None)
    with ordered_reader(options.settings) as connection:
        connection.register(_OFFERED, scan.to_arrow_batch_reader())
        typed = ", ".join(
            f"{ident(name)}::{duckdb_type(Column.parse(name, word))} as {ident(name)}" for name, word in words.items()
        )
        bound = f" limit {options.rows}" if options.rows else ""
        connection.execute(f"create temp table {SAMPLE} as select {typed} from {_OFFERED}{bound}")
        seen = profile(connection, SAMPLE, words)
        return seen, find_key(connection, SAMPLE, words, seen), next(iter(seen.values())).rows


def _identifier(table: Table, words: Mapping[str, str]) -> tuple[str, ...]:
    names = table.schema().identifier_field_names()
    return tuple(name for name in words if name in names) if names <= set(words) else ()


def _column(table: Table, name: str, word: str, seen: Observed | None) -> SourceColumn:
    field = table.schema().find_field(name)
    said: dict[str, Any] = {"description": field.doc} if field.doc else {}
    if field.required:
        said["constraints"] = {"null": False}
    return SourceColumn(name, word, said, observed=seen)


def _address(name: str, options: Options) -> Address | None:
    """The data product whose table it is, in the mesh's own lake."""
    namespace, _, table = name.rpartition(".")
    product, _, major = table.rpartition("_v")
    if options.catalog != CATALOG_NAME or not major.isdigit():
        return None
    try:
        return Address.parse(f"{namespace}.{product}.v{major}")
    except ValueError:
        return None


def _port(name: str, options: Options) -> dict[str, Any] | None:
    address = _address(name, options)
    return {"name": address.product, "type": "data-product", "product": str(address)} if address else None


def _to_decide(table: Table, name: str, options: Options) -> Iterator[str]:
    if not table.spec().is_unpartitioned():
        yield f"the table is partitioned by {', '.join(str(field.name) for field in table.spec().fields)}"
    if not _address(name, options):
        yield "inputs: no input port reads a foreign Iceberg table; land its files, or name an input"
