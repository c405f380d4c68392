"""What is watched of a product: series of numbers, one point a publication."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

ROWS, GAP, DELAY, NULLS, MEAN, DISTINCT, FAILING = "rows", "gap", "delay", "nulls", "mean", "distinct", "failing"


@dataclass(frozen=True)
class Metric:
    """One kind of number: ``about`` is the kind of anomaly it shows, ``unit`` how it is written. A value is expected
    at least ``floor`` (and the share ``relative`` of itself) around the middle, however still history was.
    ``scaled`` are those whose changes are shares of themselves; ``late`` those where only a great value is odd."""

    name: str
    about: Literal["volume", "freshness", "nulls", "distribution", "checks"]
    unit: Literal["rows", "seconds", "share", "values", "number"]
    floor: float
    relative: float
    scaled: bool = False
    late: bool = False


METRICS: Mapping[str, Metric] = {
    one.name: one
    for one in (
        Metric(ROWS, "volume", "rows", 2, 0.05, scaled=True),
        Metric(GAP, "freshness", "seconds", 60, 0.25, late=True),
        Metric(DELAY, "freshness", "seconds", 60, 0.25, late=True),
        Metric(NULLS, "nulls", "share", 0.01, 0),
        Metric(MEAN, "distribution", "number", 0, 0.02),
        Metric(DISTINCT, "distribution", "values", 2, 0.1, scaled=True),
        Metric(FAILING, "checks", "share", 0.01, 0),
    )
}
"""What is watched, in the order in which it is shown."""


@dataclass(frozen=True)
class Key:
    """One series: ``subject`` is the column or check it is about, empty for the product as a whole."""

    address: str
    metric: str
    subject: str = ""

    def __str__(self) -> str:
        return " ".join(filter(None, (self.address, self.metric, self.subject)))


@dataclass(frozen=True)
class Expected:
    """The range that history lets expect, and its ``middle``; ``points`` is how many publications it follows from,
    ``rhythm`` the season that was found in them (``daily``, ``weekly``, both, or empty)."""

    low: float
    high: float
    middle: float
    points: int
    rhythm: str = ""

    def holds(self, value: float) -> bool:
        return self.low <= value <= self.high


@dataclass(frozen=True)
class Point:
    """One number of one publication; ``expected`` is what was expected before it came, None while history was too
    short to say."""

    at: datetime
    snapshot: int
    value: float
    expected: Expected | None = None

    @property
    def odd(self) -> bool:
        return self.expected is not None and not self.expected.holds(self.value)


@dataclass(frozen=True)
class Finding:
    """One anomaly: a series outside of what was expected, from ``opened`` until ``closed`` (None while it lasts).

    ``value``, ``expected`` and ``snapshot`` are those of its newest point, ``count`` is how many publications were
    odd in a row; ``text`` says in one sentence what was seen, what was expected and from what. ``ending`` says how
    it ended. Always a warning.
    """

    key: Key
    opened: datetime
    seen: datetime
    snapshot: int
    value: float
    expected: Expected
    text: str
    count: int = 1
    closed: datetime | None = None
    ending: str = ""

    @property
    def id(self) -> str:
        """A name that stays the same as long as the anomaly lasts, and is no other's."""
        return f"{self.key}@{self.opened.isoformat()}"
