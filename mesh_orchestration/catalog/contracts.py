"""Contracts as rows: products, their columns, what they read, and every version that is known."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Connection, delete, insert, select, update

from mesh_orchestration.catalog.tables_products import (
    CHECK_RESULTS,
    COLUMNS,
    DOMAINS,
    PRODUCT_EDGES,
    PRODUCTS,
    PUBLICATIONS,
    RUN_COSTS,
    TRAITS,
    USAGE,
    VERSIONS,
)
from mesh_orchestration.contract.mesh import Mesh
from mesh_orchestration.contract.model import DataProduct, SchemaField

Origin = Literal["contract", "registered"]
_OF_A_PRODUCT = (PRODUCTS, COLUMNS, VERSIONS, PUBLICATIONS, CHECK_RESULTS, USAGE, RUN_COSTS, TRAITS)


@dataclass(frozen=True)
class State:
    """One state of a contract as git or a registration knows it."""

    product: DataProduct
    at: datetime | None
    commit: str = ""


def write_contracts(conn: Connection, mesh: Mesh) -> tuple[str, ...]:
    """Bring the rows to what the contracts say; returns the addresses that are new, changed or gone.

    A product that was registered from outside stays until a contract of this mesh takes its address.
    """
    known = {
        row.address: row for row in conn.execute(select(*PRODUCTS.c["address", "hash", "origin", "file", "problem"]))
    }
    problems = {domain: str(error) for domain, error in mesh.broken.items()}
    living = {str(address): product for address, product in mesh.products.items()}
    gone = [address for address, row in known.items() if row.origin == "contract" and address not in living]
    changed = []
    for address, product in living.items():
        row, problem = known.get(address), problems.get(product.domain, "")
        if row is None or (row.hash, row.origin, row.file) != (product.fingerprint, "contract", product.source):
            changed.append(address)
            write_product(conn, product, "contract", new=row is None, problem=problem)
        elif row.problem != problem:
            conn.execute(update(PRODUCTS).where(PRODUCTS.c.address == address).values(problem=problem))
    forget(conn, gone)
    _write_domains(conn, mesh.domains, problems)
    _write_edges(conn, mesh)
    return (*changed, *gone)


def forget(conn: Connection, addresses: Iterable[str]) -> None:
    """Take everything out that hangs on these products."""
    for address in addresses:
        for table in _OF_A_PRODUCT:
            conn.execute(delete(table).where(table.c.address == address))
        conn.execute(delete(PRODUCT_EDGES).where(PRODUCT_EDGES.c.consumer == address))


def write_versions(conn: Connection, address: str, states: Iterable[State]) -> None:
    """Add the states of a contract that are not known yet; a commit is a better witness than none."""
    table = VERSIONS
    known = {row.hash: row for row in conn.execute(select(table).where(table.c.address == address))}
    first: dict[str, State] = {}
    for state in states:
        first.setdefault(state.product.fingerprint, state)
    for digest, state in first.items():
        row = known.get(digest)
        if row and row.document and (row.commit or not state.commit):
            continue
        if row:
            conn.execute(delete(table).where(table.c.address == address, table.c.hash == digest))
        at = state.at or (row.at if row else None)
        said = {"version": state.product.version, "at": at, "commit": state.commit, "document": document(state.product)}
        conn.execute(insert(table).values(address=address, hash=digest, **said))


def document(product: DataProduct) -> str:
    """The contract as JSON that ``DataProduct`` reads again."""
    return product.model_dump_json(by_alias=True, exclude_defaults=True)


def read_document(text: str, file: str = "") -> DataProduct:
    """The contract of such a text."""
    return DataProduct.model_validate_json(text).in_file(file)


def pii_of(field: SchemaField) -> str:
    """What makes a column personal, in a word; empty when nothing does."""
    kind = field.pii or field.constraints.pii
    return kind if isinstance(kind, str) else "yes" if kind else ""


def write_product(conn: Connection, product: DataProduct, origin: Origin, *, new: bool, problem: str = "") -> None:
    """Write a product and its columns; ``new`` says that the catalog does not have its address yet."""
    address, values = str(product.address), dict(_values(product, origin), problem=problem)
    if new:
        counts = {"passed": 0, "failed": 0, "warned": 0, "mark": ""}
        conn.execute(insert(PRODUCTS).values(address=address, **values, **counts))
    else:
        conn.execute(update(PRODUCTS).where(PRODUCTS.c.address == address).values(**values))
        conn.execute(delete(COLUMNS).where(COLUMNS.c.address == address))
    _insert(conn, COLUMNS, [{"address": address, "place": place, **one} for place, one in enumerate(_columns(product))])


def _values(product: DataProduct, origin: Origin) -> dict[str, Any]:
    said, window = product.metadata, product.spec.sla.freshness_window
    return {
        "domain": product.domain,
        "name": product.name,
        "title": said.title,
        "description": said.description,
        "owner": product.owner,
        "status": said.status,
        "version": product.version,
        "hash": product.fingerprint,
        "origin": origin,
        "file": product.source,
        "document": document(product),
        "tags": json.dumps(said.tags),
        "sunset": str(said.sunset or ""),
        "window": int(window.total_seconds()) if window else None,
    }


def _columns(product: DataProduct) -> Iterator[dict[str, Any]]:
    for field in product.fields:
        yield {
            "name": field.name,
            "type": "timestamptz" if field.is_instant else str(field.logical_type),
            "description": field.description,
            "semantics": field.semantics,
            "unit": field.unit,
            "tags": json.dumps(field.tags),
            "pii": pii_of(field),
            "mask": field.mask or "",
            "nullable": field.nullable,
            "primary_key": field.constraints.primary_key,
        }


def _write_domains(conn: Connection, names: Collection[str], problems: Mapping[str, str]) -> None:
    outside: Iterable[str] = conn.execute(
        select(PRODUCTS.c.domain).where(PRODUCTS.c.origin == "registered").distinct()
    ).scalars()
    wanted = {name: problems.get(name, "") for name in {*names, *outside}}
    if wanted != {row.name: row.problem for row in conn.execute(select(DOMAINS))}:
        conn.execute(delete(DOMAINS))
        _insert(conn, DOMAINS, [{"name": name, "problem": problem} for name, problem in sorted(wanted.items())])


def _write_edges(conn: Connection, mesh: Mesh) -> None:
    outside = select(PRODUCTS.c.address).where(PRODUCTS.c.origin == "registered")
    ours = PRODUCT_EDGES.c.consumer.not_in(outside)
    wanted = {
        (str(product.address), str(source)) for product in mesh.products.values() for source in mesh.upstream(product)
    }
    known = {(row.consumer, row.source) for row in conn.execute(select(PRODUCT_EDGES).where(ours))}
    if wanted != known:
        conn.execute(delete(PRODUCT_EDGES).where(ours))
        _insert(conn, PRODUCT_EDGES, [{"consumer": one, "source": other} for one, other in sorted(wanted)])


def _insert(conn: Connection, table: Any, rows: list[dict[str, Any]]) -> None:
    if rows:
        conn.execute(insert(table), rows)
