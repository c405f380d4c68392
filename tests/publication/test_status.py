"""How a product stands, in one line."""

from __future__ import annotations

from datetime import timedelta

from mesh_orchestration.publication.status import status
from mesh_orchestration.storage.catalog import Lake
from tests.builders import product
from tests.publication.publishing import NOW, ORDERS, publish_orders

HOURLY = product(sla={"freshness": "1h"})
LATER = NOW + timedelta(minutes=30)


def test_a_product_that_was_never_published(lake: Lake) -> None:
    known = status(lake, HOURLY, NOW)

    assert (known.freshness, known.rows, known.snapshot_id, known.age) == ("never", None, None, None)
    assert not known.refused


def test_a_published_product_is_ok_within_its_sla_and_late_after_it(lake: Lake) -> None:
    publication = publish_orders(lake, 1, 2, run="r1")

    known = status(lake, HOURLY, LATER)
    assert (known.freshness, known.rows, known.snapshot_id) == ("ok", 2, publication.snapshot_id)
    assert (known.passed, known.failed, known.warned) == (1, 0, 0)
    assert known.window == timedelta(hours=1)
    assert status(lake, HOURLY, NOW + timedelta(hours=2)).freshness == "late"
    assert status(lake, ORDERS, NOW + timedelta(days=9)).freshness == "ok"


def test_a_refusal_shows_with_its_reason_while_the_last_good_is_served(lake: Lake) -> None:
    publish_orders(lake, 1, 2, run="r1")
    publish_orders(lake, -1, run="r2")

    known = status(lake, HOURLY, LATER)
    assert known.refused
    assert known.refusal is not None
    assert (known.refusal.run_id, known.refusal.branch) == ("r2", "audit-r2")
    assert "positive_amount" in known.refusal.reasons[0]
    assert (known.rows, known.passed, known.failed) == (2, 0, 1)


def test_a_refusal_is_history_once_a_good_publication_follows(lake: Lake) -> None:
    publish_orders(lake, -1, run="r1")
    publish_orders(lake, 1, run="r2")

    known = status(lake, HOURLY, LATER)
    assert not known.refused
    assert known.refusal is not None
    assert (known.passed, known.failed) == (1, 0)


def test_a_refusal_that_wrote_no_rows_is_remembered_too(lake: Lake) -> None:
    publish_orders(lake, 1, run="r1")
    publish_orders(lake, run="r2", export=lambda directory: ())

    known = status(lake, HOURLY, LATER)
    assert known.refused
    assert known.refusal is not None
    assert known.refusal.branch == ""
    assert (known.passed, known.failed) == (1, 0)
