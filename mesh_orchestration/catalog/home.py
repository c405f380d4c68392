"""The mesh at a glance."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import Connection, func, select

from mesh_orchestration.catalog.products import TROUBLED, Domain, Health, Product, domains, summaries, troubled
from mesh_orchestration.catalog.tables_products import COLUMNS, PRODUCT_EDGES, PRODUCTS, PUBLICATIONS, VERSIONS

_RECENT = timedelta(days=1)
_SHOWN, _TROUBLED_SHOWN, _CENTRAL_SHOWN = 50, 8, 10


@dataclass(frozen=True)
class Change:
    """Something that happened: a publication, a refusal, a new version of a contract."""

    at: datetime
    kind: Literal["published", "refused", "version"]
    address: str
    text: str


@dataclass(frozen=True)
class Home:
    """The mesh at a glance at one moment: ``attention`` holds the first products that need some, ``central`` those that
    most others read, with by how many; ``changes`` are those of the last day, newest first, at most 50 and one a
    product and kind; ``changed`` counts all of them by kind."""

    domains: tuple[Domain, ...]
    products: int
    columns: int
    health: dict[Health, int]
    attention: tuple[Product, ...]
    central: tuple[tuple[Product, int], ...]
    changes: tuple[Change, ...]
    changed: dict[str, int]


def home(conn: Connection, *, now: datetime) -> Home:
    """The mesh at a glance at ``now``."""
    known = domains(conn, now=now)
    health: Counter[Health] = Counter()
    for one in known:
        health.update(one.health)
    changes = sorted(_changes(conn, now - _RECENT), key=lambda one: one.at, reverse=True)
    newest: dict[tuple[str, str], Change] = {}
    for change in changes:
        newest.setdefault((change.kind, change.address), change)
    return Home(
        domains=known,
        products=sum(one.products for one in known),
        columns=conn.execute(select(func.count()).select_from(COLUMNS)).scalar_one(),
        health=dict(health),
        attention=troubled(conn, now=now, limit=_TROUBLED_SHOWN) if health.keys() & set(TROUBLED) else (),
        central=_central(conn, now),
        changes=tuple(newest.values())[:_SHOWN],
        changed=dict(Counter(change.kind for change in changes)),
    )


def _central(conn: Connection, now: datetime) -> tuple[tuple[Product, int], ...]:
    """The products that most others read."""
    readers = func.count(PRODUCT_EDGES.c.consumer)
    query = (
        select(PRODUCTS.c.address, readers)
        .select_from(PRODUCTS.outerjoin(PRODUCT_EDGES, PRODUCT_EDGES.c.source == PRODUCTS.c.address))
        .group_by(PRODUCTS.c.address)
        .order_by(readers.desc(), PRODUCTS.c.address)
        .limit(_CENTRAL_SHOWN)
    )
    counts: dict[str, int] = dict(conn.execute(query).tuples().all())
    found = summaries(conn, tuple(counts), now=now)
    return tuple((one, counts[address]) for address, one in found.items())


def _changes(conn: Connection, since: datetime) -> Iterator[Change]:
    table = PUBLICATIONS
    query = select(*table.c["at", "address", "published", "rows", "reasons", "rewrite"]).where(table.c.at >= since)
    for row in conn.execute(query):
        if row.published:
            told = f"{row.rows:,} rows" + (f" after {row.rewrite}" if row.rewrite else "")
            yield Change(row.at, "published", row.address, told)
        else:
            yield Change(row.at, "refused", row.address, "; ".join(json.loads(row.reasons)))
    versions = select(*VERSIONS.c["at", "address", "version"]).where(VERSIONS.c.at >= since)
    for row in conn.execute(versions):
        yield Change(row.at, "version", row.address, f"contract {row.version}")
