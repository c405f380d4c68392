"""Who reads a product how often, from the log of decisions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection


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
    raise NotImplementedError
