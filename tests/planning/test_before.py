"""The contracts as they stood at a commit, read again only where something changed."""

from __future__ import annotations

from pathlib import Path

from mesh_orchestration.planning.compare import pairs
from mesh_orchestration.planning.proposal import Proposal, propose
from tests.builders import product
from tests.planning.repository import Repository, repository_at

SHORT = """name: {name}
domain: sales
owner: sales@example.com
outputs: [{{name: {name}-v1, format: parquet, location: "s3://mesh/sales/{name}/v1/", schema: ./schemas/row.avsc}}]
sla: {{freshness: 1h}}
"""
AVRO = '{{"type": "record", "name": "row", "fields": [{{"name": "n", "type": "{kind}"}}]}}'


def proposal(tree: Repository) -> Proposal:
    return propose(tree.settings)


def test_a_product_whose_file_did_not_change_is_the_same_object(tmp_path: Path) -> None:
    tree = repository_at(tmp_path, product(), product("orders.orders.v1"))
    tree.write(product("orders.orders.v1", version="1.0.1"))
    found = proposal(tree)
    same = [address.product for address, one in found.before.products.items() if found.now.products[address] is one]
    assert same == ["order_lines"]
    assert [one.version for one in found.before.products.values()] == ["1.0.0", "1.0.0"]


def test_nothing_is_read_again_when_no_contract_changed(tmp_path: Path) -> None:
    tree = repository_at(tmp_path, product())
    tree.file("contracts/orders/order_lines/generated/v1.avsc", "{}")
    tree.file("contracts/contract.schema.json", "{}")
    found = proposal(tree)
    assert found.before is found.now


def test_a_changed_schema_file_changes_the_contracts_that_draw_on_it(tmp_path: Path) -> None:
    tree = repository_at(tmp_path, product())
    tree.file("contracts/sales/deals/schemas/row.avsc", AVRO.format(kind="int"))
    tree.file("contracts/sales/deals/v1.yaml", SHORT.format(name="deals"))
    tree.commit("a contract in the short form")
    tree.file("contracts/sales/deals/schemas/row.avsc", AVRO.format(kind="long"))
    found = proposal(tree)
    (pair,) = pairs(found.before, found.now, earlier=lambda _: ())
    assert (str(pair.address), [change.kind for change in pair.verdict.changes] if pair.verdict else []) == (
        "sales.deals.v1", ["field.widened"],
    )  # fmt: skip


def test_a_link_out_of_the_tree_in_an_old_commit_is_not_followed(tmp_path: Path) -> None:
    tree = repository_at(tmp_path / "mesh", product())
    secret = tmp_path / "secret.yaml"
    secret.write_text("kind: DataProduct\n")
    link = tree.root / "contracts/orders/linked/v1.yaml"
    link.parent.mkdir(parents=True)
    link.symlink_to(secret)
    tree.commit("a link")
    link.unlink()
    found = proposal(tree)
    (problem,) = found.before.problems
    assert problem.file == "contracts/orders/linked/v1.yaml"
    assert "leads out of the mesh" in problem.message


def test_the_working_tree_of_git_is_left_as_it_is(tmp_path: Path) -> None:
    tree = repository_at(tmp_path, product())
    tree.write(product(version="1.0.1"))
    before = (tree.git("status", "--porcelain"), (tmp_path / ".git/index").read_bytes())
    proposal(tree)
    assert (tree.git("status", "--porcelain"), (tmp_path / ".git/index").read_bytes()) == before
