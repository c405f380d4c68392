from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest

from mesh_orchestration.contract.mesh import load_mesh
from mesh_orchestration.engines.base import engine_for
from mesh_orchestration.errors import SettingsError
from mesh_orchestration.orchestration.dbt import invoke, mode
from mesh_orchestration.orchestration.domain import build_domain
from mesh_orchestration.orchestration.manifest import Project, ensure_manifest
from mesh_orchestration.settings import Settings
from tests.orchestration.shop import land, write_project

pytestmark = pytest.mark.slow
ENDLESS = "select count(*) as lines from range(100000000000) as numbers, range(1000) as more"


@pytest.fixture
def landed(shop: Settings) -> Project:
    """The dbt project of orders with its input landed."""
    land(shop, "day1", "1,10\n2,20\n")
    definitions = build_domain(shop, load_mesh(shop), "orders")
    job = definitions.resolve_implicit_global_asset_job_def()
    assert job.execute_in_process(asset_selection=[dg.AssetKey(["orders", "input", "till"])]).success
    return ensure_manifest(shop, "orders")


def test_what_dbt_changes_in_the_process_is_put_back(shop: Settings, landed: Project, tmp_path: Path) -> None:
    before = (Path.cwd(), dict(os.environ))
    outcome = invoke(shop, landed, ["build"], target=tmp_path / "target", environ={"ONLY_FOR_DBT": "yes"})
    assert outcome.success
    assert (Path.cwd(), dict(os.environ)) == before


def test_another_process_may_open_the_engine_when_dbt_is_done(shop: Settings, landed: Project, tmp_path: Path) -> None:
    assert invoke(shop, landed, ["build"], target=tmp_path / "target").success
    program = "import sys, duckdb; print(len(duckdb.connect(sys.argv[1]).execute(sys.argv[2]).fetchall()))"
    path = engine_for(shop, "orders").dbt_target()["path"]
    query = f"from {engine_for(shop, 'orders').relation('order_lines')}"
    done = subprocess.run([sys.executable, "-c", program, path, query], capture_output=True, text=True)
    assert (done.stdout.strip(), done.stderr) == ("2", "")


def test_an_interrupt_reaches_dbt_which_stops_its_query_and_lets_go(
    shop: Settings, landed: Project, tmp_path: Path
) -> None:
    write_project(shop.root, "orders", {"endless": ENDLESS})
    project = ensure_manifest(shop, "orders")

    def interrupt(line: str) -> None:
        if "START sql table model orders.endless" in line:
            os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        invoke(shop, project, ["build", "--select", "endless"], target=tmp_path / "target", listen=interrupt)
    with engine_for(shop, "orders") as engine:
        assert engine.execute("select 1") == [(1,)]


def test_dbts_own_failure_is_told_apart_from_a_failed_model(shop: Settings, landed: Project, tmp_path: Path) -> None:
    unknown = invoke(shop, landed, ["build", "--no-such-flag"], target=tmp_path / "target")
    write_project(shop.root, "orders", {"order_lines": "select 1 / 'x' as line_id"})
    failed = invoke(shop, landed, ["build", "--select", "order_lines"], target=tmp_path / "target")
    assert (unknown.code, failed.code) == (2, 1)
    assert "no-such-flag" in unknown.error
    assert "order_lines" in failed.error


def test_a_word_for_the_way_dbt_runs_that_is_not_known_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"MESH_DBT='fast' is not known; use inprocess \(default\) or subprocess"):
        mode(Settings(tmp_path, tmp_path, {"MESH_DBT": "fast"}))


def test_a_dbt_test_that_could_not_run_counts_as_failed(shop: Settings, instance: dg.DagsterInstance) -> None:
    tests = shop.root / "dbt_projects" / "orders" / "tests"
    (tests / "lines_cost_something.sql").write_text("select * from {{ ref('order_lines') }} where amount < 0\n")
    (tests / "lines_have_numbers.sql").write_text("select * from {{ ref('stg_till__lines') }} where line_id = 2\n")
    job = build_domain(shop, load_mesh(shop), "orders").resolve_implicit_global_asset_job_def()
    result = job.execute_in_process(instance=instance, raise_on_error=False)
    answers = {one.check_name: one.passed for one in result.get_asset_check_evaluations()}
    assert answers == {"lines_have_numbers": False, "lines_cost_something": False}
    assert not result.success


def test_one_dbt_test_can_be_run_alone(shop: Settings, landed: Project, instance: dg.DagsterInstance) -> None:
    job = build_domain(shop, load_mesh(shop), "orders").get_repository_def().get_job("__ASSET_JOB")
    model = dg.AssetKey(["orders", "dbt", "stg_till__lines"])
    check = dg.AssetCheckKey(model, "lines_have_numbers")
    assert job.get_subset(asset_selection={model}).execute_in_process(instance=instance).success
    alone = job.get_subset(asset_selection=set(), asset_check_selection={check}).execute_in_process(instance=instance)
    assert [(one.check_name, one.passed) for one in alone.get_asset_check_evaluations()] == [(check.name, True)]
    assert not alone.get_asset_materialization_events()
