"""The governance page."""

from __future__ import annotations

import html
import re
import time

import pytest
from playwright.sync_api import Browser

from mesh_orchestration.governance.bundle import load_bundle
from mesh_orchestration.settings import Settings
from tests.web.api.client import Visitor
from tests.web.browser import PHONE, visitor
from tests.web.pages2.reading import markup, read
from tests.web.pages2.seen import LINES, REVENUE
from tests.web.service import service

CELL = re.compile(r'href="(/governance\?[^"]+)#findings" aria-label="([\d,]+) findings? of (\S+) in (\w+)"')


def test_findings_are_told_by_domain_and_rule_with_the_fix(pages: Visitor) -> None:
    said = read(pages, "/governance")
    assert "of 2 products compliant" in said
    assert f"{REVENUE} contracts/billing/revenue/v1.yaml" in said
    assert "By domain and rule" in said


def test_one_domain_and_one_rule_can_be_chosen(pages: Visitor) -> None:
    listed = read(pages, "/governance?domain=orders").partition("Finding and fix")[2].partition("Products of")[0]
    assert LINES in listed
    assert REVENUE not in listed
    assert "of OWN-001" in read(pages, "/governance?rule=OWN-001")


def test_every_number_of_the_table_leads_to_so_many_findings(pages: Visitor) -> None:
    cells = CELL.findall(markup(pages, "/governance"))
    assert {domain for *_, domain in cells} == {"orders", "billing"}
    for href, count, code, domain in cells:
        assert f"{count} finding{'' if count == '1' else 's'} in {domain} of {code} " in read(
            pages, html.unescape(href)
        )


def test_severity_and_words_narrow_the_list_and_stand_in_its_address(pages: Visitor) -> None:
    asked = "/governance?severity=warn&q=ORDER_LINES+happened"
    said = read(pages, asked)
    assert "1 finding All findings" in said
    assert f"{LINES} contracts/orders/order_lines/v1.yaml" in said
    assert "Only those that are warned with “ORDER_LINES happened”." in said
    assert "/governance?rule=EVT-001&amp;severity=warn&amp;q=ORDER_LINES+happened#findings" in markup(pages, asked)
    assert "No finding is dry run." in read(pages, "/governance?severity=dry-run")


def test_the_empty_fields_of_a_form_leave_the_address(pages: Visitor) -> None:
    answer = pages.get("/governance?domain=&rule=OWN-001&severity=&q=&as_of=", follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/governance?rule=OWN-001")


@pytest.mark.parametrize("query", ["severity=grave", "offset=-1", "as_of=yesterday"])
def test_what_no_question_can_be_is_refused(pages: Visitor, query: str) -> None:
    assert pages.get(f"/governance?{query}").status_code == 422


def test_words_are_no_markup(pages: Visitor) -> None:
    assert "<script>alert(1)" not in markup(pages, "/governance?q=<script>alert(1)</script>&domain=<b>&rule=<i>")


def test_products_have_a_page_of_their_own(pages: Visitor) -> None:
    said = read(pages, "/governance/products?domain=billing")
    assert "1 product of billing" in said
    assert f"{REVENUE} 1.0.0 not compliant" in said
    assert LINES not in said
    assert "As of 2026-11-11 23:59 UTC" in read(pages, "/governance/products?as_of=2026-11-11")


def test_a_waiver_is_told_with_its_end_and_its_reason_escaped(pages: Visitor) -> None:
    assert f"{LINES} 2026-12-01 10 days left" in read(pages, "/governance")
    assert "&lt;script&gt;" in markup(pages, "/governance")


def test_councils_are_told_with_their_rules(pages: Visitor, seen: Settings) -> None:
    rules = len(load_bundle(seen.root).rules)
    assert f"team:platform-council {rules} rules of the whole mesh" in read(pages, "/governance")


def test_denied_decisions_are_told_with_their_rule(pages: Visitor) -> None:
    said = read(pages, "/governance")
    assert "2 decisions on record, 1 denied; the log is whole" in said
    assert f"read of {LINES} by guest ACC-001" in said


def test_a_past_day_is_told_from_git_and_stays_chosen(pages: Visitor) -> None:
    assert "As of 2026-11-11 23:59 UTC, by commit" in read(pages, "/governance?as_of=2026-11-11")
    assert "git knows no contracts of" in read(pages, "/governance?as_of=2026-11-01", status=404)
    assert "/governance?as_of=2026-11-11&amp;rule=OWN-001#findings" in markup(pages, "/governance?as_of=2026-11-11")


def test_compliance_over_time_is_found_beside_and_shown_when_it_is_known(pages: Visitor) -> None:
    deadline = time.monotonic() + 60
    while "9 values from 2026-11-10 08:00" not in read(pages, "/governance"):
        assert time.monotonic() < deadline
        time.sleep(0.1)


@pytest.mark.slow
def test_findings_are_filtered_in_a_form_without_script_and_on_a_phone(seen: Settings, browser: Browser) -> None:
    with service(seen) as url, visitor(browser, size=PHONE, script=False) as page:
        page.goto(f"{url}/governance")
        page.select_option("select[name=domain]", "billing")
        page.fill("input#words", "support")
        page.get_by_role("button", name="Filter").click()
        page.wait_for_url(f"{url}/governance?domain=billing&q=support#findings")
        assert page.inner_text("#findings-title") == "1 finding in billing"
        assert page.input_value("input#words") == "support"
        page.get_by_role("link", name="All findings").click()
        page.wait_for_url(f"{url}/governance#findings")
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE[0]
