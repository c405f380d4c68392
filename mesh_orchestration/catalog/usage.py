"""Who reads a product how often, from the log of decisions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import Connection, insert, select, update

from mesh_orchestration.catalog.marks import advance_mark, read_mark
from mesh_orchestration.catalog.store import Catalog
from mesh_orchestration.catalog.tables_products import USAGE
from mesh_orchestration.governance.decision_log import DecisionLog
from mesh_orchestration.settings import Settings

_MARK = "decisions"


@dataclass(frozen=True)
class UsageDay:
    """The reads of one UTC day, and those that a policy denied."""

    day: date
    reads: int
    denied: int


@dataclass(frozen=True)
class Usage:
    """The reads of a stretch of days; ``days`` has every day of it, oldest first; ``roles`` the reads by role, most
    first."""

    reads: int
    denied: int
    days: tuple[UsageDay, ...]
    roles: Mapping[str, int]


def usage(conn: Connection, address: str, *, now: datetime, days: int = 30) -> Usage:
    """How a product was read in the last ``days`` days, today included."""
    stretch = last_days(now, days)
    of_product = USAGE.c.address == address
    rows = conn.execute(select(USAGE).where(of_product, USAGE.c.day >= stretch[0].isoformat())).all()
    reads: Counter[str] = Counter()
    denied: Counter[str] = Counter()
    roles: Counter[str] = Counter()
    for row in rows:
        reads[row.day] += row.reads
        denied[row.day] += row.denied
        roles[row.role] += row.reads
    each = tuple(UsageDay(day, reads[day.isoformat()], denied[day.isoformat()]) for day in stretch)
    by_role = {role: count for role, count in sorted(roles.items(), key=lambda one: (-one[1], one[0])) if count}
    return Usage(sum(one.reads for one in each), sum(one.denied for one in each), each, by_role)


def last_days(now: datetime, days: int) -> tuple[date, ...]:
    """The last ``days`` UTC days, oldest first, the day of ``now`` included."""
    today = now.astimezone(UTC).date()
    return tuple(today - timedelta(days=back) for back in range(days - 1, -1, -1))


def count_reads(settings: Settings, catalog: Catalog) -> int:
    """Count the reads that are new in the log of decisions; returns how many. Raises StorageError."""
    with catalog.reading() as conn:
        mark = read_mark(conn, _MARK)
    counted: Counter[tuple[str, str, str, bool]] = Counter()
    last = after = int(mark or 0)
    for record in DecisionLog(settings).records(after=after):
        last, decision = record.seq, record.decision
        if decision.point == "read":
            day = record.at.astimezone(UTC).date().isoformat()
            counted[decision.subject, day, decision.role, decision.verdict == "allow"] += 1
    if last == after:
        return 0
    with catalog.writing() as conn:
        if not advance_mark(conn, _MARK, mark, str(last)):
            return 0  # somebody else has counted meanwhile
        for (address, day, role, allowed), count in counted.items():
            _add(conn, (address, day, role), count if allowed else 0, 0 if allowed else count)
    return counted.total()


def _add(conn: Connection, key: tuple[str, str, str], reads: int, denied: int) -> None:
    table = USAGE
    address, day, role = key
    done = conn.execute(
        update(table)
        .where(table.c.address == address, table.c.day == day, table.c.role == role)
        .values(reads=table.c.reads + reads, denied=table.c.denied + denied)
    )
    if not done.rowcount:
        conn.execute(insert(table).values(address=address, day=day, role=role, reads=reads, denied=denied))
