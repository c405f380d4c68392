"""The pages in a real browser: moving in the graph, following lines, keys, phone, dark, without script."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from mesh_orchestration.settings import Settings
from tests.web.browser import PHONE, visitor
from tests.web.pages2.seen import LINES, REVENUE
from tests.web.service import service

pytestmark = pytest.mark.slow
GRAPH = f"/lineage?node={LINES}&columns=1"
PATHS = (
    "/lineage", GRAPH, f"/lineage?node={REVENUE}&show=jobs&up=8", f"/impact?product={LINES}",
    f"/impact?product={LINES}&column=amount", "/governance", "/governance/products", "/sla", f"/sla/{LINES}",
    f"/products/{LINES}/versions", "/traits", "/search?q=stg_till",
)  # fmt: skip


@pytest.fixture(scope="module")
def url(seen: Settings) -> Iterator[str]:
    with service(seen) as address:
        yield address


def view(page: Page) -> tuple[float, ...]:
    """What part of the picture is to be seen: left, top, width, height."""
    return tuple(float(part) for part in (page.get_attribute(".graph > svg", "viewBox") or "").split())


def test_the_picture_is_zoomed_moved_and_fitted_by_buttons_keys_and_mouse(url: str, browser: Browser) -> None:
    with visitor(browser) as page:
        page.goto(url + GRAPH)
        begin = view(page)
        page.click("[data-zoom=in]")
        assert view(page)[2] < begin[2]
        page.focus(".graph > svg")
        page.keyboard.press("0")
        fitted = view(page)
        page.keyboard.press("ArrowRight")
        assert view(page)[0] > fitted[0]
        page.keyboard.press("-")
        assert view(page)[2] > fitted[2]
        page.keyboard.press("0")
        page.mouse.move(400, 480)
        page.mouse.down()
        page.mouse.move(300, 430, steps=4)
        page.mouse.up()
        assert view(page)[0] > fitted[0]
        assert view(page)[1] > fitted[1]
        assert page.url.endswith(GRAPH)


def test_a_copied_link_opens_the_same_view(url: str, browser: Browser) -> None:
    with visitor(browser) as page:
        page.goto(url + GRAPH)
        page.click("[data-zoom=in]")
        page.click("[data-zoom=link]")
        page.wait_for_function("location.hash.startsWith('#view=')")
        copied, seen = page.url, view(page)
    with visitor(browser) as page:
        page.goto(copied)
        assert view(page) == pytest.approx(seen, abs=8)


def test_a_column_lights_up_its_whole_way_and_leads_to_it(url: str, browser: Browser) -> None:
    with visitor(browser) as page:
        page.goto(url + GRAPH)
        page.hover(f'[data-key="dataset:mesh:{REVENUE}"] [data-row=amount]')
        hot = page.locator(".edge.hot")
        assert hot.count() == 2
        assert page.locator(".field.hot").count() == 3
        page.click(f'[data-key="dataset:mesh:{LINES}"] [data-row=amount]')
        page.wait_for_url("**column=amount*")
        assert page.locator(".field.marked").count() == 3


def test_cards_are_reached_by_tab_and_opened_by_enter(url: str, browser: Browser) -> None:
    with visitor(browser) as page:
        page.goto(f"{url}/lineage?node={LINES}")
        page.focus(".graph > svg")
        page.keyboard.press("Tab")
        page.keyboard.press("Tab")
        assert page.locator(".graph.picking .node.hot").count() >= 2
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        page.wait_for_url(f"**{REVENUE}*")


def test_a_change_is_asked_for_in_the_form(url: str, browser: Browser) -> None:
    with visitor(browser) as page:
        page.goto(f"{url}/impact?product={LINES}")
        page.select_option("select[name=column]", "amount")
        page.select_option("select[name=change]", "rename")
        page.fill("input[name=to]", "value")
        page.get_by_role("button", name="Show").click()
        page.wait_for_url("**change=rename*")
        assert "is renamed to value" in page.inner_text("main")


@pytest.mark.parametrize("size", [PHONE, (1280, 900)], ids=["phone", "wide"])
def test_no_page_is_wider_than_its_window_or_complains(url: str, browser: Browser, size: tuple[int, int]) -> None:
    with visitor(browser, size=size, scheme="dark") as page:
        for path in PATHS:
            page.goto(url + path)
            assert page.evaluate("document.documentElement.scrollWidth") <= size[0], path
            assert len(page.screenshot()) > 5_000


def test_rules_and_domains_of_findings_stay_in_sight_on_a_phone(url: str, browser: Browser) -> None:
    with visitor(browser, size=PHONE) as page:
        page.goto(f"{url}/governance")
        assert page.evaluate(
            "[...document.querySelectorAll('.rules')].every((one) => one.scrollWidth <= one.parentElement.clientWidth)"
        )
        assert page.locator(".rules tbody tr").first.bounding_box()["height"] < 80  # type: ignore[index]
        domain = page.locator(".heat tbody th").first
        assert domain.evaluate("(cell) => getComputedStyle(cell).position") == "sticky"


def test_pages_can_be_read_without_script(url: str, browser: Browser) -> None:
    with visitor(browser, script=False) as page:
        for path in PATHS:
            page.goto(url + path)
            assert page.locator("h1").inner_text()
        page.goto(url + GRAPH)
        assert page.locator("[data-zoom]:visible").count() == 0
        assert page.locator(".node").count() >= 3


def test_what_tells_domains_apart_stands_out_from_its_card(url: str, browser: Browser) -> None:
    for scheme in ("light", "dark"):
        with visitor(browser, scheme=scheme) as page:  # type: ignore[arg-type]
            page.goto(f"{url}/lineage")
            for place in range(8):
                found = page.evaluate(CONTRAST, f"tint-{place}")
                assert found >= 3, f"tint {place} has {found:.2f} to 1 in {scheme}"


CONTRAST = """(tint) => {
  const channels = (colour) => {
    const canvas = new OffscreenCanvas(1, 1).getContext("2d");
    canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3).map((part) => part / 255);
  };
  const light = (colour) => {
    const [red, green, blue] = channels(colour).map((c) => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const node = document.querySelector(".node").cloneNode(true);
  node.setAttribute("class", `node ${tint}`);
  document.querySelector(".graph > svg").append(node);
  const [one, two] = [".stripe", ".box"].map((part) => light(getComputedStyle(node.querySelector(part)).fill));
  return (Math.max(one, two) + 0.05) / (Math.min(one, two) + 0.05);
}"""
