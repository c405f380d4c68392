"""Scoring: evidence is gathered from the catalog and the SLA ledger, and the traits are written down."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Integer, RowMapping, cast, delete, func, insert, select

from mesh_orchestration.catalog.assess import Evidence, assess
from mesh_orchestration.catalog.contracts import read_document
from mesh_orchestration.catalog.marks import read_mark, write_mark
from mesh_orchestration.catalog.store import Catalog
from mesh_orchestration.catalog.tables_products import (
    EXPOSURES,
    PRODUCT_EDGES,
    PRODUCTS,
    PUBLICATIONS,
    TRAITS,
    VERSIONS,
)
from mesh_orchestration.contract.address import Address
from mesh_orchestration.settings import Settings

_EVERY = timedelta(minutes=10)
"""How often all products are scored; between that, those of which something is new."""
_WINDOW = timedelta(days=7)
_MARK = "scored"
_BATCH = 500


def score_products(settings: Settings, catalog: Catalog, changed: set[str]) -> int:
    """Score the products that changed, or all when it is time; returns how many. Raises StorageError."""
    now = settings.now()
    with catalog.reading() as conn:
        last = read_mark(conn, _MARK)
        every = not last or now - datetime.fromisoformat(last) >= _EVERY
        known: Sequence[str] = conn.execute(select(PRODUCTS.c.address).order_by(PRODUCTS.c.address)).scalars().all()
        scored: set[str] = set(conn.execute(select(TRAITS.c.address).distinct()).scalars())
    wanted = [address for address in known if every or address in changed or address not in scored]
    kept = _kept(settings, wanted, now) if wanted else {}
    for start in range(0, len(wanted), _BATCH):
        with catalog.writing() as conn:
            _write(conn, wanted[start : start + _BATCH], kept)
    if every:
        with catalog.writing() as conn:
            write_mark(conn, _MARK, now.isoformat())
    return len(wanted)


def _kept(settings: Settings, addresses: Sequence[str], now: datetime) -> Mapping[str, float | None]:
    """By address, the share of the measured time in which its service levels were kept."""
    from mesh_orchestration.sla.ledger import open_ledger
    from mesh_orchestration.sla.report import Tally, report

    with open_ledger(settings) as ledger:
        said = report(settings, ledger, [Address.parse(one) for one in addresses], window=_WINDOW, end=now)
    tallies: dict[str, Tally] = {}
    for level in said.levels:
        tallies[str(level.address)] = tallies.get(str(level.address), Tally()).plus(level.tally)
    return {address: tally.compliance for address, tally in tallies.items()}


def _write(conn: Connection, addresses: Sequence[str], kept: Mapping[str, float | None]) -> None:
    conn.execute(delete(TRAITS).where(TRAITS.c.address.in_(addresses)))
    rows = [
        {
            "address": address,
            "trait": trait.name,
            "score": trait.score,
            "facts": json.dumps([asdict(fact) for fact in trait.facts], ensure_ascii=False),
        }
        for address, evidence in _evidence(conn, addresses, kept)
        for trait in assess(evidence)
    ]
    if rows:
        conn.execute(insert(TRAITS), rows)


def _evidence(
    conn: Connection, addresses: Sequence[str], kept: Mapping[str, float | None]
) -> Iterator[tuple[str, Evidence]]:
    attempts = _attempts(conn, addresses)
    readers = _counted(conn, PRODUCT_EDGES.c.source, PRODUCT_EDGES.c.source.in_(addresses))
    exposed = _counted(conn, EXPOSURES.c.source, EXPOSURES.c.source.in_(addresses))
    committed = _counted(conn, VERSIONS.c.address, VERSIONS.c.address.in_(addresses), VERSIONS.c.commit != "")
    query = select(PRODUCTS).where(PRODUCTS.c.address.in_(addresses)).order_by(PRODUCTS.c.address)
    for row in conn.execute(query).mappings():
        address = row["address"]
        product = read_document(row["document"], row["file"])
        tried = attempts.get(address)
        yield (
            address,
            Evidence(
                product=product,
                snapshot=row["snapshot"],
                passed=row["passed"],
                failed=row["failed"],
                warned=row["warned"],
                refused=row["refused"] is not None,
                published_share=tried["published"] / tried["attempts"] if tried else None,
                kept_share=kept.get(address),
                readers=readers.get(address, 0) + exposed.get(address, 0) + len(product.spec.consumers),
                judged=bool(tried and tried["judged"]),
                committed=address in committed,
                history=int(tried["published"]) if tried else 0,
            ),
        )


def _attempts(conn: Connection, addresses: Sequence[str]) -> dict[str, RowMapping]:
    """Of each product: its attempts to publish, how many were published, and whether policies judged the newest."""
    table = PUBLICATIONS
    newest = (
        select(table.c.address, func.max(table.c.at).label("at"))
        .where(table.c.address.in_(addresses), table.c.published)
        .group_by(table.c.address)
        .subquery()
    )
    judged = cast((table.c.at == newest.c.at) & (table.c.policy_hash != ""), Integer)
    query = (
        select(
            table.c.address,
            func.count().label("attempts"),
            func.sum(cast(table.c.published, Integer)).label("published"),
            func.max(func.coalesce(judged, 0)).label("judged"),
        )
        .select_from(table.outerjoin(newest, newest.c.address == table.c.address))
        .where(table.c.address.in_(addresses), table.c.rewrite == "")
        .group_by(table.c.address)
    )
    return {row["address"]: row for row in conn.execute(query).mappings()}


def _counted(conn: Connection, column: Any, *conditions: Any) -> dict[str, int]:
    query = select(column, func.count()).where(*conditions).group_by(column)
    return dict(conn.execute(query).tuples().all())
