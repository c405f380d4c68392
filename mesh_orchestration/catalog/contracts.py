"""Contracts as rows: products, their columns, what they read, and every version that is known."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
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
from mesh_orchestration.contract.address import Address
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


@dataclass(frozen=True)
class Behind:
    """The products of which the catalog does not know the contract as it is now, those whose contract is gone, and
    those of which only what is wrong with their domain is another."""

    changed: tuple[str, ...]
    gone: tuple[str, ...]
    troubled: tuple[str, ...]


def behind(conn: Connection, mesh: Mesh) -> Behind:
    """Where the rows are behind the contracts. A product that was registered from outside is not gone; a contract of
    this mesh takes its address."""
    said = select(*PRODUCTS.c["address", "hash", "origin", "file", "problem"])
    known = {row.address: row for row in conn.execute(said)}
    problems = _problems(mesh)
    changed, troubled = [], []
    for one, product in mesh.products.items():
        row = known.get(address := str(one))
        if row is None or (row.hash, row.origin, row.file) != (product.fingerprint, "contract", product.source):
            changed.append(address)
        elif row.problem != problems.get(product.domain, ""):
            troubled.append(address)
    living = set(map(str, mesh.products))
    gone = [address for address, row in known.items() if row.origin == "contract" and address not in living]
    return Behind(tuple(changed), tuple(gone), tuple(troubled))


def write_some(conn: Connection, mesh: Mesh, addresses: Sequence[str]) -> None:
    """Bring the rows of these products to what their contracts say."""
    problems = _problems(mesh)
    known: set[str] = set(conn.execute(select(PRODUCTS.c.address).where(PRODUCTS.c.address.in_(addresses))).scalars())
    for address in addresses:
        product = mesh.products[Address.parse(address)]
        write_product(conn, product, "contract", new=address not in known, problem=problems.get(product.domain, ""))


def write_rest(conn: Connection, mesh: Mesh, found: Behind) -> None:
    """Bring everything to what the contracts say that is not of one product that changed: what is gone, what is wrong
    with a domain, which domains there are."""
    problems = _problems(mesh)
    for address in found.troubled:
        problem = problems.get(Address.parse(address).domain, "")
        conn.execute(update(PRODUCTS).where(PRODUCTS.c.address == address).values(problem=problem))
    forget(conn, found.gone)
    _write_domains(conn, mesh.domains, problems)


def _problems(mesh: Mesh) -> dict[str, str]:
    return {domain: str(error) for domain, error in mesh.broken.items()}


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


def write_edges(conn: Connection, pairs: Iterable[tuple[Address, Address]]) -> None:
    """Bring who reads whom, as (reader, read), to ``pairs``; what registered contracts say of themselves stays."""
    outside = select(PRODUCTS.c.address).where(PRODUCTS.c.origin == "registered")
    ours = PRODUCT_EDGES.c.consumer.not_in(outside)
    wanted = {(str(one), str(other)) for one, other in pairs}
    known = {(row.consumer, row.source) for row in conn.execute(select(PRODUCT_EDGES).where(ours))}
    if wanted != known:
        conn.execute(delete(PRODUCT_EDGES).where(ours))
        _insert(conn, PRODUCT_EDGES, [{"consumer": one, "source": other} for one, other in sorted(wanted)])


def _insert(conn: Connection, table: Any, rows: list[dict[str, Any]]) -> None:
    if rows:
        conn.execute(insert(table), rows)
