"""SQL over published snapshots, for a person: read-only, and closed to everything else on the machine."""

from __future__ import annotations

from typing import Any

import duckdb
import sqlglot
from sqlglot import exp

from mesh_orchestration.contract.address import Address
from mesh_orchestration.contract.mesh import Mesh
from mesh_orchestration.contract.model import DataProduct
from mesh_orchestration.errors import MeshError
from mesh_orchestration.settings import Settings
from mesh_orchestration.storage.catalog import Lake, open_lake
from mesh_orchestration.storage.scan import scan
from mesh_orchestration.storage.snapshots import resolve


def run_query(
    settings: Settings, mesh: Mesh, sql: str, *, as_of: str | None = None
) -> tuple[list[str], list[tuple[Any, ...]]]:
    """The column names and rows of one SELECT over products (``orders.orders`` or ``orders.orders.v1``).

    Every product is read at ``as_of`` (a snapshot id, or an ISO 8601 time), else as published now. Raises
    MeshError for anything but one SELECT and for a name that is not a product, StorageError for one that
    was never published.
    """
    query = _parse(sql)
    with open_lake(settings) as lake, duckdb.connect(":memory:") as connection:
        connection.execute("set timezone = 'UTC'")
        connection.execute("set memory_limit = $limit", {"limit": settings.memory_limit})
        allowed = [
            path
            for product in _products(query, mesh)
            for path in _attach(connection, lake, product, as_of=as_of)
        ]  # fmt: skip
        _lock(connection, allowed)
        try:
            result = connection.execute(query.sql(dialect="duckdb"))
            return [column[0] for column in result.description or ()], result.fetchall()
        except duckdb.Error as error:
            raise MeshError(f"the query failed: {error}") from None


def _parse(sql: str) -> exp.Query:
    try:
        statements = [statement for statement in sqlglot.parse(sql, dialect="duckdb") if statement is not None]
    except sqlglot.errors.ParseError as error:
        raise MeshError(f"this is not SQL that can be read: {str(error).splitlines()[0]}") from None
    if len(statements) != 1 or not isinstance(statements[0], exp.Query):
        raise MeshError("mesh query takes exactly one SELECT; nothing can be changed through it")
    return statements[0]


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


def _attach(
    connection: duckdb.DuckDBPyConnection, lake: Lake, product: DataProduct, *, as_of: str | None
) -> tuple[str, ...]:
    """Make a product readable under its table name; the local files that this needs."""
    planned = scan(lake, resolve(lake, product.address, as_of))
    planned.attach(connection, *product.address.table)
    return tuple(str(path) for path in planned.paths) if planned.direct else ()


def _lock(connection: duckdb.DuckDBPyConnection, files: list[str]) -> None:
    """Let the connection read these files and nothing else, for good."""
    connection.execute("set allowed_paths = $files", {"files": files})
    connection.execute("set enable_external_access = false")
    connection.execute("set lock_configuration = true")
