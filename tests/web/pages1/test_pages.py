"""Pages in a real browser, from the real service, over a mesh whose texts are hostile."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys

import httpx
import pytest
import yaml
from playwright.sync_api import Browser, Page, expect

from mesh_orchestration.settings import Settings
from tests.builders import product
from tests.cli.mesh import environment
from tests.web.browser import PHONE, visitor
from tests.web.pages1.site import HOSTILE

pytestmark = pytest.mark.slow
LINES = "/products/orders.order_lines.v1"
PAGES = ("/", "/search", "/search?q=order", "/domains", "/domains/orders", LINES, "/products/billing.revenue.v1",
         f"{LINES}/checks/contract__between__amount", f"{LINES}/sample")  # fmt: skip


def test_home_tells_what_needs_attention_and_what_changed(site: str, browser: Browser) -> None:
    with visitor(browser) as page:
        page.goto(site)
        attention = page.locator("#attention")
        expect(attention).to_contain_text("orders.order_lines.v1")
        expect(attention.locator(".tone.bad")).to_have_text("Refused")
        expect(page.locator(".news")).to_contain_text("refused")
        products = page.locator(".card", has=page.get_by_role("heading", name="Products", exact=True)).locator(
            "tbody tr"
        )
        expect(products).to_have_count(3)
        expect(products.first).to_contain_text("1 product")
        page.get_by_role("link", name="billing", exact=True).click()
        expect(page).to_have_url(f"{site}/domains/billing")


def test_a_product_page_tells_that_last_good_data_is_served_while_the_newest_is_refused(
    site: str, browser: Browser
) -> None:
    with visitor(browser) as page:
        page.goto(site + LINES)
        expect(page.locator(".notice.bad")).to_contain_text("Readers still get the last good data")
        page.get_by_role("link", name="See the failed checks").click()
        first = page.locator("#checks tbody tr").first
        expect(first).to_contain_text("Failed")
        expect(first.locator("svg.strip rect")).to_have_count(3)
        first.get_by_role("link").click()
        expect(page.get_by_role("heading", name="Rows that broke it")).to_be_visible()
        expect(page.locator("main")).to_contain_text("-2.00")
        expect(page.locator("main")).not_to_contain_text("ann@example.com")


def test_columns_tell_what_is_promised_of_them_and_what_does_not_hold(site: str, browser: Browser) -> None:
    with visitor(browser) as page:
        page.goto(f"{site}{LINES}#schema")
        promised = page.locator("#column-amount .promise")
        expect(promised).to_have_text(["not null", "at least 0"])
        expect(promised.last).to_contain_class("bad")
        promised.last.get_by_role("link").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("amount is at least 0")


def test_an_anomaly_is_told_with_what_was_expected(site: str, browser: Browser) -> None:
    with visitor(browser) as page:
        page.goto(f"{site}{LINES}#checks")
        expect(page.locator("#checks .tone.warn").first).to_be_visible()
        expect(page.locator("#checks")).to_contain_text("4 rows, where 1 to 3 are usual")


def test_nothing_of_a_contract_or_a_comment_runs(site: str, browser: Browser) -> None:
    with visitor(browser) as page:
        page.goto(site + LINES + "#feedback")
        page.get_by_role("textbox", name="Write to everybody").fill(f"{HOSTILE} [x](javascript:window.pwned=1)")
        page.get_by_role("button", name="Comment").click()
        expect(page.locator("article.comment")).to_contain_text("<script>")
        for path in PAGES:
            page.goto(site + path)
            assert page.evaluate("window.pwned") is None
            assert page.locator("[href^='javascript:' i], [onerror], main img, main script").count() == 0


def test_a_rating_and_a_comment_are_given_changed_and_withdrawn(site: str, browser: Browser) -> None:
    with visitor(browser) as page:
        page.goto(f"{site}/products/billing.revenue.v2#feedback")
        page.get_by_role("button", name="2 stars").click()
        expect(page.locator("#feedback")).to_contain_text("2.0 of 5, 1 rating")
        page.get_by_role("button", name="5 stars").click()
        expect(page.locator("#feedback")).to_contain_text("5.0 of 5, 1 rating")
        page.get_by_role("textbox", name="Write to everybody").fill("What is **net**?")
        page.get_by_role("button", name="Comment").click()
        expect(page.locator("article.comment strong").nth(1)).to_have_text("net")
        page.get_by_role("button", name="Withdraw").click()
        expect(page.locator("article.comment")).to_have_count(0)


def test_a_form_of_another_site_is_refused(site: str) -> None:
    answer = httpx.post(f"{site}{LINES}/rating", data={"stars": "1", "csrf": "0" * 64})
    assert answer.status_code == 403
    assert "form" in answer.json()["message"]


def test_search_answers_while_somebody_types_and_forgives_a_typing_error(site: str, browser: Browser) -> None:
    with visitor(browser) as page:
        page.goto(f"{site}/domains")
        page.keyboard.press("/")
        page.keyboard.type("revenu")
        expect(page.locator("#instant a").first).to_contain_text("billing.revenue")
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Enter")
        expect(page.locator("h1")).to_contain_text("Revenue")
        page.goto(f"{site}/search")
        page.keyboard.press("/")
        page.keyboard.type("reveneu")
        expect(page.get_by_role("status")).to_contain_text("revenue")
        expect(page.locator(".hit")).to_have_count(2)
        assert "q=reveneu" in page.url


def test_a_product_that_is_found_tells_how_it_is(site: str, browser: Browser) -> None:
    with visitor(browser, size=PHONE) as page:
        page.goto(f"{site}/search?q=lines")
        first = page.locator(".hit").first
        expect(first).to_contain_text("orders.order_lines.v1")
        expect(first.locator(".tone")).to_have_text("Refused")
        expect(first).to_contain_text("4 rows, published")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_lineage_marks_what_is_wrong(site: str, browser: Browser) -> None:
    with visitor(browser) as page:
        page.goto(f"{site}/lineage")
        marked = page.locator(".node .sort.bad")
        expect(marked).to_have_text("■ refused")
        expect(page.get_by_role("link", name="refused")).to_have_count(1)


def test_on_a_phone_the_navigation_shows_where_one_is(site: str, browser: Browser) -> None:
    with visitor(browser, size=PHONE) as page:
        page.goto(f"{site}/incidents")
        expect(page.locator(".nav [aria-current]")).to_be_in_viewport()


def test_a_filter_narrows_the_results_and_can_be_taken_away(site: str, browser: Browser) -> None:
    with visitor(browser) as page:
        page.goto(f"{site}/search")
        expect(page.locator(".hit")).to_have_count(3)
        page.locator(".filters").get_by_role("link", name="orders").first.click()
        expect(page.locator(".hit")).to_have_count(1)
        page.get_by_role("link", name="Remove the filter orders").click()
        expect(page.locator(".hit")).to_have_count(3)


def test_the_keyboard_reaches_everything(site: str, browser: Browser) -> None:
    with visitor(browser) as page:
        page.goto(site)
        page.keyboard.press("g")
        page.keyboard.press("d")
        expect(page).to_have_url(f"{site}/domains")
        page.goto(f"{site}/search")
        page.keyboard.press("j")
        page.keyboard.press("j")
        page.keyboard.press("k")
        expect(page.locator(".hit").first).to_have_class(re.compile("here"))
        page.keyboard.press("Enter")
        expect(page).to_have_url(re.compile("/products/"))
        page.wait_for_load_state()
        page.keyboard.press("?")
        expect(page.get_by_role("dialog")).to_be_visible()
        page.keyboard.press("Escape")
        page.goto(site)
        page.keyboard.press("Tab")
        expect(page.locator(":focus")).to_have_text("Skip to content")
        assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"


def test_sections_open_by_tab_by_link_and_by_going_back(site: str, browser: Browser) -> None:
    with visitor(browser) as page:
        page.goto(f"{site}{LINES}#column-email")
        expect(page.locator("#schema")).to_be_visible()
        expect(page.locator("#overview")).to_be_hidden()
        page.get_by_role("link", name="Use it").click()
        expect(page.locator("#use")).to_be_visible()
        page.go_back()
        expect(page.locator("#schema")).to_be_visible()


def test_without_script_every_section_shows(site: str, browser: Browser) -> None:
    with visitor(browser, script=False) as page:
        page.goto(site + LINES)
        for section in page.locator(".section").all():
            expect(section).to_be_visible()


def test_sample_rows_are_masked(site: str, browser: Browser) -> None:
    with visitor(browser) as page:
        page.goto(f"{site}{LINES}#use")
        page.get_by_role("link", name="Show sample rows").click()
        rows = page.locator("#sample")
        expect(rows.locator("tbody tr")).to_have_count(4)
        expect(rows).to_contain_text("***")
        expect(rows).not_to_contain_text("ann@example.com")


def test_a_deprecated_product_says_until_when_and_where_to_go(site: str, browser: Browser) -> None:
    with visitor(browser) as page:
        page.goto(f"{site}/products/billing.revenue.v1")
        notice = page.locator(".notice.warn")
        expect(notice).to_contain_text("ends on 2030-01-31")
        notice.get_by_role("link").click()
        expect(page).to_have_url(f"{site}/products/billing.revenue.v2")


def test_the_theme_follows_the_system_and_can_be_switched_for_good(site: str, browser: Browser) -> None:
    with visitor(browser, scheme="dark") as page:
        page.goto(site)
        assert _brightness(page) < 40
        page.get_by_role("button", name="Switch between light and dark").click()
        assert _brightness(page) > 200
        page.goto(f"{site}/domains")
        assert _brightness(page) > 200


@pytest.mark.parametrize("path", PAGES)
def test_no_page_is_wider_than_a_phone(site: str, browser: Browser, path: str) -> None:
    with visitor(browser, size=PHONE) as page:
        page.goto(site + path)
        assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


def test_a_product_that_is_not_there_is_a_page_that_says_where_to_look(site: str) -> None:
    answer = httpx.get(f"{site}/products/no.such.v1", headers={"accept": "text/html"})
    assert (answer.status_code, answer.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert "look for it at /search" in answer.text


def test_a_product_without_its_major_is_the_newest(site: str) -> None:
    answer = httpx.get(f"{site}/products/billing.revenue")
    assert answer.headers["location"] == "/products/billing.revenue.v2"


def test_what_can_be_copied_works(site: str, shown: Settings, browser: Browser) -> None:
    with visitor(browser) as page:
        page.goto(f"{site}{LINES}#use")
        blocks = page.locator("#use .copy").all()
        texts = {
            block.locator("button").get_attribute("aria-label"): block.locator("code").inner_text() for block in blocks
        }
    assert len(texts["Copy Python"].splitlines()) <= 5
    shell = [sys.executable, "-m", "mesh_orchestration.cli", *shlex.split(texts["Copy Shell"])[1:], "--json"]
    for command in (shell, [sys.executable, "-c", texts["Copy Python"]], shlex.split(texts["Copy curl"])):
        answer = subprocess.run(
            command, capture_output=True, text=True, timeout=60, check=False, env=environment(shown)
        )
        assert (answer.returncode, "***" in answer.stdout, "ann@" in answer.stdout) == (0, True, False), answer.stderr
    assert json.loads(httpx.get(shlex.split(texts["Copy curl, contract"])[-1]).text)
    assert texts["Copy SQL"] in texts["Copy Shell"]
    [port] = yaml.safe_load(texts["Copy Another product"])["inputs"]
    assert product(inputs=[port]).inputs[0].options == {"product": "orders.order_lines.v1"}


def test_copying_puts_the_text_on_the_clipboard(site: str, browser: Browser) -> None:
    with visitor(browser) as page:
        page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        page.goto(f"{site}{LINES}#use")
        page.get_by_role("button", name="Copy SQL").click()
        expect(page.get_by_text("Copied")).to_be_visible()
        assert page.evaluate("navigator.clipboard.readText()").startswith("select order_id, amount")


def _brightness(page: Page) -> float:
    colour = page.evaluate("getComputedStyle(document.body).backgroundColor")
    return max(float(part) for part in re.findall(r"[\d.]+", colour)[:3])
