"""``mesh incidents`` as people type it."""

from __future__ import annotations

from pathlib import Path

import pytest

from mesh_orchestration.incidents.store import open_store
from mesh_orchestration.settings import Settings
from tests.cli.mesh import mesh, mesh_each
from tests.incidents.scene import ORDERS, REVENUE, Scene, mesh_of_three, signal

pytestmark = pytest.mark.slow


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A mesh whose orders were refused, which made revenue late."""
    settings = mesh_of_three(tmp_path)
    with open_store(settings) as store:
        scene = Scene(settings, store, at=settings.now().timestamp() - 600)
        scene.say("raised", signal(error="5 of 10 rows"))
        scene.say("raised", signal(REVENUE, "freshness"))
    return settings


def test_an_incident_is_listed_looked_into_acknowledged_and_resolved(settings: Settings) -> None:
    named = mesh(settings, "incidents", "--json")
    listed, shown, acked, resolved, over, history, again = mesh_each(
        settings,
        ("incidents", REVENUE),
        ("incidents", "show", ORDERS.removesuffix(".v1")),
        ("incidents", "ack", ORDERS),
        ("incidents", "resolve", named.json[0]["id"][:8], "--reason", "mended"),
        ("incidents",),
        ("incidents", "history", "orders", "--json"),
        ("incidents", "ack", ORDERS),
    )

    assert (named.code, [one["affected"] for one in named.json]) == (1, [{REVENUE: "team:billing"}])
    assert (listed.code, ORDERS in listed.out) == (1, True)
    assert shown.code == 1
    assert "opened: orders.orders.v1: 5 of 10 rows" in shown.out
    assert "waiting: [ERROR] orders.orders.v1: not published, the contract is broken -> log" in shown.out
    assert (acked.code, "acknowledged by" in acked.out) == (0, True)
    assert (resolved.code, over.code, over.out) == (0, 0, "nothing is wrong: no open incident\n")
    assert [one["state"] for one in history.json] == ["resolved"]
    assert (again.code, "is over already: resolved" in again.err) == (2, True)


def test_a_domain_is_muted_for_a_while_and_told_of_again(settings: Settings) -> None:
    muted, listed, ended, unknown, wrong = mesh_each(
        settings,
        ("incidents", "mute", "orders", "--for", "2h", "--reason", "migration"),
        ("incidents",),
        ("incidents", "mute", "orders", "--end"),
        ("incidents", "mute", "nothing"),
        ("incidents", "mute", "orders", "--for", "soon"),
    )

    assert muted.out.startswith("nobody is told of orders until ")
    assert ": orders (migration)" in listed.out
    assert ended.out == "orders is told of again\n"
    assert (unknown.code, "'nothing' is not a data product" in unknown.err) == (1, True)
    assert (wrong.code, "--for: 'soon' is not a duration" in wrong.err) == (2, True)
