"""What the replay must have emitted, worked out anew from the packaged year, and what did land."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import duckdb

from mesh_orchestration.replay.tables import dataset
from mesh_orchestration.settings import Settings

FIRST, CYCLE = datetime(2016, 12, 26), timedelta(days=364)  # noqa: DTZ001 - the source has no zone
_EXPECTED = {
    "transactions": """
        select household_id, store_id, basket_id + {cycle} * 100000000000 as basket_id, product_id, quantity,
               sales_value, transaction_timestamp + interval ({cycle} * 364) day as moment
        from {source}""",
    "coupon_redemptions": """
        select household_id, coupon_upc, campaign_id + {cycle} * 100 as campaign_id,
               redemption_date + interval ({cycle} * 364 + 1) day as moment
        from {source}""",
    "promotions": """
        select product_id, store_id, display_location, mailer_location, (2017 + {cycle}) * 100 + week as week_id,
               timestamp '2016-12-26 05:00:00' + interval ({cycle} * 364) day + interval (7 * (week - 1)) day as moment
        from {source}""",
}
_LANDED = {
    "transactions": """
        select household_id, store_id, basket_id, product_id, quantity, sales_value,
               transaction_timestamp as moment from {files}""",
    "coupon_redemptions": """
        select household_id, coupon_upc, campaign_id, redemption_date + interval 1 day as moment from {files}""",
    "promotions": """
        select product_id, store_id, display_location, mailer_location, week_id, week_start as moment from {files}""",
}


def landed(settings: Settings, table: str) -> str:
    """The query for all rows of a table in the landing folder."""
    files = f"read_parquet('{settings.landing_dir}/{table}/*.parquet')"
    return _LANDED.get(table, "select * from {files}").format(files=files)


def difference(settings: Settings, table: str, start: datetime, until: datetime) -> dict[str, int]:
    """How many rows of a stream are missing and how many are too many, counting copies, when exactly those
    of ``(start, until]`` must be there; ``rows`` is how many there must be."""
    source = f"read_parquet('{dataset(table)}')"
    cycles = range((start - FIRST) // CYCLE - 1, (until - FIRST) // CYCLE + 1)
    every = " union all ".join(_EXPECTED[table].format(cycle=cycle, source=source) for cycle in cycles)
    within = f"where moment > timestamp '{start}' and moment <= timestamp '{until}'"
    with duckdb.connect() as con:
        con.execute(f"create table expected as select * from ({every}) {within}")
        nothing = not list((settings.landing_dir / table).glob("*.parquet"))
        con.execute(f"create table found as {'from expected limit 0' if nothing else landed(settings, table)}")
        # Both are counted at once: `except all` would number the copies of millions of rows, twice.
        both = "select *, 1 as one from expected union all select *, -1 from found"
        short = f"select * exclude (one), sum(one) as short from ({both}) group by all having sum(one) <> 0"
        counted = "coalesce(sum(short) filter (short > 0), 0), coalesce(-sum(short) filter (short < 0), 0)"
        missing, too_many = con.execute(f"select {counted} from ({short})").fetchall()[0]
        return {"rows": _count(con, "from expected"), "missing": int(missing), "too_many": int(too_many)}


def count(settings: Settings, table: str) -> int:
    """The rows of a table in the landing folder; 0 when nothing landed."""
    if not list((settings.landing_dir / table).glob("*.parquet")):
        return 0
    with duckdb.connect() as con:
        return _count(con, landed(settings, table))


def _count(con: Any, query: str) -> int:
    return int(con.execute(f"select count(*) from ({query})").fetchall()[0][0])
