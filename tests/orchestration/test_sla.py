from __future__ import annotations

from datetime import timedelta

import pytest

from mesh_orchestration.errors import ContractError
from mesh_orchestration.orchestration.sla import cron_for, cron_schedules, freshness_policy
from tests.builders import product


@pytest.mark.parametrize(
    ("window", "cron"),
    [
        (timedelta(seconds=30), "* * * * *"),
        (timedelta(minutes=15), "*/5 * * * *"),
        (timedelta(hours=1), "*/30 * * * *"),
        (timedelta(hours=2), "0 * * * *"),
        (timedelta(hours=24), "0 */12 * * *"),
        (timedelta(days=2), "0 0 * * *"),
        (timedelta(days=30), "0 0 * * *"),
    ],
)
def test_a_freshness_window_holds_at_least_two_scheduled_publications(window: timedelta, cron: str) -> None:
    assert cron_for(window) == cron


def test_the_tightest_sla_of_a_domain_gives_its_schedule() -> None:
    products = [product(sla={"freshness": "24h"}), product("orders.orders.v1", sla={"freshness": "1h"})]
    assert cron_schedules(products) == ("*/30 * * * *",)


def test_schedules_written_in_contracts_win_over_slas() -> None:
    products = [product(sla={"freshness": "1h"}), product("orders.orders.v1", schedule="15 3 * * *")]
    assert cron_schedules(products) == ("15 3 * * *",)


def test_a_domain_without_sla_and_schedule_is_not_scheduled() -> None:
    assert cron_schedules([product()]) == ()


def test_an_invalid_cron_expression_is_refused_with_its_place() -> None:
    with pytest.raises(ContractError, match=r"spec.schedule: '99 25 \* \* \*' is not a cron expression"):
        cron_schedules([product(schedule="99 25 * * *")])


def test_freshness_warns_after_three_quarters_of_the_window() -> None:
    policy = freshness_policy(product(sla={"freshness": "1h"}))
    assert policy is not None
    assert (policy.warn_window.to_timedelta(), policy.fail_window.to_timedelta()) == (
        timedelta(minutes=45),
        timedelta(hours=1),
    )


def test_a_window_that_dagster_cannot_watch_is_judged_at_one_minute_without_warning() -> None:
    policy = freshness_policy(product(sla={"freshness": "10s"}))
    assert policy is not None
    assert (policy.warn_window, policy.fail_window.to_timedelta()) == (None, timedelta(minutes=1))


def test_a_product_without_freshness_sla_has_no_policy() -> None:
    assert freshness_policy(product()) is None
