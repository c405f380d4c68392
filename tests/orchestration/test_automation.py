from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.definitions.automation_tick_evaluation_context import build_run_requests

from mesh_orchestration.contract.mesh import load_mesh
from mesh_orchestration.orchestration.domain import build_domain
from tests.builders import settings_at

pytestmark = pytest.mark.slow
MART = dg.AssetKey(["billing", "dbt", "revenue"])
PUBLISHED = dg.AssetKey(["orders", "order_lines", "v1"])
CONSUMER = {
    dg.AssetKey(["billing", "input", "order_lines"]),
    MART,
    dg.AssetKey(["billing", "revenue", "v1"]),
}


class Workspace:
    """Both domains as the daemon sees them, and its memory from tick to tick."""

    def __init__(self, definitions: dg.Definitions, instance: dg.DagsterInstance) -> None:
        self.definitions, self.instance, self.cursor = definitions, instance, None
        graph = definitions.get_repository_def().asset_graph
        self.checks = {key: graph.get(key).blocking for key in graph.asset_check_keys}
        for key in graph.materializable_asset_keys:
            self.materialise(key)

    def tick(self) -> set[dg.AssetKey]:
        """The assets that the daemon requests now."""
        return {key for request in self.requests() for key in request.asset_selection or ()}

    def requests(self) -> Sequence[dg.RunRequest]:
        """The runs that the daemon requests now."""
        result = dg.evaluate_automation_conditions(self.definitions, instance=self.instance, cursor=self.cursor)
        self.cursor = result.cursor
        graph = self.definitions.get_repository_def().asset_graph
        return build_run_requests(list(result._requested_subsets), graph, {}, emit_backfills=False)

    def materialise(self, key: dg.AssetKey) -> None:
        self.instance.report_runless_asset_event(dg.AssetMaterialization(key))

    def check(self, key: dg.AssetKey, *, passed: bool) -> None:
        for check in self.checks:
            if check.asset_key == key:
                self.instance.report_runless_asset_event(
                    dg.AssetCheckEvaluation(check_name=check.name, asset_key=key, passed=passed)
                )


@pytest.fixture(scope="module")
def definitions(parsed_shop: Path, tmp_path_factory: pytest.TempPathFactory) -> dg.Definitions:
    settings = settings_at(shutil.copytree(parsed_shop, tmp_path_factory.mktemp("copy") / "shop"))
    mesh = load_mesh(settings)
    return dg.Definitions.merge(*(build_domain(settings, mesh, domain) for domain in mesh.domains))


@pytest.fixture
def workspace(definitions: dg.Definitions) -> Iterator[Workspace]:
    with dg.DagsterInstance.ephemeral() as instance:
        workspace = Workspace(definitions, instance)
        workspace.check(PUBLISHED, passed=True)
        workspace.check(MART, passed=True)
        workspace.tick()
        yield workspace


def test_a_publication_upstream_requests_input_models_and_product_in_one_go(workspace: Workspace) -> None:
    workspace.materialise(PUBLISHED)
    workspace.check(PUBLISHED, passed=True)
    assert workspace.tick() == CONSUMER


def test_a_run_on_publication_runs_every_test_and_check_of_what_it_makes(workspace: Workspace) -> None:
    workspace.materialise(PUBLISHED)
    workspace.check(PUBLISHED, passed=True)
    (request,) = workspace.requests()
    assert set(request.asset_check_keys or ()) == {check for check in workspace.checks if check.asset_key in CONSUMER}


def test_nothing_is_requested_before_something_is_published(workspace: Workspace) -> None:
    assert workspace.tick() == set()


def test_a_refusal_upstream_requests_nothing(workspace: Workspace) -> None:
    workspace.check(PUBLISHED, passed=False)
    assert workspace.tick() == set()


def test_what_happens_inside_the_other_domain_requests_nothing(workspace: Workspace) -> None:
    workspace.materialise(dg.AssetKey(["orders", "dbt", "order_lines"]))
    assert workspace.tick() == set()


def test_a_materialisation_beside_failed_blocking_checks_is_not_built_upon(workspace: Workspace) -> None:
    workspace.materialise(PUBLISHED)
    workspace.check(PUBLISHED, passed=False)
    assert workspace.tick() == set()


def test_a_publication_is_answered_once(workspace: Workspace) -> None:
    workspace.materialise(PUBLISHED)
    workspace.check(PUBLISHED, passed=True)
    first, second = workspace.tick(), workspace.tick()
    assert (first, second) == (CONSUMER, set())


def test_a_dbt_test_that_failed_before_does_not_split_the_next_run(workspace: Workspace) -> None:
    workspace.check(MART, passed=False)
    workspace.materialise(PUBLISHED)
    workspace.check(PUBLISHED, passed=True)
    assert workspace.tick() == CONSUMER


def test_a_mart_built_by_hand_is_published_unless_its_dbt_test_failed(workspace: Workspace) -> None:
    workspace.materialise(MART)
    workspace.check(MART, passed=False)
    assert workspace.tick() == set()
    workspace.check(MART, passed=True)
    assert workspace.tick() == {dg.AssetKey(["billing", "revenue", "v1"])}
