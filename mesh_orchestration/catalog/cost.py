"""What a product costs: the time of its runs, the rows and bytes they wrote."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from statistics import median
from typing import Any

from sqlalchemy import Connection, and_, delete, insert, select

from mesh_orchestration.catalog.tables_products import PUBLICATIONS, RUN_COSTS
from mesh_orchestration.catalog.usage import last_days


@dataclass(frozen=True)
class CostDay:
    """One UTC day: attempts to publish, seconds of run time, rows and bytes written."""

    day: date
    attempts: int
    seconds: float
    rows: int
    bytes: int


@dataclass(frozen=True)
class Cost:
    """The cost of a stretch of days; ``days`` has every day of it, oldest first. ``timed`` is of how many attempts the
    run time is known; ``per_run`` the median of their seconds."""

    attempts: int
    timed: int
    seconds: float
    per_run: float | None
    rows: int
    bytes: int
    days: tuple[CostDay, ...]


def cost(conn: Connection, address: str, *, now: datetime, days: int = 30) -> Cost:
    """What a product cost in the last ``days`` days, today included."""
    stretch = last_days(now, days)
    table = PUBLICATIONS
    timed = and_(RUN_COSTS.c.run_id == table.c.run_id, RUN_COSTS.c.address == table.c.address)
    query = (
        select(*table.c["at", "rows", "bytes"], RUN_COSTS.c.seconds)
        .select_from(table.outerjoin(RUN_COSTS, timed))
        .where(table.c.address == address, table.c.at >= datetime.combine(stretch[0], time(), UTC))
    )
    found: dict[date, list[Any]] = {}
    for row in conn.execute(query):
        found.setdefault(row.at.date(), []).append(row)
    each = tuple(_day(day, found.get(day, ())) for day in stretch)
    seconds = [row.seconds for rows in found.values() for row in rows if row.seconds is not None]
    return Cost(
        attempts=sum(day.attempts for day in each),
        timed=len(seconds),
        seconds=sum(seconds),
        per_run=median(seconds) if seconds else None,
        rows=sum(day.rows for day in each),
        bytes=sum(day.bytes for day in each),
        days=each,
    )


def untimed(conn: Connection, *, since: datetime | None = None) -> dict[str, tuple[str, ...]]:
    """The runs since then whose time is not known, with the products that each tried to publish."""
    table = PUBLICATIONS
    known = and_(RUN_COSTS.c.run_id == table.c.run_id, RUN_COSTS.c.address == table.c.address)
    query = (
        select(table.c.run_id, table.c.address)
        .select_from(table.outerjoin(RUN_COSTS, known))
        .where(RUN_COSTS.c.run_id.is_(None), table.c.run_id != "", table.c.rewrite == "")
        .order_by(table.c.run_id, table.c.address)
        .distinct()
    )
    found: dict[str, tuple[str, ...]] = {}
    for row in conn.execute(query.where(table.c.at >= since) if since else query):
        found[row.run_id] = (*found.get(row.run_id, ()), row.address)
    return found


def write_costs(conn: Connection, run_id: str, seconds: Mapping[str, float]) -> None:
    """Write the seconds that a run spent on each product, by address."""
    conn.execute(delete(RUN_COSTS).where(RUN_COSTS.c.run_id == run_id))
    rows = [{"run_id": run_id, "address": address, "seconds": spent} for address, spent in seconds.items()]
    if rows:
        conn.execute(insert(RUN_COSTS), rows)


def _day(day: date, rows: Sequence[Any]) -> CostDay:
    seconds = sum(row.seconds or 0.0 for row in rows)
    return CostDay(day, len(rows), seconds, sum(row.rows for row in rows), sum(row.bytes for row in rows))
