"""Who reads which column, on the example mesh and on small ones."""

from __future__ import annotations

from mesh_orchestration.contract.address import Address
from mesh_orchestration.contract.mesh import load_mesh
from mesh_orchestration.impact.readers import ROWS, Readers, readers
from tests.builders import settings_at
from tests.orchestration.shop import REPOSITORY

LINES = Address.parse("orders.order_lines.v1")


def example() -> Readers:
    settings = settings_at(REPOSITORY)
    return readers(load_mesh(settings), REPOSITORY)


def test_consumers_are_known_by_the_columns_that_their_models_name() -> None:
    found = {use.consumer: use.columns for use in example().of(LINES)}
    assert found["inventory.daily_movements.v1"] == {
        "basket_id", "product_id", "store_id", "ordered_on", "quantity", "sales_value",
    }  # fmt: skip


def test_a_product_of_the_same_domain_reads_another_through_its_model() -> None:
    uses = {use.consumer: use for use in example().of(LINES)}
    assert uses["orders.orders.v1"].files == ("dbt_projects/orders/models/marts/orders.sql",)
    assert uses["orders.orders.v1"].into("coupon_discount") == ("coupon_discount", "used_coupon")


def test_a_column_that_nobody_reads_names_nobody() -> None:
    assert [use.consumer for use in example().of(LINES) if use.read("shelf_value")] == []


def test_a_column_is_followed_to_the_columns_it_becomes() -> None:
    steps = {(flow.consumer, flow.column) for flow in example().downstream(LINES, "sales_value")}
    assert ("billing.daily_revenue.v1", "private_label_value") in steps
    assert ("billing.coupon_reimbursements.v1", ROWS) in steps


def test_a_column_says_where_its_values_come_from() -> None:
    came = example().columns(Address.parse("billing.daily_revenue.v1"))
    assert came["private_label_value"] == ("orders.order_lines.v1.sales_value", "products.catalog.v1.brand")
    assert came["line_count"] == ()
