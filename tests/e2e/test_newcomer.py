"""What a newcomer does after ``make up``, in a real browser: find a product, understand it, break it, get it back."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from mesh_orchestration.settings import Settings
from tests.cli.mesh import mesh
from tests.e2e.example import example_at
from tests.e2e.up import MeshUp
from tests.incidents.sinks import WebhookSink, webhook_sink
from tests.server.mesh_process import eventually
from tests.web.browser import browser, visitor

__all__ = ["browser"]
pytestmark = pytest.mark.slow
LINES = "orders.order_lines.v1"
COUNT = "select count(*) as lines from orders.order_lines"


@pytest.fixture(scope="module")
def hook() -> Iterator[WebhookSink]:
    with webhook_sink() as sink:
        yield sink


@pytest.fixture(scope="module")
def up(hook: WebhookSink, tmp_path_factory: pytest.TempPathFactory) -> Iterator[MeshUp]:
    seconds = {"MESH_ALERT_SECONDS": "2", "MESH_CATALOG_SECONDS": "2", "MESH_LINEAGE_SECONDS": "2"}
    settings = example_at(tmp_path_factory.mktemp("mesh"), MESH_ALERT_WEBHOOK=hook.url, **seconds)
    running = MeshUp(settings)
    try:
        running.ready()
        yield running
    finally:
        if running.process.poll() is None:
            running.end(signal.SIGTERM)


@pytest.fixture
def page(browser: Browser, up: MeshUp) -> Iterator[Page]:
    with visitor(browser) as page:
        yield page


def text(page: Page, url: str) -> str:
    """What the page at ``url`` says, on one line."""
    page.goto(url)
    return " ".join(page.inner_text("main").split())


def lines(settings: Settings) -> str:
    answer = mesh(settings, "query", COUNT, "--json")
    assert answer.code == 0, answer.err
    return answer.out


def test_one_address_leads_to_a_product_that_explains_itself(up: MeshUp, page: Page) -> None:
    eventually(lambda: f"the catalog is at {up.catalog}: start there" in up.said)
    eventually(lambda: "Order lines" in text(page, f"{up.catalog}/search?q=till"))
    assert "9 data products" in text(page, up.catalog)
    assert "All published products are healthy" in page.inner_text("main")
    page.keyboard.press("/")
    page.keyboard.type("bascket at the till")
    page.keyboard.press("Enter")
    page.get_by_role("link", name="Order lines").first.click()

    said = " ".join(page.inner_text("main").split())
    assert page.url.startswith(f"{up.catalog}/products/{LINES}")
    assert "One row per basket_id, product_id" in said
    assert "team-orders@example.com" in said
    page.get_by_role("link", name="Use it", exact=True).click()
    assert "mesh query" in page.inner_text("#use")


def test_its_lineage_crosses_the_domains(up: MeshUp, page: Page) -> None:
    def drawn() -> bool:
        said = text(page, f"{up.catalog}/lineage?node={LINES}")
        return all(one in said for one in ("daily_revenue.v1 billing", "daily_movements.v1 inventory"))

    eventually(drawn)
    assert page.locator("svg a").count() >= 3


def test_bad_data_is_seen_told_and_kept_from_readers_until_it_is_mended(
    up: MeshUp, page: Page, hook: WebhookSink
) -> None:
    product = f"{up.catalog}/products/{LINES}"
    before = lines(up.settings)

    assert mesh(up.settings, "demo", "break", "orders.order_lines").code == 0
    refused = mesh(up.settings, "run", "orders.order_lines")
    eventually(lambda: "The newest data was refused" in text(page, product))
    assert (refused.code, lines(up.settings)) == (1, before)
    assert "Readers still get the last good data" in page.inner_text("main")
    page.get_by_role("link", name="See the failed checks").click()
    assert page.locator("#checks").get_by_text("Failed").count() >= 1
    eventually(lambda: len(hook.titles) >= 1)
    assert f"{LINES}: not published" in hook.titles[0]
    eventually(lambda: "Refused" in text(page, up.catalog) and LINES in page.inner_text("#attention"))
    page.get_by_role("link", name=LINES).last.click()

    assert mesh(up.settings, "demo", "heal", "orders.order_lines").code == 0
    assert mesh(up.settings, "run", "orders.order_lines").code == 0
    eventually(lambda: "Healthy" in text(page, product) and "was refused" not in page.inner_text("main"))
    eventually(lambda: any("[RESOLVED]" in title and LINES in title for title in hook.titles))
    eventually(lambda: "None. Whatever fails" in text(page, up.catalog))
