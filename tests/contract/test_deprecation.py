"""Until when a product lasts, and where its consumers go."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from mesh_orchestration.contract.deprecation import deprecation_of, endings
from mesh_orchestration.contract.mesh import load_mesh
from tests.builders import contract_text, mesh_at, product, write_contract

TODAY = date(2026, 11, 21)
GOING = product("orders.order_lines.v1", status="deprecated", sunset="2026-12-31")
NEWER = product("orders.order_lines.v2", model="order_lines_v2")
PRODUCTS = {one.address: one for one in (GOING, NEWER)}


def reader(major: int) -> dict[str, object]:
    return {"name": "lines", "type": "data-product", "product": f"orders.order_lines.v{major}"}


def test_a_product_that_lasts_has_no_deprecation() -> None:
    assert deprecation_of(NEWER, PRODUCTS) is None


def test_a_deprecated_product_says_when_it_ends_and_where_to_go() -> None:
    ending = deprecation_of(GOING, PRODUCTS)
    assert ending is not None
    assert ending.note == "deprecated, ends on 2026-12-31; move to orders.order_lines.v2"
    assert [ending.over(day) for day in (date(2026, 12, 31), date(2027, 1, 1))] == [False, True]


def test_a_successor_is_a_major_that_lasts_itself() -> None:
    also = product("orders.order_lines.v2", status="deprecated", sunset="2027-01-01")
    newest = product("orders.order_lines.v3")
    ending = deprecation_of(GOING, {one.address: one for one in (GOING, also, newest)})
    assert ending is not None
    assert str(ending.successor) == "orders.order_lines.v3"


def test_a_consumer_hears_of_its_own_end_and_of_that_of_its_sources() -> None:
    consumer = product("billing.revenue.v1", status="retired", inputs=[reader(1)])
    told = [one.says(TODAY) for one in endings(consumer, [GOING.address], PRODUCTS)]
    assert told == [
        "billing.revenue.v1 is retired",
        "orders.order_lines.v1 is deprecated and ends on 2026-12-31, in 40 days; move to orders.order_lines.v2",
    ]


def test_deprecated_needs_a_sunset(tmp_path: Path) -> None:
    settings = mesh_at(tmp_path)
    write_contract(tmp_path, contract_text(status="deprecated"))
    (problem,) = load_mesh(settings).problems
    assert (problem.path, problem.message) == (
        "metadata.status",
        "'deprecated' needs 'sunset', the last day on which consumers may rely on the product",
    )


def test_a_consumer_of_a_removed_major_hears_which_there_are_and_which_of_these_end(tmp_path: Path) -> None:
    consumer = product("billing.revenue.v1", inputs=[reader(0)])
    (problem,) = load_mesh(mesh_at(tmp_path, GOING, NEWER, consumer)).problems
    ends = "orders.order_lines.v1 (deprecated, ends on 2026-12-31; move to orders.order_lines.v2)"
    assert problem.message == (f"'orders.order_lines.v0' is not a data product; it has {ends}, orders.order_lines.v2")
