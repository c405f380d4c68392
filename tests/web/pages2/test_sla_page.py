"""The pages of service levels."""

from __future__ import annotations

from tests.web.api.client import Visitor
from tests.web.pages2.reading import markup, read
from tests.web.pages2.seen import LINES


def test_the_mesh_says_what_was_kept_and_that_the_gate_is_shut(pages: Visitor) -> None:
    said = read(pages, "/sla")
    assert "The gate is shut Kept 85.71 % of 99 % asked" in said.replace("\u202f", " ")
    assert "85.714 % of the known time was kept, the gate asks for 99 %" in said
    assert "22 h 19 min over" in said.replace("\u202f", " ")


def test_levels_can_be_chosen_by_domain_and_state(pages: Visitor) -> None:
    assert LINES in read(pages, "/sla?domain=orders&state=kept")
    assert "No service level is like that" in read(pages, "/sla?state=broken")
    assert pages.get("/sla?window=5y").status_code == 422


def test_a_breach_is_told_with_its_evidence(pages: Visitor) -> None:
    said = read(pages, f"/sla/{LINES}")
    assert "1 breach From Until" in said
    assert "1 d 1 h 1 h the source was late; snapshot 42; seen 2026-11-19 12:02 UTC" in said.replace("\u202f", " ")
    assert "Seen after 2 min" in said.replace("\u202f", " ")


def test_weeks_and_months_add_up_days(pages: Visitor) -> None:
    assert "2026-W47" in read(pages, f"/sla/{LINES}?unit=week")
    assert "Nov 2026" in read(pages, f"/sla/{LINES}?unit=month&window=30d")


def test_charts_are_pictures_with_words(pages: Visitor) -> None:
    page = markup(pages, f"/sla/{LINES}")
    assert page.count('role="img"') >= 2
    assert "style=" not in page


def test_a_product_that_nobody_knows_is_not_found(pages: Visitor) -> None:
    read(pages, "/sla/orders.gone.v1", status=404)
    read(pages, "/sla/nonsense", status=404)
