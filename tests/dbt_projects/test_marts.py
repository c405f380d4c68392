"""The nine marts, built once from two weeks of the replay."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import duckdb
import pyarrow.parquet as pq
import pytest
import yaml

from mesh_orchestration.replay.landing import naive_utc
from mesh_orchestration.replay.tables import CYCLE, dataset
from tests.dbt_projects.pipeline import NOW, ROOT, Pipeline

pytestmark = pytest.mark.slow

SHIFT = 9 * CYCLE  # 2026-11 replays 2017-11


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Pipeline:
    pipeline = Pipeline(tmp_path_factory.mktemp("mesh"), {"MESH_HISTORY_WEEKS": "2"})
    pipeline.emit()
    pipeline.build()
    return pipeline


def sold(columns: str, suffix: str = "") -> list[tuple[Any, ...]]:
    """The packaged transactions that the replay shows, asked without the mesh."""
    until = naive_utc(NOW) - SHIFT
    start = until - (CYCLE / 26)
    window = f"transaction_timestamp > timestamp '{start}' and transaction_timestamp <= timestamp '{until}'"
    with duckdb.connect() as con:
        return con.execute(
            f"select {columns} from read_parquet('{dataset('transactions')}') where {window} {suffix}"
        ).fetchall()


def cents(column: str) -> str:
    return f"cast(sum({column}) as decimal(14, 2))"


def test_a_mart_has_exactly_the_columns_of_its_contract(built: Pipeline) -> None:
    for address, product in built.mesh.products.items():
        (path,) = list(built.folder(str(address)).glob("*.parquet"))[:1]
        assert pq.read_schema(path).names == [field.name for field in product.fields]


def test_every_unit_test_ran(built: Pipeline) -> None:
    ran = {name for outcome in built.outcomes.values() for name in outcome if name.startswith("test_")}
    files = (ROOT / "dbt_projects").glob("*/models/marts/unit_tests.yml")
    assert ran == {test["name"] for path in files for test in yaml.safe_load(path.read_text())["unit_tests"]}


def test_order_lines_are_the_lines_the_tills_saw(built: Pipeline) -> None:
    assert built.ask(
        f"select count(*), count(distinct basket_id), {cents('sales_value')}, {cents('paid_value')} "
        "from {orders.order_lines}"
    ) == sold(
        f"count(*), count(distinct basket_id), {cents('sales_value')}, "
        f"{cents('cast(sales_value as decimal(12, 2)) - cast(coupon_disc as decimal(12, 2))')}"
    )


def test_revenue_is_the_same_in_every_domain(built: Pipeline) -> None:
    (lines,) = built.ask(f"select {cents('sales_value')}, count(*) from {{orders.order_lines}}")
    assert lines[0] > Decimal(100_000)
    for mart, counted in (
        ("orders.orders", "sum(line_count)"),
        ("billing.daily_revenue", "sum(line_count)"),
        ("inventory.daily_movements", "sum(line_count)"),
    ):
        assert built.ask(f"select {cents('sales_value')}, {counted} from {{{mart}}}") == [lines], mart


def test_a_day_of_revenue_counts_baskets_and_households_once(built: Pipeline) -> None:
    day, moment = date(2026, 11, 18), "cast(transaction_timestamp as date)"
    assert built.ask(
        "select store_id, order_count, household_count, line_count from {billing.daily_revenue} "
        f"where revenue_on = date '{day}' order by store_id"
    ) == sold(
        "store_id, count(distinct basket_id), count(distinct household_id), count(*)",
        f"and {moment} = date '{day - SHIFT}' group by store_id order by store_id",
    )


def test_manufacturers_owe_what_their_coupons_took_off(built: Pipeline) -> None:
    owed = built.ask(f"select {cents('amount_owed')}, sum(coupon_line_count) from {{billing.coupon_reimbursements}}")
    assert owed == sold(f"{cents('coupon_disc')}, count(*)", "and coupon_disc > 0")
    assert owed == built.ask(
        f"select {cents('coupon_discount')}, count(*) from {{orders.order_lines}} where coupon_discount > 0"
    )


def test_reimbursements_split_by_the_manufacturer_of_the_catalog(built: Pipeline) -> None:
    assert built.ask(
        f"select manufacturer_id, {cents('amount_owed')} from {{billing.coupon_reimbursements}} group by 1 order by 1"
    ) == built.ask(
        f"""
        select coalesce(manufacturer_id, 0), {cents("coupon_discount")}
        from {{orders.order_lines}} left join {{products.catalog}} using (product_id)
        where coupon_discount > 0 group by 1 order by 1
        """
    )


def test_campaign_money_is_what_households_with_a_redemption_that_day_took_off(built: Pipeline) -> None:
    (campaign,) = built.ask(f"select {cents('campaign_amount')} from {{billing.coupon_reimbursements}}")
    assert campaign[0] > 0
    assert [campaign] == built.ask(
        f"""
        select {cents("coupon_discount")} from {{orders.order_lines}} as lines
        where exists (
            select 1 from {{engagement.coupon_redemptions}} as redeemed
            where redeemed.household_id = lines.household_id and redeemed.redeemed_on = lines.ordered_on
        )
        """
    )


def test_promotions_keep_one_row_a_product_store_and_week(built: Pipeline) -> None:
    landed = f"read_parquet('{built.settings.landing_dir}/promotions/*.parquet')"
    ((rows, keys),) = built.ask(f"select count(*), count(distinct (product_id, store_id, week_id)) from {landed}")
    assert rows > keys
    assert built.ask("select count(*) from {engagement.promotions}") == [(keys,)]


def test_every_redemption_lies_in_its_campaign(built: Pipeline) -> None:
    assert built.ask(
        "select bool_and(redeemed_on between campaign_start and campaign_end), "
        "bool_and(day_of_campaign = redeemed_on - campaign_start), bool_and(was_targeted), count(*) > 50 "
        "from {engagement.coupon_redemptions}"
    ) == [(True, True, True, True)]
