from __future__ import annotations

import shutil
import sys
from pathlib import Path

import dagster as dg
import pytest

from mesh_orchestration.contract.mesh import load_mesh
from mesh_orchestration.errors import ContractError
from mesh_orchestration.orchestration.domain import build_domain
from mesh_orchestration.settings import Settings
from tests.builders import product, settings_at
from tests.orchestration.shop import LINES, REVENUE, shop_at

pytestmark = pytest.mark.slow

LINES_KEY = dg.AssetKey(["orders", "order_lines", "v1"])


@pytest.fixture(scope="module")
def domains(parsed_shop: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, dg.RepositoryDefinition]:
    settings = settings_at(shutil.copytree(parsed_shop, tmp_path_factory.mktemp("copy") / "shop"))
    mesh = load_mesh(settings)
    return {domain: build_domain(settings, mesh, domain).get_repository_def() for domain in mesh.domains}


def test_a_domain_has_its_inputs_models_and_products(domains: dict[str, dg.RepositoryDefinition]) -> None:
    graph = domains["orders"].asset_graph
    parents = {key.to_user_string(): {one.to_user_string() for one in graph.get(key).parent_keys}
               for key in graph.materializable_asset_keys}  # fmt: skip
    assert parents == {
        "orders/input/till": set(),
        "orders/dbt/stg_till__lines": {"orders/input/till"},
        "orders/dbt/order_lines": {"orders/dbt/stg_till__lines"},
        "orders/order_lines/v1": {"orders/dbt/order_lines"},
    }


def test_an_input_from_another_product_depends_on_that_product(domains: dict[str, dg.RepositoryDefinition]) -> None:
    node = domains["billing"].asset_graph.get(dg.AssetKey(["billing", "input", "order_lines"]))
    assert node.parent_keys == {LINES_KEY}


def test_a_product_shows_who_owns_it_what_it_is_and_where_its_contract_is(
    domains: dict[str, dg.RepositoryDefinition],
) -> None:
    node = domains["orders"].asset_graph.get(LINES_KEY)
    assert node.owners == ["team-orders@example.com"]
    assert node.kinds == {"iceberg", "parquet", "dataproduct"}
    assert node.tags["mesh/tag.sales"] == ""
    assert node.metadata["mesh/contract"].path == "contracts/orders/order_lines/v1.yaml"
    assert [column.name for column in node.metadata["dagster/column_schema"].columns] == ["line_id", "amount"]


def test_checks_of_severity_error_block_and_warnings_do_not(domains: dict[str, dg.RepositoryDefinition]) -> None:
    graph = domains["orders"].asset_graph
    blocking = {key.name: graph.get(key).blocking for key in graph.get(LINES_KEY).check_keys}
    assert blocking == {
        "contract__not_null__line_id": True,
        "contract__unique__line_id": True,
        "contract__not_null__amount": True,
        "contract__between__amount": False,
    }


def test_one_pool_keeps_every_writer_of_an_engine_apart(domains: dict[str, dg.RepositoryDefinition]) -> None:
    graph = domains["orders"].asset_graph
    assert {pool for key in graph.materializable_asset_keys for pool in graph.get(key).pools} == {"engine_orders"}


def test_a_domain_with_a_source_of_its_own_is_scheduled_and_the_other_waits_for_it(
    domains: dict[str, dg.RepositoryDefinition],
) -> None:
    schedules = [(one.name, one.cron_schedule, one.default_status) for one in domains["orders"].schedule_defs]
    assert schedules == [("orders_schedule", "*/30 * * * *", dg.DefaultScheduleStatus.RUNNING)]
    assert domains["billing"].schedule_defs == []
    sensors = [(one.name, one.default_status) for one in domains["billing"].sensor_defs]
    assert sensors == [("billing_automation", dg.DefaultSensorStatus.RUNNING)]
    assert domains["orders"].sensor_defs == []


def test_a_scheduled_run_covers_the_whole_domain(domains: dict[str, dg.RepositoryDefinition]) -> None:
    context = dg.build_schedule_context(repository_def=domains["orders"])
    (request,) = domains["orders"].schedule_defs[0].evaluate_tick(context).run_requests
    assert set(request.asset_selection) == domains["orders"].asset_graph.materializable_asset_keys
    assert request.tags["mesh/domain"] == "orders"


def test_no_job_is_made_for_a_product(domains: dict[str, dg.RepositoryDefinition]) -> None:
    assert domains["orders"].job_names == ["__ASSET_JOB"]


def test_a_contract_that_names_a_missing_model_is_told_the_nearest(tmp_path: Path) -> None:
    lost = product("billing.revenue.v1", model="revenu", inputs=[dict(port) for port in _inputs()])
    settings = shop_at(tmp_path, products=[LINES, lost])
    contract = (tmp_path / "contracts/billing/revenue/v1.yaml").read_text().splitlines()
    line = next(number for number, text in enumerate(contract, start=1) if text.strip() == "model: revenu")
    told = (
        rf"v1.yaml:{line} spec.model: there is no dbt model 'revenu' in dbt_projects/billing/.*did you mean 'revenue'"
    )
    with pytest.raises(ContractError, match=told):
        build_domain(settings, load_mesh(settings), "billing")


def _inputs() -> list[dict[str, str]]:
    return [port.model_dump() for port in REVENUE.inputs]


def test_a_domain_may_add_assets_of_its_own(tmp_path: Path) -> None:
    package = tmp_path / "more" / "extra_domains"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "orders.py").write_text(
        "import dagster as dg\n@dg.asset\ndef report() -> None: ...\ndefs = dg.Definitions(assets=[report])\n"
    )
    sys.path.insert(0, str(package.parent))
    try:
        settings = shop_at(tmp_path)
        extended = Settings(settings.root, settings.home, {"MESH_EXTENSIONS": "extra_domains"})
        definitions = build_domain(extended, load_mesh(extended), "orders")
    finally:
        sys.path.remove(str(package.parent))
    assert dg.AssetKey("report") in definitions.get_repository_def().asset_graph.materializable_asset_keys
