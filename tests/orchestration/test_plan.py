from __future__ import annotations

from pathlib import Path

import pytest

from mesh_orchestration.contract.address import Address
from mesh_orchestration.contract.mesh import Mesh, load_mesh
from mesh_orchestration.errors import ContractError, MeshError
from mesh_orchestration.orchestration.plan import Stage, resolve, stages, with_missing_upstream
from tests.builders import contract_text, mesh_at, product, settings_at, write_contract


def mesh_of(root: Path, **reads: str) -> Mesh:
    """A mesh of products ``domain_name`` that read the product given, or nothing."""
    products = []
    for name, source in reads.items():
        inputs = [{"name": f"from_{name}", "type": "data-product", "product": address(source)}] if source else []
        products.append(product(str(address(name)), inputs=inputs))
    return load_mesh(mesh_at(root, *products))


def address(name: str) -> str:
    return ".".join((*name.split("_", 1), "v1"))


def addresses(*names: str) -> tuple[Address, ...]:
    return tuple(Address.parse(address(name)) for name in names)


def test_a_domain_runs_after_those_it_reads(tmp_path: Path) -> None:
    mesh = mesh_of(tmp_path, billing_revenue="orders_lines", orders_lines="", orders_totals="")
    assert stages(mesh, mesh.products) == (
        Stage("orders", addresses("orders_lines", "orders_totals")),
        Stage("billing", addresses("billing_revenue")),
    )


def test_domains_that_read_each_other_take_turns(tmp_path: Path) -> None:
    mesh = mesh_of(tmp_path, a_first="", b_second="a_first", a_third="b_second")
    assert stages(mesh, mesh.products) == (
        Stage("a", addresses("a_first")),
        Stage("b", addresses("b_second")),
        Stage("a", addresses("a_third")),
    )


def test_products_of_one_domain_that_read_each_other_run_together(tmp_path: Path) -> None:
    mesh = mesh_of(tmp_path, a_first="", a_second="a_first")
    assert stages(mesh, mesh.products) == (Stage("a", addresses("a_first", "a_second")),)


def test_upstream_that_is_out_of_scope_does_not_hold_anything_back(tmp_path: Path) -> None:
    mesh = mesh_of(tmp_path, a_first="", b_second="a_first")
    assert stages(mesh, addresses("b_second")) == (Stage("b", addresses("b_second")),)


def test_only_upstream_that_was_never_published_is_added(tmp_path: Path) -> None:
    mesh = mesh_of(tmp_path, a_first="", b_second="a_first", c_third="b_second")
    published = set(addresses("a_first"))
    assert with_missing_upstream(mesh, addresses("c_third"), published.__contains__) == addresses("b_second", "c_third")


def test_a_word_is_a_domain_a_product_or_an_address(tmp_path: Path) -> None:
    mesh = mesh_of(tmp_path, a_first="", b_second="", b_third="")
    assert resolve(mesh, []) == addresses("a_first", "b_second", "b_third")
    assert resolve(mesh, ["b"]) == addresses("b_second", "b_third")
    assert resolve(mesh, ["b.third", "a.first.v1"]) == addresses("a_first", "b_third")


@pytest.mark.parametrize(("word", "nearest"), [("orderz", "orders"), ("orders.lins", "orders.lines.v1")])
def test_a_word_that_names_nothing_gets_the_nearest_name(tmp_path: Path, word: str, nearest: str) -> None:
    with pytest.raises(MeshError, match=nearest):
        resolve(mesh_of(tmp_path, orders_lines=""), [word])


@pytest.mark.parametrize("word", ["billing", "billing.revenue"])
def test_a_word_that_names_a_broken_contract_is_answered_with_what_is_wrong(tmp_path: Path, word: str) -> None:
    mesh_of(tmp_path, orders_lines="")
    write_contract(tmp_path, contract_text("billing.revenue.v1", owner=""), at="billing.revenue.v1")
    with pytest.raises(ContractError, match=r"contracts/billing/revenue/v1.yaml:\d+ spec.owner"):
        resolve(load_mesh(settings_at(tmp_path)), [word])


def test_a_broken_domain_does_not_keep_the_others_from_running(tmp_path: Path) -> None:
    mesh_of(tmp_path, orders_lines="")
    write_contract(tmp_path, contract_text("billing.revenue.v1", owner=""), at="billing.revenue.v1")
    assert resolve(load_mesh(settings_at(tmp_path)), ["billing", "orders"]) == addresses("orders_lines")
