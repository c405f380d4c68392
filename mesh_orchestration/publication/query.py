"""SQL over published snapshots, for a person: read-only, and closed to everything else on the machine."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import duckdb
import pyarrow as pa
import sqlglot
from sqlglot import exp

from mesh_orchestration.compile.masks import masked_expression
from mesh_orchestration.contract.address import Address
from mesh_orchestration.contract.mesh import Mesh
from mesh_orchestration.contract.model import DataProduct
from mesh_orchestration.errors import AccessDenied, MeshError
from mesh_orchestration.governance.access import Access, Reader
from mesh_orchestration.governance.decision_log import DecisionLog
from mesh_orchestration.governance.guardrails import Guardrails
from mesh_orchestration.masking import without_values
from mesh_orchestration.settings import Settings
from mesh_orchestration.storage.catalog import Lake, open_lake
from mesh_orchestration.storage.scan import Scan, scan
from mesh_orchestration.storage.snapshots import Snapshot, resolve
from mesh_orchestration.telemetry import Span, span

_ROW_MAKERS = frozenset({"unnest", "explode", "range", "generate_series", "generateseries", "values"})
_BATCH = 65_536  # rows of a record batch


@dataclass(frozen=True)
class Answer:
    """The columns and rows of a query, and by product which of its columns were masked, and how."""

    names: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    masked: Mapping[str, Mapping[str, str]]


@dataclass(frozen=True)
class Stream:
    """The rows of a query as Arrow record batches, read as they are asked for; which columns were masked, as in an
    answer; and by product the id of the snapshot that is read."""

    batches: pa.RecordBatchReader
    masked: Mapping[str, Mapping[str, str]]
    snapshots: Mapping[str, int]


@dataclass(frozen=True)
class Question:
    """One SELECT over products: who asks, as of when (a snapshot id, or a time; None is now), and the values of its
    ``$name`` parameters."""

    sql: str
    reader: Reader
    as_of: str | int | datetime | None = None
    values: Mapping[str, Any] = field(default_factory=dict)


def run_query(settings: Settings, mesh: Mesh, sql: str, *, reader: Reader, as_of: str | None = None) -> Answer:
    """What one SELECT over products (``orders.orders`` or ``orders.orders.v1``) answers to ``reader``.

    Every product is read at ``as_of`` (a snapshot id, or an ISO 8601 time), else as published now, through
    the masks and filters that the policies give the reader; each read is logged. Raises AccessDenied when a
    policy denies, PolicyError when the policies cannot be read, MeshError for anything but one SELECT and for
    a name that is not a product, StorageError for one that was never published.
    """
    asked = Question(sql, reader, as_of)
    query = _parse(sql)
    products = _products(query, mesh)
    with _traced(settings, products, asked) as traced, _opened(settings, query, products, asked) as opened:
        with opened.telling():
            result = opened.connection.execute(query.sql(dialect="duckdb"))
            names = tuple(column[0] for column in result.description or ())
            rows = tuple(result.fetchall())
        traced.say({"mesh.rows": len(rows), "mesh.run_ids": opened.run_ids})
        return Answer(names, rows, opened.masked)


def stream_query(settings: Settings, mesh: Mesh, asked: Question) -> Stream:
    """What ``run_query`` answers, as record batches: no more of the rows is in memory than is asked for.

    Raises what ``run_query`` raises before it returns; an error that a row brings is raised with its batch.
    """
    query = _parse(asked.sql)
    products = _products(query, mesh)
    # Begun here, so that whatever becomes of the reader, what is open is closed when nobody holds it any more.
    running = _running(settings, query, products, asked)
    opened, schema = next(running)
    batches = pa.RecordBatchReader.from_batches(schema, running)
    snapshots = {str(address): one.snapshot_id for address, one in opened.snapshots.items()}
    return Stream(batches, opened.masked, snapshots)


def _running(settings: Settings, query: exp.Query, products: tuple[DataProduct, ...], asked: Question) -> Iterator[Any]:
    """First what was opened, with the Arrow schema of the rows; then their batches. The span ends before the first
    batch: a reader takes what time it likes, and what else it does meanwhile is not part of the read."""
    with ExitStack() as held:
        with _traced(settings, products, asked) as traced:
            opened = held.enter_context(_opened(settings, query, products, asked))
            with opened.telling():
                rows = opened.connection.sql(query.sql(dialect="duckdb"), params=dict(asked.values) or None)
                reader = rows.to_arrow_reader(_BATCH)
            traced.say({"mesh.run_ids": opened.run_ids})
        yield opened, reader.schema
        with opened.telling():
            yield from reader


@dataclass(frozen=True)
class _Opened:
    """A connection that sees the products of one query as its reader may, and nothing else."""

    connection: duckdb.DuckDBPyConnection
    snapshots: Mapping[Address, Snapshot]
    masked: Mapping[str, Mapping[str, str]]
    hides: bool

    @property
    def run_ids(self) -> list[str]:
        """The runs that published what is read."""
        return [one.run_id for one in self.snapshots.values()]

    @contextmanager
    def telling(self) -> Iterator[None]:
        """Tell an error of DuckDB as one of ours, which gives away no value that the reader may not see."""
        try:
            yield
        except (duckdb.Error, pa.ArrowException, OSError) as error:  # the last where DuckDB fails amid batches
            raise MeshError(f"the query failed: {without_values(str(error)) if self.hides else error}") from None


def _traced(settings: Settings, products: tuple[DataProduct, ...], asked: Question) -> AbstractContextManager[Span]:
    reads = [str(product.address) for product in products]
    return span(settings, "read", {"mesh.reads": reads, "mesh.role": asked.reader.role})


@contextmanager
def _opened(
    settings: Settings, query: exp.Query, products: tuple[DataProduct, ...], asked: Question
) -> Iterator[_Opened]:
    """Decide, log what was decided, and open what was allowed."""
    with open_lake(settings) as lake, duckdb.connect(":memory:") as connection:
        connection.execute("set timezone = 'UTC'")
        connection.execute("set memory_limit = $limit", {"limit": settings.memory_limit})
        with Guardrails(settings) as guardrails:
            granted = {product.address: guardrails.access(product, asked.reader) for product in products}
        snapshots = {product.address: resolve(lake, product.address, asked.as_of) for product in products}
        columns = {product.address: _columns(query, product) for product in products}
        DecisionLog(settings).append(
            *(
                access.decision(columns[address], snapshot=snapshots[address].snapshot_id)
                for address, access in granted.items()
            )
        )
        if denied := [reason for access in granted.values() for reason in access.reasons]:
            raise AccessDenied("; ".join(denied))
        allowed = [
            path
            for product in products
            for path in attach(connection, lake, product, snapshots[product.address], granted[product.address])
        ]
        _lock(connection, allowed)
        masked = {
            str(address): {name: mask for name, mask in access.masks.items() if name in columns[address]}
            for address, access in granted.items()
        }
        hides = any(access.masks or access.filters for access in granted.values())
        yield _Opened(connection, snapshots, {address: masks for address, masks in masked.items() if masks}, hides)


def _parse(sql: str) -> exp.Query:
    try:
        statements = [statement for statement in sqlglot.parse(sql, dialect="duckdb") if statement is not None]
    except sqlglot.errors.ParseError as error:
        raise MeshError(f"this is not SQL that can be read: {str(error).splitlines()[0]}") from None
    if len(statements) != 1 or not isinstance(statements[0], exp.Query):
        raise MeshError("mesh query takes exactly one SELECT; nothing can be changed through it")
    for node in statements[0].find_all(exp.Table, exp.Command, exp.Describe, exp.Show):
        if not isinstance(node, exp.Table):
            raise MeshError(f"{node.sql(dialect='duckdb')} is not a SELECT; mesh query takes nothing else")
        function = node.this
        if not isinstance(function, exp.Identifier) and not _makes_rows(function):
            raise MeshError(f"{function.sql(dialect='duckdb')} cannot be read; name products, such as orders.orders")
    return statements[0]


def _makes_rows(function: exp.Expression) -> bool:
    """Whether a table function only makes rows out of what it is given: every other one could read a file past
    the masks, or show how a mask is made."""
    name = function.name if isinstance(function, exp.Anonymous) else function.key
    return name.lower() in _ROW_MAKERS


def _columns(query: exp.Query, product: DataProduct) -> tuple[str, ...]:
    """The columns of ``product`` that the query may read: those it names, or all when it has a star."""
    if query.find(exp.Star):
        return tuple(product.columns)
    named = {column.name.lower() for column in query.find_all(exp.Column, exp.Identifier)}
    return tuple(name for name in product.columns if name.lower() in named)


def _products(query: exp.Query, mesh: Mesh) -> tuple[DataProduct, ...]:
    """The products the query names, each table reference rewritten to the view that stands for it."""
    found: dict[Address, DataProduct] = {}
    own = {cte.alias_or_name for cte in query.find_all(exp.CTE)}
    for table in query.find_all(exp.Table):
        if not isinstance(table.this, exp.Identifier) or (not table.db and table.name in own):
            continue
        product = mesh.product(".".join(part.name for part in table.parts))
        found[product.address] = product
        schema, view = product.address.table
        for part, name in (("catalog", None), ("db", schema), ("this", view)):
            table.set(part, exp.to_identifier(name, quoted=True) if name else None)
        if not table.alias:
            table.set("alias", exp.TableAlias(this=exp.to_identifier(product.name)))
    return tuple(found.values())


def attach(
    connection: duckdb.DuckDBPyConnection,
    lake: Lake,
    product: DataProduct,
    snapshot: Snapshot,
    access: Access,
    *,
    only: str = "",
) -> tuple[str, ...]:
    """Make a product readable under its table name as the reader may see it; the local files that this needs.

    ``only`` is a condition in SQL on the columns as they are before they are masked.
    """
    planned = scan(lake, snapshot)
    masked = {
        name: masked_expression(product.columns[name], mask, lake.settings.masking_key)
        for name, mask in access.masks.items()
        if name in planned.columns
    }
    conditions = [f"({one})" for one in (_condition(access, planned.columns), only) if one]
    planned.attach(connection, *product.address.table, seen_as=masked, where=" and ".join(conditions))
    return tuple(str(path) for path in planned.paths) if planned.direct else ()


def first_row(planned: Scan, address: Address) -> None:
    """Read the first row on the path that queries take, and forget it; raises what a reader would be told. Where
    DuckDB cannot read the files itself, pyiceberg reads the one row, so that no table is copied for it."""
    if not planned.direct:
        for _ in planned.table.scan(snapshot_id=planned.snapshot_id, limit=1).to_arrow_batch_reader():
            return
        return
    with duckdb.connect(":memory:") as connection:
        planned.attach(connection, *address.table)
        _lock(connection, [str(path) for path in planned.paths])
        view = exp.table_(address.table[1], db=address.table[0], quoted=True)
        connection.execute(exp.select("*").from_(view).limit(1).sql(dialect="duckdb")).fetchall()


def _condition(access: Access, columns: Mapping[str, str]) -> str:
    """The row filters of the reader as SQL; a filter on a column that the snapshot does not have shows nothing."""
    parts = []
    for one in access.filters:
        if one.column not in columns:
            return "false"
        operator = {"=": exp.EQ, "!=": exp.NEQ, "<": exp.LT, "<=": exp.LTE, ">": exp.GT, ">=": exp.GTE}.get(
            one.operator
        )
        column = exp.column(one.column, quoted=True)
        if operator:
            parts.append(operator(this=column, expression=exp.convert(one.value)))
        else:
            values = one.value if isinstance(one.value, list) else [one.value]
            parts.append(exp.In(this=column, expressions=[exp.convert(value) for value in values]))
    return exp.and_(*parts).sql(dialect="duckdb") if parts else ""


def _lock(connection: duckdb.DuckDBPyConnection, files: list[str]) -> None:
    """Let the connection read these files and nothing else, for good."""
    connection.execute("set allowed_paths = $files", {"files": files})
    connection.execute("set enable_external_access = false")
    connection.execute("set lock_configuration = true")
