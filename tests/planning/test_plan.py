"""What a plan says of a change, and what refuses it: real repositories, real contracts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mesh_orchestration.contract.model import DataProduct
from mesh_orchestration.planning.plan import Counts
from tests.builders import FIELDS, contract_text, product, write_contract
from tests.orchestration.shop import write_project
from tests.planning.repository import Repository, product_of, repository_at, rules

REVENUE = product(
    "billing.revenue.v1",
    fields={"total": "double"},
    inputs=[{"name": "order_lines", "type": "data-product", "product": "orders.order_lines.v1"}],
)


def lines(version: str = "1.0.0", **said: Any) -> DataProduct:
    return product(version=version, **said)


def landed(port: str) -> str:
    return f"{{{{ source('landing', '{port}') }}}}"


def shop(root: Path, *products: DataProduct) -> Repository:
    """Order lines, and revenue that reads their amount."""
    tree = repository_at(root, *(products or (lines(), REVENUE)))
    write_project(
        root, "orders", {"order_lines": "select order_id, amount, event_ts from {{ source('landing', 'x') }}"}
    )
    write_project(
        root, "billing", {"revenue": "select sum(amount) as total from {{ source('landing', 'order_lines') }}"}
    )
    tree.commit("models")
    return tree


def without(*names: str) -> dict[str, Any]:
    return {name: said for name, said in FIELDS.items() if name not in names}


def test_nothing_changes_when_nothing_changed(tmp_path: Path) -> None:
    found = shop(tmp_path).plan()
    assert (found.empty, found.refused, found.counts) == (True, False, Counts(unchanged=2))


def test_spelling_and_comments_are_no_change(tmp_path: Path) -> None:
    tree = shop(tmp_path)
    path = tmp_path / "contracts/orders/order_lines/v1.yaml"
    path.write_text(f"# a word\n{path.read_text()}")
    assert tree.plan().products == ()


def test_an_added_column_with_a_minor_version_passes(tmp_path: Path) -> None:
    tree = shop(tmp_path)
    tree.write(lines("1.1.0", fields={**FIELDS, "note": "string"}))
    found = tree.plan()
    one = product_of(found, "orders.order_lines.v1")
    assert (found.refused, one.status, one.before, one.after, one.required) == (
        False, "changed", "1.0.0", "1.1.0", "minor",
    )  # fmt: skip
    assert [(change.kind, change.column, change.consumer) for change in one.changes] == [
        ("field.added", "note", "compatible")
    ]
    assert one.downstream == ("billing.revenue.v1",)
    assert [(table.action, table.compared_with) for table in found.tables] == [("evolve-table", "contract")]


def test_a_column_added_under_the_old_version_is_refused_at_its_line(tmp_path: Path) -> None:
    tree = shop(tmp_path)
    tree.write(lines("1.0.0", fields={**FIELDS, "note": "string"}))
    (finding,) = tree.plan().errors
    text = (tmp_path / finding.file).read_text().splitlines()
    assert (finding.rule, text[finding.line - 1].strip()) == ("version-too-small", "version: 1.0.0")
    assert "write metadata.version: 1.1.0" in finding.message


def test_a_removed_column_under_the_same_major_is_refused_and_names_who_reads_it(tmp_path: Path) -> None:
    tree = shop(tmp_path)
    tree.write(lines("1.1.0", fields=without("amount")))
    found = tree.plan()
    (consumer,) = product_of(found, "orders.order_lines.v1").affected
    assert rules(found) == ["breaking-change"]
    assert (consumer.consumer, consumer.owner, consumer.columns) == ("billing.revenue.v1", "team:billing", ("amount",))


def test_removing_a_column_that_nobody_reads_names_nobody(tmp_path: Path) -> None:
    tree = shop(tmp_path)
    tree.write(lines("1.1.0", fields=without("event_ts")))
    assert product_of(tree.plan(), "orders.order_lines.v1").affected == ()


def test_a_new_major_beside_the_old_one_concerns_nobody(tmp_path: Path) -> None:
    tree = shop(tmp_path)
    tree.write(product("orders.order_lines.v2", fields=without("amount"), model="order_lines_v2"))
    found = tree.plan()
    one = product_of(found, "orders.order_lines.v2")
    assert (found.refused, one.status, one.before, one.after, one.affected) == (False, "added", "1.0.0", "2.0.0", ())
    assert [change.kind for change in one.changes][:1] == ["field.removed"]


def test_a_product_that_is_still_consumed_cannot_be_removed(tmp_path: Path) -> None:
    tree = shop(tmp_path)
    tree.remove("orders.order_lines.v1")
    found = tree.plan()
    assert sorted(rules(found)) == ["contract-broken", "product-removed"]
    assert "billing.revenue.v1 (team:billing) still reads orders.order_lines.v1" in found.errors[-1].message


def test_a_product_that_nobody_consumes_may_go(tmp_path: Path) -> None:
    tree = shop(tmp_path)
    tree.remove("billing.revenue.v1")
    found = tree.plan()
    assert (found.refused, product_of(found, "billing.revenue.v1").status) == (False, "removed")


def test_a_removed_product_asks_the_consumers_it_declared(tmp_path: Path) -> None:
    board = {"name": "board", "type": "dashboard", "owner": "team:sales"}
    tree = repository_at(tmp_path, lines(consumers=[board]), product("sales.deals.v1"))
    tree.remove("orders.order_lines.v1")
    assert rules(tree.plan()) == ["product-removed"]
    tree.file(
        "contracts/sales/acknowledgements/orders.order_lines.v1.yaml",
        "{product: orders.order_lines.v1, by: 'team:sales', date: 2026-11-01, until: 2026-12-01,"
        " changes: [{kind: product.removed}]}",
    )
    assert not tree.plan().refused


def test_taking_out_a_consumer_together_with_its_column_still_asks_it(tmp_path: Path) -> None:
    board = {"name": "board", "type": "dashboard", "owner": "team:sales", "columns": ["amount"]}
    tree = repository_at(tmp_path, lines(consumers=[board], sla={"freshness": "1h"}))
    tree.write(lines("1.1.0", sla={"freshness": "2h"}))
    found = tree.plan()
    assert rules(found) == ["not-acknowledged"]
    assert product_of(found, "orders.order_lines.v1").affected[0].consumer == "board"


def test_a_rename_is_known_by_its_id(tmp_path: Path) -> None:
    tree = repository_at(tmp_path, lines())
    tree.remove("orders.order_lines.v1")
    tree.write(product("orders.lines.v1", id="orders.order_lines"))
    one = product_of(tree.plan(), "orders.lines.v1")
    assert (one.status, one.renamed_from) == ("renamed", "orders.order_lines.v1")


def test_a_rename_without_the_id_is_suspected(tmp_path: Path) -> None:
    tree = repository_at(tmp_path, lines())
    tree.remove("orders.order_lines.v1")
    tree.write(product("orders.lines.v1"))
    (warning,) = (finding for finding in tree.plan().findings if finding.severity == "warning")
    assert (warning.rule, warning.fix) == (
        "rename-suspected", "if it is a rename, say so: metadata.id: orders.order_lines",
    )  # fmt: skip


def test_broken_contracts_are_reported_and_everything_else_is_planned(tmp_path: Path) -> None:
    tree = shop(tmp_path)
    tree.file("contracts/orders/order_lines/v1.yaml", "kind: [")
    tree.write(product("customers.people.v1"))
    found = tree.plan()
    assert {one.address: one.status for one in found.products} == {
        "customers.people.v1": "added",
        "orders.order_lines.v1": "broken",
    }
    assert [(one.rule, one.file) for one in found.errors] == [
        ("contract-broken", "contracts/orders/order_lines/v1.yaml")
    ]
    assert found.generated == ()  # nobody would want the files of the broken one taken out


def test_a_contract_that_was_broken_and_is_mended_counts_as_new(tmp_path: Path) -> None:
    tree = repository_at(tmp_path, lines())
    tree.file("contracts/orders/order_lines/v1.yaml", "kind: nothing\n")
    tree.commit("broken")
    tree.write(lines())
    found = tree.plan()
    assert ([one.rule for one in found.findings], found.products[0].status) == (["base-broken"], "added")


def test_an_unmet_expectation_of_a_consumer_refuses(tmp_path: Path) -> None:
    port = {
        "name": "order_lines", "type": "data-product", "product": "orders.order_lines.v1",
        "expects": {"fields": [{"name": "amount", "type": "decimal(12,2)", "null": False}]},
    }  # fmt: skip
    strict = {**FIELDS, "amount": {"type": "decimal(12,2)", "constraints": {"null": False}}}
    tree = shop(
        tmp_path, lines(fields=strict), product("billing.revenue.v1", fields={"total": "double"}, inputs=[port])
    )
    assert not tree.plan().refused
    tree.write(lines("1.1.0", fields=without("amount")))
    found = tree.plan()
    assert rules(found) == ["breaking-change", "expectation-unmet"]
    assert "has no column 'amount'" in product_of(found, "orders.order_lines.v1").unmet[0].message


def test_a_consumer_s_new_expectation_is_held_against_what_is_promised(tmp_path: Path) -> None:
    tree = shop(tmp_path)
    port = {
        "name": "order_lines", "type": "data-product", "product": "orders.order_lines.v1",
        "expects": {"freshness": "1h"},
    }  # fmt: skip
    tree.write(product("billing.revenue.v1", fields={"total": "double"}, inputs=[port]))
    assert rules(tree.plan()) == ["expectation-unmet"]


def test_a_draft_has_promised_nothing(tmp_path: Path) -> None:
    tree = shop(tmp_path, lines(status="draft"), REVENUE)
    tree.write(lines(status="draft", fields={**FIELDS, "amount": "double"}))
    found = tree.plan()
    assert (found.refused, product_of(found, "orders.order_lines.v1").notes) == (
        False, ("was a draft, which promises nothing",),
    )  # fmt: skip


def test_transitive_promises_bind_versions_before_the_last(tmp_path: Path) -> None:
    def write(version: str, **fields: str) -> None:
        text = contract_text(version=version, fields={**FIELDS, **fields})
        write_contract(tmp_path, text.replace("schema:\n", "schema:\n    compatibility: full_transitive\n"))

    tree = repository_at(tmp_path)
    for version, kind in (("1.0.0", "string"), ("1.1.0", "double")):
        write(version, amount=kind)
        tree.commit(version)
    write("1.2.0", amount="double", more="string")
    (finding,) = tree.plan().errors
    assert "version 1.2.0 cannot read what was written under 1.0.0" in finding.message


def test_changed_models_rebuild_their_product_and_those_after_it(tmp_path: Path) -> None:
    tree = shop(tmp_path)
    tree.file(
        "dbt_projects/orders/models/order_lines.sql", "select order_id, amount from {{ source('landing', 'x') }}\n"
    )
    found = tree.plan()
    assert [(one.domain, one.model) for one in found.models] == [("orders", "order_lines")]
    one = product_of(found, "orders.order_lines.v1")
    assert (one.status, one.models, one.downstream) == ("unchanged", ("order_lines",), ("billing.revenue.v1",))
    assert (found.refused, found.counts) == (False, Counts(rebuilt=1, unchanged=1))


def test_sla_and_access_changes_are_shown(tmp_path: Path) -> None:
    tree = shop(tmp_path, lines(sla={"freshness": "1h"}, access={"roles": ["analyst"]}), REVENUE)
    tree.write(lines("1.1.0", sla={"freshness": "2h"}, access={"roles": ["analyst", "engineer"]}))
    one = product_of(tree.plan(), "orders.order_lines.v1")
    assert [change.kind for change in one.changes] == ["sla.loosened", "role.added"]


@pytest.mark.parametrize("text", ["", "[]", "&a [*a]", "\tx", "a: 1\na: 2\n", "\x00", "b: {{{{"])
def test_no_contract_file_ends_in_a_traceback(tmp_path: Path, text: str) -> None:
    tree = repository_at(tmp_path, lines())
    tree.file("contracts/orders/order_lines/v1.yaml", text)
    tree.file("contracts/orders/acknowledgements/billing.x.v1.yaml", text)
    assert set(rules(tree.plan())) == {"contract-broken", "acknowledgement-broken"}


def test_products_of_one_domain_that_are_built_from_each_other_are_downstream(tmp_path: Path) -> None:
    tree = shop(tmp_path, lines(), product("orders.orders.v1"), REVENUE)
    tree.file("dbt_projects/orders/models/int.sql", "select * from {{ ref('order_lines') }}")
    tree.file("dbt_projects/orders/models/orders.sql", "select * from {{ ref('int') }}")
    tree.commit()
    tree.write(lines("1.1.0", fields={**FIELDS, "note": "string"}))
    one = product_of(tree.plan(), "orders.order_lines.v1")
    assert one.downstream == ("billing.revenue.v1", "orders.orders.v1")
