"""What the mesh holds on a person, for the person: where, how many rows, and the rows as the reader may see them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import duckdb

from mesh_orchestration.contract.address import Address
from mesh_orchestration.governance.access import Access, Reader
from mesh_orchestration.governance.decision_log import Decision, DecisionLog
from mesh_orchestration.governance.guardrails import Guardrails
from mesh_orchestration.privacy.search import Found, Request, search
from mesh_orchestration.publication.query import attach
from mesh_orchestration.quoting import ident, literal
from mesh_orchestration.storage.catalog import Lake, open_lake
from mesh_orchestration.storage.snapshots import Snapshot, published


@dataclass(frozen=True)
class ProductRows:
    """What one product publishes on the person: at most as many ``rows`` as asked, masked as ``masked`` says.
    ``denied`` holds the reasons why the reader may see none, and then also ``count`` is None."""

    address: Address
    title: str
    owner: str
    purposes: tuple[str, ...]
    retention: str
    snapshot: int | None
    count: int | None
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[Any, ...], ...] = ()
    masked: Mapping[str, str] | None = None
    denied: tuple[str, ...] = ()


@dataclass(frozen=True)
class AccessReport:
    """Everything found: ``products`` with their rows, and every place (``found``) with its number of rows."""

    subject: str
    column: str
    columns: tuple[str, ...]
    unclassified: tuple[str, ...]
    products: tuple[ProductRows, ...]
    found: tuple[Found, ...]


def access_report(asked: Request, reader: Reader, *, limit: int = 20) -> AccessReport:
    """What the mesh holds on the person, as ``reader`` may see it; each read stands in the log of decisions.

    Raises PolicyError when the policies cannot be read, StorageError.
    """
    naming = asked.naming
    with open_lake(asked.settings) as lake, Guardrails(asked.settings) as guardrails:
        granted = {
            address: guardrails.access(asked.mesh.products[address], reader)
            for address in naming.products
            if asked.holding(address)
        }
        current = {address: published(lake, address) for address in granted}
        DecisionLog(asked.settings).append(
            *(_decision(asked, access, current[address], address) for address, access in granted.items())
        )
        products = tuple(
            _product(asked, lake, address, current[address], access, limit=limit) for address, access in granted.items()
        )
    denied = {one.address for one in products if one.denied}
    found = tuple(one for one in search(asked) if _may_know(one, denied))
    columns = tuple(f"{address}.{name}" for address, names in naming.products.items() for name in names)
    return AccessReport(asked.subject.name, naming.column, columns, naming.unclassified, products, found)


def _may_know(found: Found, denied: set[Address]) -> bool:
    """Whether a reader who is denied these products may know of a place: its rows would tell what they may not ask."""
    if not denied:
        return True
    if found.kind in ("engine", "refused message"):
        return found.where.split(".", 1)[0] not in {address.domain for address in denied}
    return found.kind not in ("landed", "orphan") and found.where not in set(map(str, denied))


def _decision(asked: Request, access: Access, current: Snapshot | None, address: Address) -> Decision:
    decision = access.decision(asked.mesh.products[address].columns, snapshot=current.snapshot_id if current else None)
    return Decision(
        **{**vars(decision), "reason": "; ".join((f"access report for {asked.subject.name}", *access.reasons))}
    )


def _product(
    asked: Request, lake: Lake, address: Address, current: Snapshot | None, access: Access, *, limit: int
) -> ProductRows:
    product = asked.mesh.products[address]
    known = ProductRows(
        address,
        product.metadata.title or product.name,
        product.owner,
        product.spec.access.purposes,
        product.spec.retention or "",
        current.snapshot_id if current else None,
        0,
    )
    if access.reasons:
        return ProductRows(**{**vars(known), "count": None, "denied": access.reasons})
    if current is None:
        return known
    holding = asked.holding(address)
    only = " or ".join(f"cast({ident(name)} as varchar) = {literal(text)}" for name, text in holding.items())
    schema, view = address.table
    with duckdb.connect(":memory:") as connection:
        connection.execute("set timezone = 'UTC'")
        attach(connection, lake, product, current, access, only=only)
        ((count,),) = connection.execute(f"select count(*) from {ident(schema, view)}").fetchall()
        result = connection.execute(f"select * from {ident(schema, view)} limit {limit}")
        columns = tuple(column[0] for column in result.description or ())
        rows = tuple(result.fetchall())
    return ProductRows(
        **{**vars(known), "count": count, "columns": columns, "rows": rows, "masked": dict(access.masks)}
    )
