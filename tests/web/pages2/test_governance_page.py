"""The governance page."""

from __future__ import annotations

import time

from tests.web.api.client import Visitor
from tests.web.pages2.reading import markup, read
from tests.web.pages2.seen import LINES, REVENUE


def test_findings_are_told_by_domain_and_rule_with_the_fix(pages: Visitor) -> None:
    said = read(pages, "/governance")
    assert "of 2 products compliant" in said
    assert f"{REVENUE} contracts/billing/revenue/v1.yaml" in said
    assert "By domain and rule" in said


def test_one_domain_and_one_rule_can_be_chosen(pages: Visitor) -> None:
    assert REVENUE not in read(pages, "/governance?domain=orders").partition("Councils")[0]
    assert "of OWN-001" in read(pages, "/governance?rule=OWN-001")


def test_a_waiver_is_told_with_its_end_and_its_reason_escaped(pages: Visitor) -> None:
    assert f"{LINES} 2026-12-01 10 days left" in read(pages, "/governance")
    assert "&lt;script&gt;" in markup(pages, "/governance")


def test_councils_are_told_with_their_rules(pages: Visitor) -> None:
    assert "team:platform-council 27 rules of the whole mesh" in read(pages, "/governance")


def test_denied_decisions_are_told_with_their_rule(pages: Visitor) -> None:
    said = read(pages, "/governance")
    assert "2 decisions on record, 1 denied; the log is whole" in said
    assert f"read of {LINES} by guest ACC-001" in said


def test_a_past_day_is_told_from_git(pages: Visitor) -> None:
    assert "As of 2026-11-11 23:59 UTC, by commit" in read(pages, "/governance?as_of=2026-11-11")
    assert "git knows no contracts of" in read(pages, "/governance?as_of=2026-11-01", status=404)


def test_compliance_over_time_is_found_beside_and_shown_when_it_is_known(pages: Visitor) -> None:
    deadline = time.monotonic() + 60
    while "9 values from 2026-11-10 08:00" not in read(pages, "/governance"):
        assert time.monotonic() < deadline
        time.sleep(0.1)
