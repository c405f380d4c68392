"""Products that end, as Dagster shows them."""

from __future__ import annotations

from pathlib import Path

import dagster as dg
import pytest

from mesh_orchestration.contract.mesh import load_mesh
from mesh_orchestration.orchestration.domain import build_domain
from mesh_orchestration.orchestration.instance import open_instance
from mesh_orchestration.orchestration.run import run
from mesh_orchestration.settings import Settings
from tests.orchestration.shop import LINES, REVENUE, shop_at

pytestmark = pytest.mark.slow
GOING = LINES.model_copy(
    update={"metadata": LINES.metadata.model_copy(update={"status": "deprecated", "sunset": "2026-12-31"})}
)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    root: Path = tmp_path_factory.mktemp("shop")
    return shop_at(root, products=(GOING, REVENUE), MESH_NOW="2026-11-21T06:00:00+00:00")


def test_the_product_and_its_consumers_are_marked(shop: Settings) -> None:
    mesh = load_mesh(shop)
    graphs = {domain: build_domain(shop, mesh, domain).get_repository_def().asset_graph for domain in mesh.domains}
    own = graphs["orders"].get(dg.AssetKey(["orders", "order_lines", "v1"]))
    assert own.description.startswith("**This product is deprecated, ends on 2026-12-31.**\n\n")
    assert (own.tags["mesh/status"], own.tags["mesh/sunset"]) == ("deprecated", "2026-12-31")
    assert own.metadata["mesh/deprecated"].text == "deprecated, ends on 2026-12-31"
    for key in (["billing", "revenue", "v1"], ["billing", "input", "order_lines"]):
        consumer = graphs["billing"].get(dg.AssetKey(key))
        assert consumer.description.startswith(
            "**Reads orders.order_lines.v1, which is deprecated, ends on 2026-12-31.**"
        )
        assert "mesh/deprecated_inputs" in consumer.tags
        assert "mesh/deprecated_inputs" in consumer.metadata
    till = graphs["orders"].get(dg.AssetKey(["orders", "input", "till"]))
    assert not {"mesh/deprecated", "mesh/deprecated_inputs"} & {*till.tags, *till.metadata}


def test_a_run_of_a_consumer_warns_in_its_log(shop: Settings) -> None:
    with open_instance(shop) as instance:
        assert run(shop, ["orders", "billing"], instance=instance).ok
        warnings = {
            (entry.step_key, entry.user_message)
            for record in instance.get_runs()
            for entry in instance.all_logs(record.run_id)
            if entry.level == 30 and "deprecated" in entry.user_message
        }
    message = "orders.order_lines.v1 is deprecated and ends on 2026-12-31, in 40 days"
    assert {step for step, said in warnings if said == message} == {
        "orders__order_lines__v1", "billing__input__order_lines", "billing__revenue__v1",
    }  # fmt: skip
