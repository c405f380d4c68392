"""What a consuming domain agrees to, in a file of its own folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from mesh_orchestration.contract.mesh import load_mesh
from mesh_orchestration.errors import MeshError, SettingsError
from mesh_orchestration.planning.acknowledgements import read_acknowledgements
from mesh_orchestration.planning.agreeing import agree
from mesh_orchestration.planning.proposal import propose
from tests.builders import FIELDS, mesh_at, product
from tests.planning.repository import Repository, product_of, repository_at, rules

FILE = "contracts/billing/acknowledgements/orders.order_lines.v1.yaml"
AGREED: dict[str, Any] = {
    "product": "orders.order_lines.v1",
    "by": "team:billing",
    "date": "2026-11-01",
    "until": "2026-11-20",
    "changes": [{"kind": "sla.loosened"}],
}


def loosened(root: Path) -> Repository:
    """Order lines that promise less freshness than billing, which reads them, planned with."""
    port = {"name": "order_lines", "type": "data-product", "product": "orders.order_lines.v1"}
    tree = repository_at(
        root, product(sla={"freshness": "1h"}), product("billing.revenue.v1", fields={"n": "long"}, inputs=[port])
    )
    tree.write(product(version="1.1.0", sla={"freshness": "2h"}))
    return tree


def filed(tree: Repository, **said: Any) -> Repository:
    tree.file(FILE, yaml.safe_dump({**AGREED, **said}))
    return tree


def test_a_consumer_that_has_not_agreed_refuses_the_plan(tmp_path: Path) -> None:
    (finding,) = loosened(tmp_path).plan().errors
    text = (tmp_path / finding.file).read_text().splitlines()
    assert (finding.rule, text[finding.line - 1].strip()) == ("not-acknowledged", "freshness: 2h")
    assert "billing.revenue.v1 (team:billing)" in finding.message
    assert finding.fix == (
        f"let its domain agree in {FILE}: mesh plan --acknowledge orders.order_lines.v1 --as billing"
    )


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"changes": [{"kind": "sla.loosened", "column": ""}, {"kind": "field.removed", "column": "x"}]},
        {"changes": [], "version": "1.1.0"},
    ],
)
def test_an_agreement_lets_it_pass_through_its_last_day(tmp_path: Path, said: dict[str, Any]) -> None:
    found = filed(loosened(tmp_path), **said).plan(now="2026-11-20T23:59:00+00:00")
    assert not found.refused
    assert product_of(found, "orders.order_lines.v1").affected[0].acknowledged == FILE


def test_a_fingerprint_agrees_to_this_proposal_alone(tmp_path: Path) -> None:
    tree = loosened(tmp_path)
    fingerprint = load_mesh(tree.settings).product("orders.order_lines").fingerprint
    filed(tree, changes=[], fingerprint=fingerprint[:12])
    assert not tree.plan().refused
    tree.write(product(version="1.1.0", sla={"freshness": "3h"}))
    (finding,) = tree.plan().errors
    assert f"is for another proposal, fingerprint {fingerprint[:12]}" in finding.message


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"until": "2026-11-19"}, "expired on 2026-11-19"),
        ({"version": "1.2.0"}, "is for version 1.2.0, not for 1.1.0"),
        ({"changes": [{"kind": "field.removed", "column": "amount"}]}, "does not name sla.loosened"),
    ],
)
def test_one_that_does_not_count_is_named(tmp_path: Path, said: dict[str, Any], why: str) -> None:
    found = filed(loosened(tmp_path), **said).plan()
    assert rules(found) == ["not-acknowledged"]
    assert f"{FILE} {why}" in found.errors[0].message
    assert [(one.rule, one.file, one.message) for one in found.findings if one.severity == "warning"] == [
        ("acknowledgement-void", FILE, f"does not count: it {why}")
    ]


def test_another_domain_cannot_agree_for_the_consumer(tmp_path: Path) -> None:
    tree = loosened(tmp_path)
    tree.file("contracts/orders/acknowledgements/orders.order_lines.v1.yaml", yaml.safe_dump(AGREED))
    assert rules(tree.plan()) == ["not-acknowledged"]


def test_it_names_a_column_when_the_change_has_one(tmp_path: Path) -> None:
    tree = repository_at(
        tmp_path,
        product(fields={**FIELDS, "n": "integer"}, consumers=[{"name": "board", "owner": "team:sales"}]),
        product("sales.deals.v1"),
    )
    tree.write(
        product(version="1.1.0", fields={**FIELDS, "n": "long"}, consumers=[{"name": "board", "owner": "team:sales"}])
    )
    path = "contracts/sales/acknowledgements/orders.order_lines.v1.yaml"
    other = {**AGREED, "by": "team:sales", "changes": [{"kind": "field.widened", "column": "amount"}]}
    tree.file(path, yaml.safe_dump(other))
    assert "does not name field.widened of n" in tree.plan().errors[0].message
    tree.file(path, yaml.safe_dump({**other, "changes": [{"kind": "field.widened", "column": "n"}]}))
    assert not tree.plan().refused


@pytest.mark.parametrize(
    ("said", "line", "message"),
    [
        ({"untill": "2026-12-01"}, 7, "'untill' is not a key here; did you mean 'until'?"),
        ({"by": "someone"}, 1, "found 'someone', expected an e-mail"),
        ({"until": "soon"}, 6, "found 'soon', expected a date such as 2026-12-31"),
        ({"until": "2026-10-01"}, 1, "ends on 2026-10-01, before it begins on 2026-11-01"),
        ({"changes": []}, 1, "agrees to nothing; name 'changes'"),
        ({"changes": [{"kind": "sla.losened"}]}, 3, "'sla.losened' is not a kind of change; did you mean"),
        ({"product": "orders.orders.v1"}, 5, f"whose file is {FILE.replace('order_lines', 'orders')}"),
        ({"product": "orders"}, 5, "'orders' is not an address"),
    ],
)
def test_a_wrong_file_is_told_by_line(tmp_path: Path, said: dict[str, Any], line: int, message: str) -> None:
    tree = filed(loosened(tmp_path), **said)
    found = [one for one in read_acknowledgements(tree.root).problems if message in one.message]
    assert [(one.file, one.line) for one in found][:1] == [(FILE, line)]
    assert "acknowledgement-broken" in rules(tree.plan())


def test_an_acknowledgement_is_no_contract(tmp_path: Path) -> None:
    settings = mesh_at(tmp_path, product())
    (tmp_path / FILE).parent.mkdir(parents=True)
    (tmp_path / FILE).write_text(yaml.safe_dump(AGREED))
    assert load_mesh(settings).broken == {}


def test_no_product_can_take_the_name_of_the_folder(tmp_path: Path) -> None:
    settings = mesh_at(tmp_path, product("billing.acknowledgements.v1"))
    assert load_mesh(settings).products == {}
    (problem,) = read_acknowledgements(tmp_path).problems[:1]
    assert problem.file == "contracts/billing/acknowledgements/v1.yaml"


def test_agreeing_writes_exactly_what_is_asked(tmp_path: Path) -> None:
    tree = loosened(tmp_path)
    assert agree(propose(tree.settings), "orders.order_lines.v1") == FILE
    assert yaml.safe_load((tmp_path / FILE).read_text()) == {
        "product": "orders.order_lines.v1",
        "by": "team:billing",
        "date": propose(tree.settings).today,
        "until": propose(tree.settings).today.replace(month=12),
        "changes": [{"kind": "sla.loosened"}],
    }
    assert not tree.plan().refused
    with pytest.raises(SettingsError, match="orders reads nothing of what changes; billing must agree"):
        agree(propose(tree.settings), "orders.order_lines.v1", domain="orders")


def test_a_short_name_means_the_major_that_changes(tmp_path: Path) -> None:
    tree = loosened(tmp_path)
    assert agree(propose(tree.settings), "orders.order-lines").endswith("/orders.order_lines.v1.yaml")


def test_agreeing_to_nothing_is_refused(tmp_path: Path) -> None:
    tree = loosened(tmp_path)
    with pytest.raises(MeshError, match=r"does not change in this plan; what changes is orders\.order_lines\.v1"):
        agree(propose(tree.settings), "billing.revenue.v1")
    with pytest.raises(MeshError, match=r"did you mean 'orders\.order_lines\.v1'"):
        agree(propose(tree.settings), "orders.order_line.v1")
    with pytest.raises(MeshError, match="is not a data product but a domain; its products are"):
        agree(propose(tree.settings), "orders")
