"""What the policies say to a plan: about the contracts, the files and the deployments that it changes."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.builders import product
from tests.governance.opa_server import ROOT
from tests.governance.policies import write_rule
from tests.planning.repository import Repository, repository_at

SECRET = "password: " + "hunter2\n"  # put together here, so that this file holds none
RULES = ("secrets", "output_ports", "resource_limits", "bare_hashes")
HASHED = "select md5(household_id) as who from x\n"


@pytest.fixture
def tree(tmp_path: Path) -> Repository:
    tree = repository_at(
        tmp_path,
        product(),
        product(
            "billing.revenue.v1",
            fields={"n": "long"},
            inputs=[{"name": "order_lines", "type": "data-product", "product": "orders.order_lines.v1"}],
        ),
    )
    for name in RULES:
        tree.file(f"policies/rules/{name}.rego", (ROOT / "policies" / "rules" / f"{name}.rego").read_text())
    shutil.copytree(ROOT / "policies" / "data", tmp_path / "policies" / "data")
    tree.commit("policies")
    return tree


def denied(tree: Repository) -> list[tuple[str, str, int, str]]:
    """What refuses the plan: about whom, where, by which rule."""
    return [
        (one.address, one.file, one.line, one.message[:7]) for one in tree.plan().errors if one.rule == "policy-denied"
    ]


def test_a_changed_file_of_any_kind_is_judged_where_it_stands(tree: Repository) -> None:
    tree.file("dbt_projects/orders/profiles.yml", f"\n{SECRET}")
    tree.file("deploy/values.yaml", "web:\n  image: mesh\n  resources: {limits: {cpu: 1}}\n")
    tree.file("tools/send.sh", SECRET)

    assert sorted(denied(tree)) == [
        ("deploy/values.yaml", "deploy/values.yaml", 3, "LIM-001"),
        ("orders", "dbt_projects/orders/profiles.yml", 2, "SEC-001"),
        ("platform", "tools/send.sh", 1, "SEC-001"),
    ]


def test_what_was_there_before_in_another_domain_is_not_held_against_a_change(tree: Repository) -> None:
    tree.file("dbt_projects/billing/profiles.yml", SECRET)
    tree.file("deploy/values.yaml", "image: mesh\n")
    tree.commit("something wrong")
    tree.file("dbt_projects/orders/models/order_lines.sql", "select 1\n")
    tree.git("update-ref", "refs/heads/base", "HEAD")

    assert tree.plan("base").refused is False
    tree.file("policies/rules/note.md", "the policies change\n")
    assert {one.address for one in tree.plan("base").errors} == {"billing", "deploy/values.yaml"}


def test_a_column_that_becomes_personal_is_looked_for_in_the_models_of_its_readers(tree: Repository) -> None:
    tree.file("dbt_projects/billing/models/revenue.sql", HASHED)
    fields = {"order_id": {"type": "string", "constraints": {"primary_key": True}}, "household_id": "long"}
    tree.write(product(fields=fields))
    tree.commit("before")
    assert denied(tree) == []

    fields["household_id"] = {"type": "long", "pii": True, "constraints": {"masking": "hash"}}
    tree.write(product(fields=fields, version="1.0.1"))
    assert denied(tree) == [("billing", "dbt_projects/billing/models/revenue.sql", 1, "PII-005")]


def test_policies_that_cannot_be_read_refuse_the_plan_at_their_line(tree: Repository) -> None:
    write_rule(tree.root, body="deny {\n")
    (finding,) = tree.plan().errors

    assert (finding.rule, finding.file, finding.line) == ("policy-failed", "policies/rules/versions.rego", 10)
    assert finding.message.startswith("column 6: `if` keyword is required")
