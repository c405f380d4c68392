"""What a new domain or product may be called, and what a wrong name is answered with."""

from __future__ import annotations

import pytest

from mesh_orchestration.contract.address import Address
from mesh_orchestration.contract.mesh import Mesh
from mesh_orchestration.scaffold.names import AnswerError, domain_name, product_address
from tests.builders import product

ORDERS = product("orders.orders.v1")
MESH = Mesh(products={ORDERS.address: ORDERS}, domains=("orders",))


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Returned Goods", "e.g. returnedgoods"),
        ("2nd", "a letter first, e.g. nd"),
        ("ret_urns", "lower-case letters and digits"),
        ("platform", "the mesh uses itself"),
        ("orders", "there is a domain 'orders' already"),
    ],
)
def test_a_name_that_cannot_be_a_domain_is_explained(name: str, said: str) -> None:
    with pytest.raises(AnswerError, match=said):
        domain_name(name, taken=("orders",))


@pytest.mark.parametrize(
    ("name", "address"),
    [
        ("orders.order-lines", Address("orders", "order_lines", 1)),
        ("orders.orders.v2", Address("orders", "orders", 2)),
        ("returns.items", Address("returns", "items", 1)),
    ],
)
def test_a_product_is_named_by_its_address(name: str, address: Address) -> None:
    assert product_address(name, MESH, domains=("orders", "returns")) == address


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("orders", "write domain.product"),
        ("orders.Lines", "lower-case letters, digits"),
        ("orders.input", "the mesh uses itself"),
        ("order.lines", "did you mean 'orders'"),
        ("orders.orders", "there is a product orders.orders.v1 already; .* make orders.orders.v2"),
        ("orders.lines.v0", "the first is v1"),
        ("orders.../../etc", "is not an address"),
    ],
)
def test_a_name_that_cannot_be_a_product_is_explained(name: str, said: str) -> None:
    with pytest.raises(AnswerError, match=said):
        product_address(name, MESH, domains=("orders",))
