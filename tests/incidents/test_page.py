"""The pages of incidents, served by a real service to a real browser."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, expect

from mesh_orchestration.incidents.events import Finding
from mesh_orchestration.incidents.signals import Signal
from mesh_orchestration.incidents.store import open_store
from mesh_orchestration.settings import Settings
from tests.cli.mesh import mesh
from tests.incidents.scene import Scene, signal
from tests.web.browser import PHONE, browser, visitor
from tests.web.pages1.site import HOSTILE, site_at
from tests.web.service import service

__all__ = ["browser"]

LINES, REVENUE = "orders.order_lines.v1", "billing.revenue.v1"
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A mesh whose order lines were refused, which made revenue late, and whose contracts are hostile."""
    settings = site_at(tmp_path_factory.mktemp("incidents"))
    found = Finding("contract__between__amount", "expect_column_values_to_be_between", HOSTILE, "0.5", "1", 2, 1, 1)
    refused = Signal(LINES, "contract", "error", 1_800_000_000.0, "", "run1", ("contract__between__amount",), (found,))
    with open_store(settings) as store:
        scene = Scene(settings, store, at=settings.now().timestamp() - 900)
        scene.say("raised", refused)
        scene.say("raised", signal(REVENUE, "sla", check="freshness", error=HOSTILE), source="sla", later=300)
        scene.say("raised", signal("billing.revenue.v2", "check", "warn", check="mean"))
        scene.say("cleared", signal("billing.revenue.v2", "check", "warn", check="mean"))
    return settings


@pytest.fixture(scope="module")
def site(shown: Settings) -> Iterator[str]:
    with service(shown, MESH_ALERT_SECONDS="1") as url:
        yield url


def test_a_person_finds_the_incident_reads_its_timeline_acknowledges_and_resolves_it(
    browser: Browser, site: str, shown: Settings
) -> None:
    with visitor(browser) as page:
        page.goto(f"{site}/incidents")
        _picture(page, "incidents")
        page.get_by_role("link", name=LINES).first.click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Not published: “amount is at least 0” does not hold")
        expect(page.get_by_role("link", name="amount is at least 0")).to_be_visible()
        expect(page.get_by_text("broken by 1 of 2 rows, 50\u202f%")).to_be_visible()
        expect(page.get_by_text("Made late downstream")).to_be_visible()
        expect(page.get_by_text("the last good data")).to_be_visible()
        expect(page.get_by_text("Rows that broke").first).to_be_visible()
        expect(page.get_by_role("link", name="Run run1 in Dagster").first).to_be_visible()
        _picture(page, "incident")
        page.get_by_role("button", name="Acknowledge").click()
        expect(page.get_by_text("Looked after by")).to_be_visible()
        page.get_by_label("Why it is resolved").fill("the source was mended")
        page.get_by_role("button", name="Resolve").click()
        expect(page.get_by_text("Resolved by hand")).to_be_visible()
        assert not page.evaluate("window.pwned")
    with visitor(browser, size=PHONE, scheme="dark") as page:
        page.goto(f"{site}/incidents?state=all")
        _picture(page, "incidents-phone")
        page.get_by_role("link", name=LINES).first.click()
        _picture(page, "incident-phone")
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    with open_store(shown) as store:
        assert store.incident(LINES).state == "resolved"


def test_a_person_mutes_a_product_from_its_incident_and_tells_of_it_again(
    browser: Browser, site: str, shown: Settings
) -> None:
    with visitor(browser) as page:
        page.goto(f"{site}/incidents?state=all")
        page.get_by_role("link", name="billing.revenue.v2").first.click()
        page.get_by_text("Mute", exact=True).first.click()
        page.get_by_label("For how long").select_option("2 hours")
        page.get_by_label("because of").fill(HOSTILE)
        _picture(page, "incident-mute")
        page.get_by_role("button", name="Mute", exact=True).click()
        expect(page.get_by_text("Nobody is told of billing.revenue.v2")).to_be_visible()
        with open_store(shown) as store:
            (muted,) = store.mutes(shown.now().timestamp())
        assert (muted.subject, muted.reason, muted.until - muted.since) == ("billing.revenue.v2", HOSTILE, 7200)
        _picture(page, "incidents-muted")
        page.get_by_role("button", name="Unmute billing.revenue.v2").click()
        expect(page.get_by_text("Nobody is told of")).to_have_count(0)
        page.get_by_text("Mute", exact=True).first.click()
        page.get_by_label("Tell nobody of").fill("orders")
        page.get_by_role("button", name="Mute", exact=True).click()
        page.goto(f"{site}/incidents/{LINES}")
        expect(page.get_by_text("Nobody is told of orders until")).to_be_visible()
        page.get_by_role("button", name="Unmute orders").click()
        expect(page.get_by_text("Nobody is told of")).to_have_count(0)
        assert not page.evaluate("window.pwned")
    with open_store(shown) as store:
        assert store.mutes(shown.now().timestamp()) == ()


def test_only_callers_with_the_right_mute_and_see_the_forms(shown: Settings) -> None:
    asked = {"subject": "orders", "length": "2h"}
    with service(shown, MESH_AUTH="token") as url:
        reads, mends = (
            {"Authorization": f"Bearer {mesh(shown, 'token', 'create', name, '--role', 'engineer', *may).out.strip()}"}
            for name, may in (("reads", ()), ("mends", ("--may", "incidents")))
        )
        with httpx.Client(base_url=url, timeout=30) as client:
            assert client.post("/incidents/mute", data=asked).status_code == 401
            seen = client.get("/incidents", headers=reads)
            assert (seen.status_code, 'action="/incidents/mute"' in seen.text) == (200, False)
            page = client.get("/incidents", headers=mends).text
            form = asked | {"csrf": page.split('name="csrf" value="')[1].split('"')[0]}
            assert client.post("/incidents/mute", data=form, headers=reads).status_code == 403
            assert client.post("/incidents/mute", data=asked, headers=mends).status_code == 403
            assert client.post("/incidents/mute", data=form, headers=mends).status_code == 303
            assert client.post("/incidents/mute", data=form | {"length": "1y"}, headers=mends).status_code == 422
            unknown = client.post("/incidents/mute", data=form | {"subject": "nothing"}, headers=mends)
            assert (unknown.status_code, "is not a data product" in unknown.text) == (422, True)
            with open_store(shown) as store:
                assert [(one.subject, one.by) for one in store.mutes(shown.now().timestamp())] == [("orders", "mends")]
            assert client.post("/incidents/unmute", data=form, headers=reads).status_code == 403
            assert client.post("/incidents/unmute", data=form, headers=mends).status_code == 303
    with open_store(shown) as store:
        assert store.mutes(shown.now().timestamp()) == ()


def test_the_service_sends_what_is_due(site: str, shown: Settings) -> None:
    with open_store(shown) as store:
        states = {one.state for one in store.deliveries(store.incident("billing.revenue.v2").id)}

    assert states == {"sent"}


def test_a_form_from_elsewhere_and_an_unknown_incident_are_refused(site: str) -> None:
    assert httpx.post(f"{site}/incidents/{LINES}/resolve", data={"reason": "x"}).status_code == 403
    assert httpx.post(f"{site}/incidents/mute", data={"subject": "orders", "length": "2h"}).status_code == 403
    assert httpx.post(f"{site}/incidents/unmute", data={"subject": "orders"}).status_code == 403
    assert httpx.get(f"{site}/incidents/nothing").status_code == 404
    assert httpx.get(f"{site}/incidents?state=odd").status_code == 422


def _picture(page: object, name: str) -> None:
    """Keep a picture of the page where MESH_TEST_PICTURES says so, for eyes."""
    if folder := os.environ.get("MESH_TEST_PICTURES"):
        page.screenshot(path=str(Path(folder) / f"{name}.png"), full_page=True)  # type: ignore[attr-defined]
