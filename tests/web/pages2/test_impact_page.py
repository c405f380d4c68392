"""The impact page: what breaks if a column changes."""

from __future__ import annotations

from tests.web.api.client import Visitor
from tests.web.pages2.reading import read
from tests.web.pages2.seen import BOARD, LINES, REVENUE


def test_every_column_is_told_with_its_readers(pages: Visitor) -> None:
    said = read(pages, f"/impact?product={LINES}")
    assert f"amount double 2 {REVENUE}, Finance board" in said
    assert "note string – nobody" in said


def test_removing_a_column_breaks_its_readers_and_what_they_filed(pages: Visitor) -> None:
    said = read(pages, f"/impact?product={LINES}&column=amount")
    assert "2 consumers in 1 domain get values of amount" in said
    assert "the contract needs a major version after 1.1.0" in said
    assert f"filed {LINES} has no column 'amount'" in said
    assert f"{REVENUE}.amount" in said


def test_owners_are_told_to_talk_to(pages: Visitor) -> None:
    said = read(pages, f"/impact?product={LINES}&column=amount")
    assert f"Talk to, before team:billing {REVENUE} team:finance Finance board" in said


def test_what_is_outside_the_mesh_is_told_with_its_columns(pages: Visitor) -> None:
    said = read(pages, f"/impact?product={LINES}&column=amount")
    assert f"{BOARD[1]} dataset {BOARD[0]} gets it in total" in said


def test_a_wider_type_breaks_less_than_another(pages: Visitor) -> None:
    other = read(pages, f"/impact?product={LINES}&column=amount&change=type&to=string")
    assert "needs a major version" in other
    assert "breaking" in other


def test_a_column_that_nobody_reads_breaks_nobody_in_the_mesh(pages: Visitor) -> None:
    said = read(pages, f"/impact?product={LINES}&column=note&change=null")
    assert "Nobody in the mesh reads note" in said
    assert "Nobody but team-orders@example.com" in said


def test_what_cannot_be_says_why(pages: Visitor) -> None:
    assert "say what amount is renamed to" in read(pages, f"/impact?product={LINES}&column=amount&change=rename")
    said = read(pages, f"/impact?product={LINES}&column=amount&change=type&to=strng")
    assert "amount changes its type to strng" in said
    read(pages, f"/impact?product={LINES}&column=gone", status=404)
    read(pages, "/impact?product=orders.gone", status=404)


def test_without_a_question_products_are_offered(pages: Visitor) -> None:
    assert LINES in read(pages, "/impact")
