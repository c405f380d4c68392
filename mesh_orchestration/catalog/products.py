"""What the catalog says of products: one, all, or the mesh at a glance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import Connection

from mesh_orchestration.contract.model import DataProduct

Health = Literal["good", "warned", "late", "refused", "never"]


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
class ProductDetail:
    """A product with its contract; ``reads`` and ``read_by`` are the addresses next to it."""

    product: Product
    contract: DataProduct
    columns: tuple[Column, ...]
    reads: tuple[str, ...]
    read_by: tuple[str, ...]


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
class Change:
    """Something that happened: a publication, a refusal, a new version of a contract."""

    at: datetime
    kind: Literal["published", "refused", "version"]
    address: str
    text: str


@dataclass(frozen=True)
class Home:
    """The mesh at a glance at one moment; ``changes`` of the last day, newest first, at most 50 and one a product and
    kind; ``changed`` counts all of them by kind."""

    domains: tuple[Domain, ...]
    products: int
    columns: int
    health: dict[Health, int]
    changes: tuple[Change, ...]
    changed: dict[str, int]


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


def home(conn: Connection, *, now: datetime) -> Home:
    """The mesh at a glance at ``now``."""
    raise NotImplementedError


def domains(conn: Connection, *, now: datetime) -> tuple[Domain, ...]:
    """Every domain by name."""
    raise NotImplementedError


def domain(conn: Connection, name: str, *, now: datetime) -> Domain | None:
    """One domain; None when there is none of this name."""
    raise NotImplementedError


def products(
    conn: Connection, wanted: Wanted | None = None, *, now: datetime, limit: int = 100, offset: int = 0
) -> Page:
    """The products that are wanted, by address."""
    raise NotImplementedError


def product(conn: Connection, address: str, *, now: datetime) -> ProductDetail | None:
    """One product, by its address or, without ``.v<major>``, its newest major; None when there is none."""
    raise NotImplementedError


def versions(conn: Connection, address: str) -> tuple[Version, ...]:
    """Every state of the contract that is known, newest first."""
    raise NotImplementedError


def names(conn: Connection, addresses: Sequence[str]) -> dict[str, str]:
    """The titles of products by address; those without a title by their name."""
    raise NotImplementedError
