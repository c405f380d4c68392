"""Two versions of a contract side by side, and the list of traits."""

from __future__ import annotations

from mesh_orchestration.web.diff import Pair, side_by_side
from tests.web.api.client import Visitor
from tests.web.pages2.reading import read
from tests.web.pages2.seen import LINES, REVENUE


def test_the_newest_version_is_compared_with_the_one_before(pages: Visitor) -> None:
    said = read(pages, f"/products/{LINES}/versions")
    assert "needs a minor version, given minor" in said
    assert "removed: version: 1.0.0 added: version: 1.1.0" in said
    assert "spec.schema.fields[2]" in said


def test_the_way_back_is_compared_as_a_version_that_may_not_be(pages: Visitor) -> None:
    import re

    page = pages.get(f"/products/{LINES}/versions").text
    newest, oldest = re.findall(r'<option value="(\w+)"', page)[:2]
    said = read(pages, f"/products/{LINES}/versions?old={newest}&new={oldest}")
    assert "version 1.0.0 is below 1.1.0" in said


def test_a_product_with_one_version_says_so(pages: Visitor) -> None:
    assert "there is nothing to compare it with" in read(pages, f"/products/{REVENUE}/versions")


def test_what_is_not_known_is_not_found(pages: Visitor) -> None:
    read(pages, f"/products/{LINES}/versions?old=ffffffff", status=404)
    read(pages, "/products/orders.gone.v1/versions", status=404)


def test_lines_far_from_a_change_are_only_counted() -> None:
    old, new = [str(number) for number in range(10)], [*(str(number) for number in range(9)), "nine", "ten"]
    assert side_by_side(old, new, around=1) == (Pair(gap=8), Pair("8", "8"), Pair("9", "nine"), Pair(None, "ten"))


def test_traits_are_listed_with_scores_and_reasons(pages: Visitor) -> None:
    said = read(pages, "/traits")
    assert f"{LINES}" in said
    assert "Discoverable Addressable Trustworthy Self-describing Interoperable Secure" in said
    assert "to do" in said
    assert REVENUE not in read(pages, "/traits?domain=orders")
