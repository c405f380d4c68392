"""What a contract's SLA means to Dagster: how old a publication may be, and how often to publish."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

import dagster as dg
from dagster._utils.schedules import is_valid_cron_schedule

from mesh_orchestration.contract.model import DataProduct
from mesh_orchestration.errors import ContractError, Problem

SHORTEST_WINDOW = timedelta(seconds=60)
WARN_SHARE = 0.75
_MINUTES = (1, 2, 3, 5, 10, 15, 20, 30)
_HOURS = (1, 2, 3, 4, 6, 8, 12)


def freshness_policy(product: DataProduct) -> dg.FreshnessPolicy | None:
    """How old the newest publication may be: fails after ``sla.freshness``, warns after 75 % of it.

    Dagster accepts no window under 60 s; a shorter SLA is judged at 60 s, and a warning that would
    fall under 60 s is left out.
    """
    window = product.spec.sla.freshness_window
    if window is None:
        return None
    fail = max(window, SHORTEST_WINDOW)
    warn = fail * WARN_SHARE
    return dg.FreshnessPolicy.time_window(fail_window=fail, warn_window=warn if warn >= SHORTEST_WINDOW else None)


def cron_schedules(products: Iterable[DataProduct]) -> tuple[str, ...]:
    """When the domain publishes: what the contracts say (``spec.schedule``), else often enough for
    the tightest freshness SLA, else nothing. Raises ContractError on an invalid cron expression."""
    products = tuple(products)
    given = dict.fromkeys(_checked(product) for product in products if product.spec.schedule)
    if given:
        return tuple(given)
    windows = [window for product in products if (window := product.spec.sla.freshness_window)]
    return (cron_for(min(windows)),) if windows else ()


def cron_for(window: timedelta) -> str:
    """The calmest even schedule with two publications in every freshness window, UTC.

    So one failed run is mended by the next before the SLA breaks.
    """
    half = window / 2
    if half >= timedelta(days=1):
        return "0 0 * * *"
    if half >= timedelta(hours=1):
        hours = max(step for step in _HOURS if timedelta(hours=step) <= half)
        return "0 * * * *" if hours == 1 else f"0 */{hours} * * *"
    minutes = max((step for step in _MINUTES if timedelta(minutes=step) <= half), default=1)
    return "* * * * *" if minutes == 1 else f"*/{minutes} * * * *"


def _checked(product: DataProduct) -> str:
    cron = product.spec.schedule or ""
    if is_valid_cron_schedule(cron):
        return cron
    raise ContractError(
        (Problem(product.source, 1, "spec.schedule", f"'{cron}' is not a cron expression; write e.g. '*/15 * * * *'"),)
    )
