"""What a product costs: the time of its runs, the rows and bytes they wrote."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection


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
    raise NotImplementedError
