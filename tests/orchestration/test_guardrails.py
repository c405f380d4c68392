"""A product that a policy denies: shown in Dagster with the reason, run by nobody, and back when it keeps the rule."""

from __future__ import annotations

from pathlib import Path

import dagster as dg
import pytest

from mesh_orchestration.contract.mesh import load_mesh
from mesh_orchestration.orchestration.domain import build_domain
from mesh_orchestration.orchestration.instance import open_instance
from mesh_orchestration.orchestration.run import run
from mesh_orchestration.settings import Settings
from tests.cli.mesh import mesh
from tests.governance.policies import write_rule
from tests.orchestration.shop import shop_at

pytestmark = pytest.mark.slow
LINES_KEY = dg.AssetKey(["orders", "order_lines", "v1"])
BODY = """deny contains finding if {
	input.address == "orders.order_lines.v1"
	finding := {"path": "spec.sla", "message": "promises too little"}
}
"""


@pytest.fixture
def shop(tmp_path: Path) -> Settings:
    return shop_at(tmp_path)


def test_a_denied_product_is_shown_with_the_reason_and_cannot_be_run(shop: Settings) -> None:
    write_rule(shop.root, body=BODY)
    repository = build_domain(shop, load_mesh(shop), "orders").get_repository_def()
    node = repository.asset_graph.get(LINES_KEY)

    assert not node.is_materializable
    assert "VER-001 promises too little" in node.metadata["mesh/denied"].value
    assert "cannot be run" in (node.description or "")
    assert "mesh/denied" in node.tags
    assert node.owners == ["team-orders@example.com"]


def test_the_others_run_and_it_is_refused_until_it_keeps_the_rule(shop: Settings) -> None:
    rule = write_rule(shop.root, body=BODY)
    with open_instance(shop) as instance:
        report = run(shop, instance=instance)
        assert [(str(one.address), one.outcome) for one in report.products] == [
            ("orders.order_lines.v1", "refused"),
            ("billing.revenue.v1", "skipped"),
        ]
        assert "policy VER-001 promises too little (Mend it.)" in report.products[0].reasons
        status = mesh(shop, "status", "--json")
        assert status.code == 1
        assert {one["address"]: bool(one["denied"]) for one in status.json} == {
            "orders.order_lines.v1": True,
            "billing.revenue.v1": False,
        }

        rule.write_text(rule.read_text().replace("orders.order_lines.v1", "orders.nothing.v1"))
        assert run(shop, instance=instance).ok


def test_policies_that_cannot_be_read_let_nothing_run(shop: Settings) -> None:
    write_rule(shop.root).write_text("package mesh.rules.versions\n")
    repository = build_domain(shop, load_mesh(shop), "orders").get_repository_def()

    assert not repository.asset_graph.get(LINES_KEY).is_materializable
    assert "has no METADATA" in repository.asset_graph.get(LINES_KEY).metadata["mesh/denied"].value


def test_a_product_of_a_mesh_with_policies_has_a_check_for_them(shop: Settings) -> None:
    write_rule(shop.root)
    repository = build_domain(shop, load_mesh(shop), "orders").get_repository_def()
    checks = {key.name for key in repository.asset_graph.get(LINES_KEY).check_keys}

    assert "policies" in checks
    with open_instance(shop) as instance:
        assert run(shop, instance=instance).ok
