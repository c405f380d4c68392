"""What the catalog knows of every product at once, as numbers: for metrics, so each answer is one query."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection, Subquery, func, select

from mesh_orchestration.catalog import tables_lineage as lineage
from mesh_orchestration.catalog.tables_products import CHECK_RESULTS, PRODUCTS, PUBLICATIONS, RUN_COSTS, USAGE


@dataclass(frozen=True)
class ProductMeasure:
    """A product as it stands; ``rows`` and ``bytes`` are None before its first publication, ``refused`` says that its
    newest attempt was, ``seconds`` is the time of its newest run that is known."""

    address: str
    domain: str
    owner: str
    status: str
    version: str
    published: datetime | None
    rows: int | None
    bytes: int | None
    refused: bool
    seconds: float | None


@dataclass(frozen=True)
class CheckMeasure:
    """A check in the newest attempt to publish; ``share`` of its elements broke it, None where it counts none."""

    address: str
    check: str
    severity: str
    passed: bool
    share: float | None


@dataclass(frozen=True)
class LineageMeasure:
    """The lineage graph in numbers; ``received`` is when its newest event came."""

    events: int
    nodes: Mapping[str, int]
    edges: int
    received: datetime | None


def product_measures(conn: Connection) -> tuple[ProductMeasure, ...]:
    """Every product that has a contract, by address."""
    table, seconds = PRODUCTS.c, _seconds(conn)
    named = (table.address, table.domain, table.owner, table.status, table.version)
    wanted = select(*named, table.published, table.rows, table.bytes, table.refused).order_by(table.address)
    return tuple(
        ProductMeasure(
            address=row.address,
            domain=row.domain,
            owner=row.owner,
            status=row.status,
            version=row.version,
            published=row.published,
            rows=row.rows,
            bytes=row.bytes,
            refused=row.refused is not None,
            seconds=seconds.get(row.address),
        )
        for row in conn.execute(wanted)
    )


def publication_counts(conn: Connection) -> Mapping[tuple[str, bool], int]:
    """How often each product was published (True) or refused (False)."""
    table = PUBLICATIONS.c
    same = (table.address, table.published)
    return {(row[0], bool(row[1])): row[2] for row in conn.execute(select(*same, func.count()).group_by(*same))}


def read_counts(conn: Connection) -> Mapping[str, tuple[int, int]]:
    """How often each product was read, and how often a read was denied."""
    table = USAGE.c
    wanted = select(table.address, func.sum(table.reads), func.sum(table.denied)).group_by(table.address)
    return {row[0]: (int(row[1]), int(row[2])) for row in conn.execute(wanted)}


def check_measures(conn: Connection) -> tuple[CheckMeasure, ...]:
    """Every check of every product as its newest attempt found it, by address and name."""
    attempts, checks = _newest_attempts(), CHECK_RESULTS.c
    same = (checks.address == attempts.c.address) & (checks.attempt == attempts.c.attempt)
    wanted = select(
        checks.address, checks.check, checks.severity, checks.passed, checks.unexpected, checks.elements
    ).select_from(attempts.join(CHECK_RESULTS, same))
    rows = conn.execute(wanted.order_by(checks.address, checks.check))
    return tuple(CheckMeasure(row[0], row[1], row[2], bool(row[3]), _share(row[4], row[5])) for row in rows)


def lineage_measure(conn: Connection) -> LineageMeasure:
    """What the lineage graph holds."""
    nodes = conn.execute(select(lineage.nodes.c.kind, func.count()).group_by(lineage.nodes.c.kind)).all()
    edges = conn.execute(select(func.count()).select_from(lineage.edges).where(lineage.edges.c.current)).scalar_one()
    events = lineage.events.c
    last = conn.execute(select(events.id, events.received_at).order_by(events.id.desc()).limit(1)).first()
    return LineageMeasure(
        events=last[0] if last else 0,
        nodes={str(row[0]): int(row[1]) for row in nodes},
        edges=edges,
        received=datetime.fromtimestamp(last[1] / 1e6, UTC) if last else None,
    )


def _seconds(conn: Connection) -> Mapping[str, float]:
    attempts = _newest_attempts()
    same = (RUN_COSTS.c.address == attempts.c.address) & (RUN_COSTS.c.run_id == attempts.c.run_id)
    found = conn.execute(select(attempts.c.address, RUN_COSTS.c.seconds).select_from(attempts.join(RUN_COSTS, same)))
    return {row[0]: row[1] for row in found}


def _newest_attempts() -> Subquery:
    """The newest attempt of each product: address, attempt, run."""
    table = PUBLICATIONS.c
    place = func.row_number().over(partition_by=table.address, order_by=(table.at.desc(), table.attempt.desc()))
    numbered = select(table.address, table.attempt, table.run_id, place.label("place")).subquery()
    return select(numbered.c.address, numbered.c.attempt, numbered.c.run_id).where(numbered.c.place == 1).subquery()


def _share(unexpected: int | None, elements: int | None) -> float | None:
    return unexpected / elements if elements and unexpected is not None else None
