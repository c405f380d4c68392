"""The service levels as metrics."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from prometheus_client.core import Metric

from mesh_orchestration.monitoring import metrics
from mesh_orchestration.settings import Settings
from mesh_orchestration.sla.glance import Glance, glance
from mesh_orchestration.sla.ledger import open_ledger

BUDGET_WINDOW = timedelta(days=30)
BURN_WINDOWS = {"1h": timedelta(hours=1), "6h": timedelta(hours=6), "3d": timedelta(days=3)}


def level_metrics(settings: Settings, now: datetime) -> Iterator[Metric]:
    """The families of every service level that is promised at ``now``; raises StorageError."""
    with open_ledger(settings) as ledger:
        found = glance(settings, ledger, (*BURN_WINDOWS.values(), BUDGET_WINDOW), now=now)
        looked = max((standing.seen for standing in ledger.standings().values()), default=None)
    keyed = [((one.address, one.address.split(".", 1)[0], one.level), one) for one in found]
    yield metrics.SLA_LOOKED.family([((), looked.timestamp() if looked else 0.0)])
    yield metrics.SLA_BROKEN.family((key, float(one.state == "broken")) for key, one in keyed)
    yield metrics.SLA_UNKNOWN.family((key, float(one.state == "unknown")) for key, one in keyed)
    yield metrics.SLA_VALUE.family((key, one.value) for key, one in keyed if one.value is not None)
    yield metrics.SLA_THRESHOLD.family((key, one.threshold) for key, one in keyed if one.threshold is not None)
    yield metrics.SLA_COMPLIANCE.family(
        (key, share) for key, one in keyed if (share := one.tallies[BUDGET_WINDOW].compliance) is not None
    )
    yield metrics.SLA_BUDGET.family((key, left) for key, one in keyed if (left := _left(one)) is not None)
    yield metrics.SLA_BURN.family(
        ((*key, word), burn)
        for key, one in keyed
        for word, window in BURN_WINDOWS.items()
        if (burn := one.tallies[window].burn) is not None
    )


def _left(one: Glance) -> float | None:
    burn = one.tallies[BUDGET_WINDOW].burn
    return None if burn is None else 1 - burn
