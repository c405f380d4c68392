"""What the catalog says of products: one, all, or the mesh at a glance."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import BigInteger, ColumnElement, Connection, RowMapping, case, cast, func, select

from mesh_orchestration.catalog.contracts import read_document
from mesh_orchestration.catalog.tables_products import (
    COLUMNS,
    DOMAINS,
    EXPOSURES,
    PRODUCT_EDGES,
    PRODUCTS,
    PUBLICATIONS,
    VERSIONS,
)
from mesh_orchestration.contract.address import Address
from mesh_orchestration.contract.model import DataProduct
from mesh_orchestration.moments import EPOCH, microseconds

Health = Literal["good", "warned", "late", "refused", "never"]
TROUBLED: tuple[Health, ...] = ("refused", "late", "warned")
"""What needs attention, the worst first."""
_ROW = [column for column in PRODUCTS.c if column.name != "document"]


@dataclass(frozen=True)
class Product:
    """A product in one line. ``published``, ``snapshot``, ``rows`` and ``bytes`` are those of what consumers read;
    the counts are of the last audit. ``refused`` is when the newest attempt to publish was refused, None when it
    was not. ``problem`` says what is wrong with the contracts of its domain."""

    address: str
    domain: str
    name: str
    title: str
    description: str
    owner: str
    status: str
    version: str
    tags: tuple[str, ...]
    sunset: str
    origin: Literal["contract", "registered"]
    snapshot: int | None
    published: datetime | None
    rows: int | None
    bytes: int | None
    passed: int
    failed: int
    warned: int
    refused: datetime | None
    problem: str
    health: Health


@dataclass(frozen=True)
class Column:
    """One column as the contract has it; ``pii`` and ``mask`` are empty when it has none."""

    name: str
    type: str
    description: str
    semantics: str
    unit: str
    tags: tuple[str, ...]
    pii: str
    mask: str
    nullable: bool
    primary_key: bool


@dataclass(frozen=True)
class Exposure:
    """Something outside the mesh that reads a product, as a dbt project says; ``name`` begins with its domain."""

    name: str
    type: str
    owner: str
    url: str


@dataclass(frozen=True)
class ProductDetail:
    """A product with its contract; ``reads`` and ``read_by`` are the addresses next to it."""

    product: Product
    contract: DataProduct
    columns: tuple[Column, ...]
    reads: tuple[str, ...]
    read_by: tuple[str, ...]
    exposures: tuple[Exposure, ...]


@dataclass(frozen=True)
class Version:
    """One state of a contract; ``at`` is when it was committed, else first published; ``contract`` is None when only
    a snapshot remembers it."""

    address: str
    version: str
    hash: str
    at: datetime | None
    commit: str
    contract: DataProduct | None


@dataclass(frozen=True)
class Domain:
    """One domain: its products, how many are in which health, its owners, what is wrong with its contracts."""

    name: str
    products: int
    health: dict[Health, int]
    owners: tuple[str, ...]
    reads: tuple[str, ...]
    read_by: tuple[str, ...]
    problem: str


@dataclass(frozen=True)
class Page:
    """Some of many products."""

    products: tuple[Product, ...]
    total: int


@dataclass(frozen=True)
class Wanted:
    """Which products: those of which every given word holds."""

    domain: str = ""
    owner: str = ""
    tag: str = ""
    status: str = ""
    health: Health | Literal[""] = ""


def domains(conn: Connection, *, now: datetime) -> tuple[Domain, ...]:
    """Every domain by name."""
    return _domains(conn, "", now)


def domain(conn: Connection, name: str, *, now: datetime) -> Domain | None:
    """One domain; None when there is none of this name."""
    return next(iter(_domains(conn, name, now)), None)


def products(
    conn: Connection, wanted: Wanted | None = None, *, now: datetime, limit: int = 100, offset: int = 0
) -> Page:
    """The products that are wanted, by address."""
    conditions = list(_conditions(wanted or Wanted(), now))
    rows = conn.execute(
        select(*_ROW).where(*conditions).order_by(PRODUCTS.c.address).limit(limit).offset(offset)
    ).mappings()
    found = tuple(_product(row, now) for row in rows)
    return Page(found, conn.execute(select(func.count()).select_from(PRODUCTS).where(*conditions)).scalar_one())


def troubled(conn: Connection, *, now: datetime, limit: int) -> tuple[Product, ...]:
    """The first products that need attention: refused ones, then late ones, then those that were warned."""
    health = _health(now)
    place = case({word: number for number, word in enumerate(TROUBLED)}, value=health)
    query = select(*_ROW).where(health.in_(TROUBLED)).order_by(place, PRODUCTS.c.address).limit(limit)
    return tuple(_product(row, now) for row in conn.execute(query).mappings())


def product(conn: Connection, address: str, *, now: datetime) -> ProductDetail | None:
    """One product, by its address or, without ``.v<major>``, its newest major; None when there is none."""
    row = _row(conn, address)
    if row is None:
        return None
    key = row["address"]
    columns = conn.execute(select(COLUMNS).where(COLUMNS.c.address == key).order_by(COLUMNS.c.place)).mappings()
    sources = select(PRODUCT_EDGES.c.source).where(PRODUCT_EDGES.c.consumer == key).order_by(PRODUCT_EDGES.c.source)
    readers = select(PRODUCT_EDGES.c.consumer).where(PRODUCT_EDGES.c.source == key).order_by(PRODUCT_EDGES.c.consumer)
    exposures = select(*EXPOSURES.c["consumer", "type", "owner", "url"]).where(EXPOSURES.c.source == key)
    exposures = exposures.order_by(EXPOSURES.c.consumer)
    return ProductDetail(
        product=_product(row, now),
        contract=read_document(row["document"], row["file"]),
        columns=tuple(_column(one) for one in columns),
        reads=tuple(conn.execute(sources).scalars()),
        read_by=tuple(conn.execute(readers).scalars()),
        exposures=tuple(Exposure(row.consumer, row.type, row.owner, row.url) for row in conn.execute(exposures)),
    )


def versions(conn: Connection, address: str) -> tuple[Version, ...]:
    """Every state of the contract that is known, newest first; what is not dated comes first."""
    tried = PUBLICATIONS
    query = select(tried.c.hash, func.min(tried.c.at)).where(tried.c.address == address, tried.c.published)
    published: dict[str, datetime] = dict(conn.execute(query.group_by(tried.c.hash)).tuples().all())
    found = [
        Version(
            address=address,
            version=row["version"],
            hash=row["hash"],
            at=row["at"] or published.get(row["hash"]),
            commit=row["commit"],
            contract=read_document(row["document"]) if row["document"] else None,
        )
        for row in conn.execute(select(VERSIONS).where(VERSIONS.c.address == address)).mappings()
    ]
    return tuple(sorted(found, key=lambda one: (one.at is None, one.at or EPOCH, _numbers(one.version)), reverse=True))


def majors(conn: Connection, product: DataProduct) -> dict[Address, DataProduct]:
    """The contracts of a product by address, one a major."""
    same = (PRODUCTS.c.domain == product.domain, PRODUCTS.c.name == product.name)
    rows = conn.execute(select(*PRODUCTS.c["document", "file"]).where(*same))
    return {one.address: one for one in (read_document(row.document, row.file) for row in rows)}


def summaries(conn: Connection, addresses: Collection[str], *, now: datetime) -> dict[str, Product]:
    """Products by address, in the order of ``addresses``; those that are gone are left out."""
    rows = conn.execute(select(*_ROW).where(PRODUCTS.c.address.in_(addresses))).mappings()
    found = {row["address"]: _product(row, now) for row in rows}
    return {address: found[address] for address in addresses if address in found}


def titles(conn: Connection, addresses: Collection[str]) -> dict[str, str]:
    """The titles of products by address; those without a title by their name."""
    query = select(*PRODUCTS.c["address", "title", "name"]).where(PRODUCTS.c.address.in_(addresses))
    return {row.address: row.title or row.name for row in conn.execute(query)}


def _row(conn: Connection, address: str) -> RowMapping | None:
    spelled = address.replace("-", "_")
    row = conn.execute(select(PRODUCTS).where(PRODUCTS.c.address == spelled)).mappings().one_or_none()
    if row is not None or spelled.count(".") != 1:
        return row
    place, name = spelled.split(".")
    majors = conn.execute(select(PRODUCTS).where(PRODUCTS.c.domain == place, PRODUCTS.c.name == name)).mappings().all()
    return max(majors, key=lambda one: _numbers(one["version"]), default=None)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdecimal())


def _health(now: datetime) -> ColumnElement[str]:
    late = (PRODUCTS.c.window.is_not(None)) & (cast(PRODUCTS.c.published, BigInteger) < microseconds(now) - _window())
    return case(
        (PRODUCTS.c.refused.is_not(None), "refused"),
        (PRODUCTS.c.published.is_(None), "never"),
        (late, "late"),
        (PRODUCTS.c.warned > 0, "warned"),
        else_="good",
    )


def _window() -> ColumnElement[int]:
    return PRODUCTS.c.window * 1_000_000


def _health_of(row: RowMapping, now: datetime) -> Health:
    if row["refused"]:
        return "refused"
    if row["published"] is None:
        return "never"
    if row["window"] is not None and now - row["published"] > timedelta(seconds=row["window"]):
        return "late"
    return "warned" if row["warned"] else "good"


def _product(row: RowMapping, now: datetime) -> Product:
    said = {name: row[name] for name in Product.__dataclass_fields__ if name not in {"health", "tags"}}
    return Product(**said, tags=tuple(json.loads(row["tags"])), health=_health_of(row, now))


def _column(row: RowMapping) -> Column:
    said = {name: row[name] for name in Column.__dataclass_fields__}
    return Column(**said | {"tags": tuple(json.loads(row["tags"]))})


def _conditions(wanted: Wanted, now: datetime) -> Iterator[ColumnElement[bool]]:
    for column, value in (("domain", wanted.domain), ("owner", wanted.owner), ("status", wanted.status)):
        if value:
            yield PRODUCTS.c[column] == value
    if wanted.tag:
        yield PRODUCTS.c.tags.contains(json.dumps(wanted.tag), autoescape=True)
    if wanted.health:
        yield _health(now) == wanted.health


def _domains(conn: Connection, name: str, now: datetime) -> tuple[Domain, ...]:
    health = _health(now).label("health")
    keys = (PRODUCTS.c.domain, PRODUCTS.c.owner, health)
    counted = select(*keys, func.count().label("products")).group_by(*keys).order_by(PRODUCTS.c.owner)
    known = select(DOMAINS).order_by(DOMAINS.c.name)
    if name:
        counted = counted.where(PRODUCTS.c.domain == name)
        known = known.where(DOMAINS.c.name == name)
    healths: dict[str, Counter[Health]] = {}
    owners: dict[str, dict[str, None]] = {}  # each once, in order
    for row in conn.execute(counted):
        healths.setdefault(row.domain, Counter())[row.health] += row.products
        owners.setdefault(row.domain, {})[row.owner] = None
    reads, read_by = _crossings(conn)
    return tuple(
        Domain(
            name=row.name,
            products=sum(healths.get(row.name, {}).values()),
            health=dict(healths.get(row.name, {})),
            owners=tuple(owners.get(row.name, ())),
            reads=tuple(sorted(reads.get(row.name, ()))),
            read_by=tuple(sorted(read_by.get(row.name, ()))),
            problem=row.problem,
        )
        for row in conn.execute(known)
    )


def _crossings(conn: Connection) -> tuple[dict[str, set[str]], dict[str, set[str]]]:
    """By domain, the other domains that it reads, and those that read it."""
    reads: dict[str, set[str]] = {}
    read_by: dict[str, set[str]] = {}
    for row in conn.execute(select(*PRODUCT_EDGES.c["consumer", "source"])):
        one, other = row.consumer.split(".", 1)[0], row.source.split(".", 1)[0]
        if one != other:
            reads.setdefault(one, set()).add(other)
            read_by.setdefault(other, set()).add(one)
    return reads, read_by
