"""The lineage page: which cards and lines a question gets."""

from __future__ import annotations

import re
from urllib.parse import quote

from mesh_orchestration.settings import Settings
from tests.web.api.client import Visitor
from tests.web.pages2.reading import markup, read
from tests.web.pages2.seen import BOARD, LINES, REVENUE


def cards(page: str) -> list[str]:
    """The titles of the cards, in reading order."""
    return re.findall(r'<text class="title"[^>]*>([^<]*)</text>', page)


def lines(page: str) -> set[tuple[str, str]]:
    """The lines from and to cards, and to columns where they are known, by the last part of the names."""

    def last(text: str) -> str:
        return text.rsplit("/", 1)[-1].rsplit(":", 1)[-1]

    found = re.findall(
        r'data-source="([^"]*)" data-target="([^"]*)"(?: data-source-row="(\w+)" data-target-row="(\w+)")?', page
    )
    return {(f"{last(one)} {row}".strip(), f"{last(two)} {other}".strip()) for one, two, row, other in found}


def test_the_whole_mesh_is_shown_without_a_question(pages: Visitor) -> None:
    page = markup(pages, "/lineage")
    assert cards(page) == ["order_lines.v1", "revenue.v1"]
    assert lines(page) == {(LINES, REVENUE)}


def test_products_are_shown_with_what_is_outside_the_mesh(pages: Visitor) -> None:
    page = markup(pages, f"/lineage?node={LINES}")
    assert cards(page)[:3] == ["drop/till.csv", "order_lines.v1", "revenue.v1"]
    assert (LINES, REVENUE) in lines(page)
    assert len(cards(page)) == 4


def test_steps_limit_how_far_it_goes(pages: Visitor) -> None:
    assert cards(markup(pages, f"/lineage?node={LINES}&up=0&down=1")) == ["order_lines.v1", "revenue.v1"]
    assert cards(markup(pages, f"/lineage?node={REVENUE}&up=1&down=0")) == ["order_lines.v1", "revenue.v1"]
    assert pages.get(f"/lineage?node={LINES}&up=99").status_code == 422


def test_every_table_between_can_be_shown(pages: Visitor) -> None:
    page = markup(pages, f"/lineage?node={LINES}&up=2&down=0&show=tables")
    assert cards(page) == ["landing__till", "stg_till__lines", "order_lines.v1"]


def test_jobs_can_be_shown(pages: Visitor) -> None:
    page = markup(pages, f"/lineage?node={REVENUE}&up=0&down=2&show=jobs")
    assert cards(page)[:2] == ["revenue.v1", "refresh"]


def test_columns_lead_from_row_to_row_across_domains(pages: Visitor) -> None:
    page = markup(pages, f"/lineage?node={LINES}&column=amount&down=3")
    assert (f"{LINES} amount", f"{REVENUE} amount") in lines(page)
    assert ('class="field marked" data-row="amount"') in page
    assert "amount → total" in read(pages, f"/lineage?node={LINES}&column=amount&down=3")


def test_what_is_outside_the_mesh_has_a_page(pages: Visitor) -> None:
    said = read(pages, f"/lineage?node={quote(f'dataset:{BOARD[0]}:{BOARD[1]}')}")
    assert f"Namespace {BOARD[0]}" in said
    assert "Columns total" in said


def test_the_same_is_there_as_a_list(pages: Visitor) -> None:
    assert "order_lines.v1 orders revenue.v1 billing" in read(pages, f"/lineage?node={LINES}")


def test_a_short_address_leads_to_the_page(pages: Visitor) -> None:
    assert "Lineage / product" in read(pages, f"/lineage/{LINES}")


def test_what_nobody_has_told_of_is_not_found(pages: Visitor) -> None:
    assert "The catalog knows nothing called" in read(pages, "/lineage?node=dataset:x:y", status=404)
    read(pages, "/lineage?node=<script>", status=404)


def test_nothing_is_styled_or_scripted_in_the_page(pages: Visitor, seen: Settings) -> None:
    page = markup(pages, f"/lineage?node={LINES}")
    assert " style=" not in page
    assert not re.search(r"<script(?! src=)", page)
    assert str(seen.root) not in page or "duckdb" in page
