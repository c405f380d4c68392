"""Published products in Python: ``read("orders.orders")`` is an Arrow table, through the masks of whoever reads.

What is read goes the way of ``mesh query``: policies decide, masks and row filters hold, the log of decisions keeps it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from mesh_orchestration.errors import MeshError

if TYPE_CHECKING:
    import pyarrow as pa

    from mesh_orchestration.contract.model import DataProduct
    from mesh_orchestration.publication.query import Stream
    from mesh_orchestration.settings import Settings

_NONE: Mapping[str, Any] = MappingProxyType({})


def read(  # noqa: PLR0913 (each is an option of mesh query)
    address: str,
    *,
    columns: Sequence[str] | None = None,
    where: str = "",
    values: Mapping[str, Any] = _NONE,
    limit: int | None = None,
    as_of: str | int | datetime | None = None,
    role: str = "",
    purpose: str = "",
    attributes: Mapping[str, str] = _NONE,
    settings: Settings | None = None,
) -> pa.Table:
    """The published rows of ``domain.product`` (or ``domain.product.v1``) as an Arrow table.

    ``columns`` are all when left out. ``where`` is a condition in DuckDB's SQL on what the reader sees, with
    ``values`` for its ``$name`` parameters; ``limit`` is the most rows. ``as_of`` is a snapshot id or a time (UTC when
    it names no zone), ``role`` and ``purpose`` are MESH_ROLE and MESH_PURPOSE when left out, ``attributes`` are for
    rules that ask for them. ``settings`` are those of the mesh around the current folder, or in MESH_ROOT, when left
    out. A masked column is marked: its field has the metadata ``mask``; the schema's has ``product`` and ``snapshot``.

    Raises MeshError, of which AccessDenied names the rule that denies and StorageError what was never published.
    """
    said: dict[str, Any] = {"columns": columns, "where": where, "values": values, "limit": limit, "as_of": as_of}
    who: dict[str, Any] = {"role": role, "purpose": purpose, "attributes": attributes, "settings": settings}
    return read_batches(address, **said, **who).read_all()


def read_batches(  # noqa: PLR0913 (as read)
    address: str,
    *,
    columns: Sequence[str] | None = None,
    where: str = "",
    values: Mapping[str, Any] = _NONE,
    limit: int | None = None,
    as_of: str | int | datetime | None = None,
    role: str = "",
    purpose: str = "",
    attributes: Mapping[str, str] = _NONE,
    settings: Settings | None = None,
) -> pa.RecordBatchReader:
    """The rows as ``read`` gives them, batch by batch, for products that are larger than memory.

    Whether the rows may be read is decided at once; an error that a row brings is raised with its batch.
    """
    from mesh_orchestration.contract.mesh import load_mesh
    from mesh_orchestration.governance.reader import local_reader
    from mesh_orchestration.publication.query import Question, stream_query
    from mesh_orchestration.settings import Settings

    settings = settings or Settings.load()
    mesh = load_mesh(settings)
    product = mesh.product(address)
    told = [f"{name}={value}" for name, value in attributes.items()]
    reader = local_reader(settings, role=role, purpose=purpose, attributes=told)
    sql = _select(product, columns, where, limit)
    found = stream_query(settings, mesh, Question(sql, reader, as_of, values))
    return found.batches.cast(_marked(found, str(product.address)))


def _marked(found: Stream, address: str) -> pa.Schema:
    """The schema of what is read, with what a reader should know of it."""
    import pyarrow as pa

    masks = {name.lower(): mask for name, mask in found.masked.get(address, {}).items()}
    fields = [
        field.with_metadata({"mask": masks[field.name.lower()]}) if field.name.lower() in masks else field
        for field in found.batches.schema
    ]
    return pa.schema(fields, {"product": address, "snapshot": str(found.snapshots[address])})


def _select(product: DataProduct, columns: Sequence[str] | None, where: str, limit: int | None) -> str:
    """One SELECT; raises MeshError where columns, condition or limit could be anything else."""
    import sqlglot

    from mesh_orchestration.quoting import ident

    if isinstance(columns, str) or (columns is not None and not columns):
        like = list(product.columns)[:2]
        raise MeshError(f"columns is {columns!r}; expected a list of names, such as columns={like}")
    if limit is not None and (isinstance(limit, bool) or not isinstance(limit, int) or limit < 0):
        raise MeshError(f"limit is {limit!r}; expected a number of rows, such as limit=10")
    chosen = ", ".join(map(ident, columns)) if columns else "*"
    parts = [f"select {chosen} from {product.address}"]
    if where:
        try:
            condition = sqlglot.condition(where, dialect="duckdb")
        except sqlglot.errors.SqlglotError:
            raise MeshError(f'where is {where!r}; expected one condition in SQL, such as "amount > $least"') from None
        parts.append(f"where {condition.sql(dialect='duckdb')}")
    if limit is not None:
        parts.append(f"limit {limit}")
    return " ".join(parts)
