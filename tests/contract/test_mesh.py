"""The contracts of a mesh together."""

from __future__ import annotations

from pathlib import Path

import pytest

from mesh_orchestration.contract.address import Address
from mesh_orchestration.contract.mesh import Mesh, load_mesh
from mesh_orchestration.errors import ContractError, MeshError
from tests.builders import contract_text, mesh_at, product, write_contract

LINES = "orders.order_lines.v1"
FROM_LINES = [{"name": "order_lines", "type": "data-product", "product": LINES}]
FILES = {"name": "transactions", "type": "batch", "path": "transactions/*.parquet", "columns": {"id": "long"}}


def mesh(root: Path, *contracts: object) -> Mesh:
    return load_mesh(mesh_at(root, *contracts))  # type: ignore[arg-type]


def messages(mesh: Mesh) -> list[str]:
    return [str(problem) for problem in mesh.problems]


def test_an_empty_mesh_has_no_domains(tmp_path: Path) -> None:
    assert mesh(tmp_path) == Mesh(products={}, domains=())


def test_products_are_found_by_address_and_by_their_newest_major(tmp_path: Path) -> None:
    found = mesh(tmp_path, product(LINES), product("orders.order_lines.v2", model="order_lines_v2")).require()
    assert [found.product(name).version for name in (LINES, "orders.order_lines", "orders.order-lines.v2")] == [
        "1.0.0",
        "2.0.0",
        "2.0.0",
    ]


def test_a_short_name_is_the_address_of_the_only_major(tmp_path: Path) -> None:
    found = mesh(tmp_path, product(LINES), product("orders.carts.v1"), product("orders.carts.v2", model="carts_v2"))
    assert [str(found.addressed(name)) for name in ("orders.order-lines", "orders.carts.v1", "gone.since.v3")] == [
        LINES, "orders.carts.v1", "gone.since.v3"
    ]  # fmt: skip
    with pytest.raises(MeshError, match=r"'orders.carts' may be orders.carts.v1 or orders.carts.v2; give one of them"):
        found.addressed("orders.carts")
    with pytest.raises(MeshError, match=r"did you mean 'orders.carts.v2'"):
        found.addressed("orders.cart")


def test_an_unknown_product_is_answered_with_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(MeshError, match=r"'orders.orderlines' is not a data product; did you mean 'orders.order_lines"):
        mesh(tmp_path, product(LINES)).product("orders.orderlines")


def test_an_unknown_domain_is_answered_with_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(MeshError, match="'order' is not a domain; did you mean 'orders'"):
        mesh(tmp_path, product(LINES)).of("order")


def test_a_product_comes_after_all_that_it_reads(tmp_path: Path) -> None:
    found = mesh(tmp_path, product("billing.revenue.v1", inputs=FROM_LINES), product(LINES), product("apps.web.v1"))
    assert [str(item.address) for item in found.order()] == ["apps.web.v1", LINES, "billing.revenue.v1"]


def test_upstream_and_consumers_are_two_sides_of_one_edge(tmp_path: Path) -> None:
    found = mesh(tmp_path, product("billing.revenue.v1", inputs=FROM_LINES), product(LINES))
    assert found.upstream(found.product("billing.revenue.v1")) == (Address.parse(LINES),)
    assert found.consumers(Address.parse(LINES)) == (Address.parse("billing.revenue.v1"),)


def test_a_bare_port_name_reads_what_the_sibling_declares(tmp_path: Path) -> None:
    found = mesh(
        tmp_path,
        product(LINES),
        product("billing.revenue.v1", inputs=FROM_LINES),
        product("billing.taxes.v1", inputs=["order_lines"]),
    ).require()
    taxes = found.product("billing.taxes.v1")
    assert found.upstream(taxes) == (Address.parse(LINES),)
    assert [port.name for port in found.ports_of(taxes)] == ["order_lines"]
    assert list(found.ports("billing")) == ["order_lines"]


def test_a_broken_contract_breaks_only_its_own_domain(tmp_path: Path) -> None:
    settings = mesh_at(tmp_path, product("billing.revenue.v1", inputs=FROM_LINES), product("orders.orders.v1"))
    write_contract(tmp_path, contract_text(LINES, owner="nobody"), at=LINES)
    found = load_mesh(settings)
    assert list(found.broken) == ["orders"]
    assert [str(item.address) for item in found.of("billing")] == ["billing.revenue.v1"]
    with pytest.raises(ContractError, match=r"contracts/orders/order_lines/v1.yaml:9 spec.owner: found 'nobody'"):
        found.of("orders")


def test_a_strict_caller_gets_the_problems_of_every_domain(tmp_path: Path) -> None:
    settings = mesh_at(tmp_path)
    for address in ("orders.a.v1", "billing.b.v1"):
        write_contract(tmp_path, contract_text(address, owner="nobody"), at=address)
    with pytest.raises(ContractError) as raised:
        load_mesh(settings).require()
    assert [problem.file for problem in raised.value.problems] == [
        "contracts/billing/b/v1.yaml",
        "contracts/orders/a/v1.yaml",
    ]


def test_an_input_that_reads_no_known_product_names_the_nearest(tmp_path: Path) -> None:
    port = [{"name": "lines", "type": "data-product", "product": "orders.order_line.v1"}]
    (message,) = messages(mesh(tmp_path, product(LINES), product("billing.revenue.v1", inputs=port)))
    assert message == (
        "contracts/billing/revenue/v1.yaml:13 spec.inputs[0].product: "
        "'orders.order_line.v1' is not a data product; did you mean 'orders.order_lines.v1'?"
    )


def test_an_input_that_reads_a_missing_major_names_the_majors_there_are(tmp_path: Path) -> None:
    port = [{"name": "lines", "type": "data-product", "product": "orders.order_lines.v3"}]
    (message,) = messages(mesh(tmp_path, product(LINES), product("billing.revenue.v1", inputs=port)))
    assert message.endswith("'orders.order_lines.v3' is not a data product; it has orders.order_lines.v1")


def test_a_circle_is_named_in_full_and_breaks_the_domains_in_it(tmp_path: Path) -> None:
    def reads(source: str) -> list[dict[str, str]]:
        return [{"name": "source", "type": "data-product", "product": source}]

    found = mesh(
        tmp_path,
        product("aa.one.v1", inputs=reads("bb.two.v1")),
        product("bb.two.v1", inputs=reads("cc.three.v1")),
        product("cc.three.v1", inputs=reads("aa.one.v1")),
        product("dd.four.v1", inputs=reads("aa.one.v1")),
    )
    assert list(found.broken) == ["aa", "bb", "cc"]
    circle = "aa.one.v1 reads bb.two.v1 reads cc.three.v1 reads aa.one.v1"
    assert all(f"reads itself in a circle: {circle}; take" in message for message in messages(found))
    with pytest.raises(ContractError, match="in a circle"):
        found.order()


def test_a_product_that_reads_itself_is_a_circle(tmp_path: Path) -> None:
    (message,) = messages(mesh(tmp_path, product(LINES, inputs=FROM_LINES)))
    assert "orders.order_lines.v1 reads orders.order_lines.v1;" in message


def test_siblings_that_declare_one_port_differently_are_told(tmp_path: Path) -> None:
    found = mesh(
        tmp_path,
        product(LINES, inputs=[FILES]),
        product("orders.orders.v1", inputs=[FILES | {"path": "elsewhere/*.parquet"}]),
    )
    assert messages(found) == [
        (
            "contracts/orders/orders/v1.yaml:11 spec.inputs[0]: 'transactions' is declared otherwise in "
            "contracts/orders/order_lines/v1.yaml; write '- transactions' to use it"
        )
    ]


def test_siblings_may_repeat_a_port_word_for_word(tmp_path: Path) -> None:
    found = mesh(tmp_path, product(LINES, inputs=[FILES]), product("orders.orders.v1", inputs=[FILES]))
    assert found.broken == {}


def test_a_bare_name_that_no_sibling_declares_names_the_nearest_port(tmp_path: Path) -> None:
    found = mesh(tmp_path, product(LINES, inputs=[FILES]), product("orders.orders.v1", inputs=["transaction"]))
    assert messages(found) == [
        (
            "contracts/orders/orders/v1.yaml:11 spec.inputs[0]: 'transaction' is not an input of a product in orders; "
            "did you mean 'transactions'?"
        )
    ]


def test_a_bare_name_may_stand_in_a_sibling_that_cannot_be_read(tmp_path: Path) -> None:
    write_contract(tmp_path, contract_text(LINES, owner="nobody"), at=LINES)
    found = mesh(tmp_path, product("orders.orders.v1", inputs=["transactions"]))
    assert [message.split(":")[0] for message in messages(found)] == ["contracts/orders/order_lines/v1.yaml"]


def test_a_domain_where_a_product_is_asked_for_is_answered_with_its_products(tmp_path: Path) -> None:
    found = mesh(tmp_path, product(LINES), product("billing.revenue.v1"))
    with pytest.raises(MeshError, match=r"but a domain; its products are orders\.order_lines\.v1$"):
        found.product("orders")


def test_two_majors_may_not_share_a_model(tmp_path: Path) -> None:
    (message,) = messages(mesh(tmp_path, product(LINES), product("orders.order_lines.v2")))
    assert message.endswith(
        "metadata.name: model 'order_lines' already holds orders.order_lines.v1; give 'spec.model: order_lines_v2'"
    )


def test_an_id_is_never_reused(tmp_path: Path) -> None:
    found = mesh(tmp_path, product(LINES, id="the-one"), product("orders.orders.v1", id="the-one"))
    assert "'the-one' is already the id of orders.order_lines.v1" in messages(found)[0]


def test_two_files_that_claim_one_address_are_told(tmp_path: Path) -> None:
    settings = mesh_at(tmp_path, product(LINES))
    write_contract(tmp_path, contract_text(LINES), at="orders.copy.v1")
    assert messages(load_mesh(settings)) == [
        (
            "contracts/orders/copy/v1.yaml:3 metadata: this is orders.order_lines.v1, whose contract belongs in "
            "contracts/orders/order_lines/v1.yaml; there is one already, so two files claim this address"
        )
    ]


@pytest.mark.parametrize("place", ["order_lines.yaml", "orders/order_lines.yaml", "orders/order_lines/v1.yml"])
def test_a_contract_outside_the_pattern_of_folders_is_told_where_it_belongs(tmp_path: Path, place: str) -> None:
    settings = mesh_at(tmp_path)
    path = settings.contracts_dir / place
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(contract_text(LINES))
    found = load_mesh(settings)
    assert messages(found) == [
        f"contracts/{place}:3 metadata: this is {LINES}, whose contract belongs in contracts/orders/order_lines/v1.yaml"
    ]
    assert "" not in found.domains
    with pytest.raises(ContractError):
        found.require()


def test_a_thousand_contracts_load(tmp_path: Path) -> None:
    names = [f"domain{number % 50}.product{number}.v1" for number in range(1000)]
    assert len(mesh(tmp_path, *(product(name) for name in names)).require().products) == 1000
