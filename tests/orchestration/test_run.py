from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import dagster as dg
import pytest

from mesh_orchestration.contract.address import Address
from mesh_orchestration.errors import MeshError
from mesh_orchestration.orchestration.execution import PROCESS_TAG, host
from mesh_orchestration.orchestration.instance import open_instance
from mesh_orchestration.orchestration.run import Progress, RunReport, run, settle_abandoned
from mesh_orchestration.settings import Settings
from mesh_orchestration.storage.catalog import open_lake
from mesh_orchestration.storage.snapshots import Snapshot, published, rejected
from tests.builders import contract_text, settings_at, write_contract
from tests.orchestration.shop import land, write_project

pytestmark = pytest.mark.slow
LINES, REVENUE = Address.parse("orders.order_lines.v1"), Address.parse("billing.revenue.v1")
MANY_NULLS = "4,\n5,\n6,\n"


def outcomes(report: RunReport) -> dict[str, str]:
    return {str(product.address): product.outcome for product in report.products}


def reasons(report: RunReport, address: Address) -> str:
    return "; ".join(next(product for product in report.products if product.address == address).reasons)


def current(settings: Settings, address: Address) -> Snapshot | None:
    with open_lake(settings) as lake:
        return published(lake, address)


def materialisations(instance: dg.DagsterInstance, address: Address) -> int:
    return len(instance.fetch_materializations(dg.AssetKey(list(address.asset_key)), limit=100).records)


@dataclass(frozen=True)
class First:
    """The first run of a whole shop, for tests that only look at it."""

    settings: Settings
    instance: dg.DagsterInstance
    report: RunReport
    events: tuple[Progress, ...]


@pytest.fixture(scope="module")
def first(parsed_shop: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[First]:
    root = tmp_path_factory.mktemp("first") / "shop"
    shutil.copytree(parsed_shop, root)
    settings, events = settings_at(root), list[Progress]()
    with open_instance(settings) as instance:
        report = run(settings, instance=instance, on_event=events.append)
        yield First(settings, instance, report, tuple(events))


def test_everything_is_published_in_the_order_of_reading(first: First) -> None:
    assert first.report.ok
    assert [(event.kind, event.subject) for event in first.events] == [
        ("domain", "orders"),
        ("input", "orders.input.till"),
        ("model", "orders.dbt.stg_till__lines"),
        ("model", "orders.dbt.order_lines"),
        ("published", "orders.order_lines.v1"),
        ("domain", "billing"),
        ("input", "billing.input.order_lines"),
        ("model", "billing.dbt.revenue"),
        ("published", "billing.revenue.v1"),
    ]


def test_a_publication_names_the_snapshot_it_was_built_from(first: First) -> None:
    lines, revenue = current(first.settings, LINES), current(first.settings, REVENUE)
    assert lines is not None
    assert revenue is not None
    assert revenue.input_snapshots["order_lines"]["snapshot"] == str(lines.snapshot_id)
    assert lines.input_snapshots["till"]["watermark"] == "till/day1.csv"


def test_runs_stand_in_the_instance_under_their_code_location(first: First) -> None:
    found = {run.remote_job_origin.location_name: run.status for run in first.instance.get_runs()}
    assert found == {"orders": dg.DagsterRunStatus.SUCCESS, "billing": dg.DagsterRunStatus.SUCCESS}


def test_every_check_of_a_contract_has_a_result_with_what_was_seen(first: First) -> None:
    logs = first.instance.all_logs(first.report.products[0].run_id, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION)
    results = [entry.dagster_event.asset_check_evaluation_data for entry in logs]
    ours = {one.check_name: one for one in results if one.asset_key.path[1] == "order_lines"}
    assert set(ours) == {
        "contract__not_null__line_id",
        "contract__unique__line_id",
        "contract__not_null__amount",
        "contract__between__amount",
    }
    shown = {key: value.value for key, value in ours["contract__not_null__amount"].metadata.items()}
    assert {key: shown[key] for key in ("expectation", "column", "threshold", "rows", "unexpected_count", "how")} == {
        "expectation": "expect_column_values_to_not_be_null",
        "column": "amount",
        "threshold": 0.9,
        "rows": 3,
        "unexpected_count": 0,
        "how": "footer",
    }


def test_a_published_product_shows_rows_snapshot_and_columns(first: First) -> None:
    event = first.instance.get_latest_materialization_event(dg.AssetKey(list(LINES.asset_key)))
    shown = event.asset_materialization.metadata
    snapshot = current(first.settings, LINES)
    assert snapshot is not None
    assert (shown["dagster/row_count"].value, shown["mesh/snapshot_id"].value) == (3, str(snapshot.snapshot_id))
    assert (shown["mesh/checks_passed"].value, shown["mesh/checks_failed"].value) == (4, 0)


def test_columns_are_traced_from_product_to_product(first: First) -> None:
    def sources(*path: str, column: str) -> set[tuple[str, str]]:
        event = first.instance.get_latest_materialization_event(dg.AssetKey(list(path)))
        lineage = event.asset_materialization.metadata["dagster/column_lineage"].value
        return {("/".join(dep.asset_key.path), dep.column_name) for dep in lineage.deps_by_column[column]}

    assert sources("billing", "revenue", "v1", column="lines") == {("billing/dbt/revenue", "lines")}
    assert sources("billing", "dbt", "revenue", column="lines") == {("billing/input/order_lines", "line_id")}
    assert sources("billing", "input", "order_lines", column="line_id") == {("orders/order_lines/v1", "line_id")}
    assert sources("orders", "dbt", "stg_till__lines", column="line_id") == {("orders/input/till", "line_id")}


def test_a_refused_batch_fails_visibly_and_the_next_good_one_recovers(
    shop: Settings, instance: dg.DagsterInstance
) -> None:
    run(shop, instance=instance)
    good = current(shop, LINES)
    land(shop, "day2", MANY_NULLS)
    refused = run(shop, instance=instance)
    assert outcomes(refused) == {"orders.order_lines.v1": "refused", "billing.revenue.v1": "published"}
    assert "contract__not_null__amount" in reasons(refused, LINES)
    assert current(shop, LINES) == good
    assert materialisations(instance, LINES) == 1
    assert check_of(instance, "contract__not_null__amount") is False
    land(shop, "day2", "4,40\n5,50\n6,60\n")
    recovered = run(shop, instance=instance)
    assert recovered.ok
    assert current(shop, LINES) != good
    assert materialisations(instance, LINES) == 2
    assert check_of(instance, "contract__not_null__amount") is True


def check_of(instance: dg.DagsterInstance, name: str) -> bool:
    """How the newest evaluation of a check of order_lines ended."""
    key = dg.AssetCheckKey(dg.AssetKey(list(LINES.asset_key)), name)
    record = instance.event_log_storage.get_latest_asset_check_execution_by_key([key])[key]
    return bool(record.event.dagster_event.asset_check_evaluation_data.passed)


def test_a_failed_warning_is_shown_and_stops_nothing(shop: Settings, instance: dg.DagsterInstance) -> None:
    land(shop, "day2", "4,400\n")
    events: list[Progress] = []
    assert run(shop, instance=instance, on_event=events.append).ok
    assert [event.text for event in events if event.kind == "check"] == ["contract__between__amount (warn)"]


def test_a_consumer_of_something_never_published_is_skipped_and_told_why(
    shop: Settings, instance: dg.DagsterInstance
) -> None:
    land(shop, "day1", MANY_NULLS)
    report = run(shop, instance=instance)
    assert outcomes(report) == {"orders.order_lines.v1": "refused", "billing.revenue.v1": "skipped"}
    told = reasons(report, REVENUE)
    assert told.startswith(
        "it reads orders.order_lines.v1, which was never published, because check contract__not_null"
    )


def test_upstream_is_run_only_when_it_was_never_published(shop: Settings, instance: dg.DagsterInstance) -> None:
    first, second = run(shop, ["billing"], instance=instance), run(shop, ["billing"], instance=instance)
    assert outcomes(first) == {"orders.order_lines.v1": "published", "billing.revenue.v1": "published"}
    assert outcomes(second) == {"billing.revenue.v1": "published"}


def test_a_broken_contract_stops_its_own_domain_only(shop: Settings, instance: dg.DagsterInstance) -> None:
    write_contract(shop.root, contract_text("billing.broken.v1", owner="nobody"), at="billing.broken.v1")
    report = run(shop, instance=instance)
    assert outcomes(report)["orders.order_lines.v1"] == "published"
    assert "contracts/billing/broken/v1.yaml" in report.broken["billing"]
    assert not report.ok


def test_a_model_that_fails_is_told_in_the_words_of_dbt(shop: Settings, instance: dg.DagsterInstance) -> None:
    write_project(shop.root, "orders", {"stg_till__lines": "select nothing from {{ source('landing', 'till') }}"})
    report = run(shop, ["orders"], instance=instance)
    assert outcomes(report) == {"orders.order_lines.v1": "failed"}
    assert 'Referenced column "nothing" not found' in reasons(report, LINES)


def test_a_mart_whose_type_drifted_is_not_published(shop: Settings, instance: dg.DagsterInstance) -> None:
    run(shop, ["orders"], instance=instance)
    good = current(shop, LINES)
    drifted = "select line_id, cast(amount as text) as amount from {{ ref('stg_till__lines') }}"
    write_project(shop.root, "orders", {"order_lines": drifted})
    report = run(shop, ["orders"], instance=instance)
    assert outcomes(report) == {"orders.order_lines.v1": "failed"}
    assert "contract" in reasons(report, LINES)
    assert current(shop, LINES) == good


def test_a_source_file_with_a_changed_column_is_named(shop: Settings, instance: dg.DagsterInstance) -> None:
    (shop.landing_dir / "till" / "day2.csv").write_text("line_id,price\n4,40\n")
    report = run(shop, ["orders"], instance=instance)
    assert outcomes(report) == {"orders.order_lines.v1": "failed"}
    assert "day2.csv" in reasons(report, LINES)
    assert "column amount" in reasons(report, LINES)


def test_refused_rows_stay_readable_on_their_branch(shop: Settings, instance: dg.DagsterInstance) -> None:
    land(shop, "day2", MANY_NULLS)
    report = run(shop, ["orders"], instance=instance)
    with open_lake(shop) as lake:
        refused = rejected(lake, LINES)
    assert [(one.run_id, one.rows) for one in refused] == [(report.products[0].run_id, 6)]


def test_a_word_that_names_nothing_starts_nothing(shop: Settings, instance: dg.DagsterInstance) -> None:
    with pytest.raises(MeshError, match=r"did you mean 'billing'"):
        run(shop, ["biling"], instance=instance)
    assert instance.get_runs_count() == 0


def test_an_interrupt_ends_the_run_and_frees_the_engine(shop: Settings, instance: dg.DagsterInstance) -> None:
    def stop(progress: Progress) -> None:
        if progress.kind == "input":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(shop, instance=instance, on_event=stop)
    assert [run.status for run in instance.get_runs()] == [dg.DagsterRunStatus.FAILURE]
    assert run(shop, ["orders"], instance=instance).ok


def test_a_run_whose_process_was_killed_is_failed_and_its_pool_freed(
    shop: Settings, instance: dg.DagsterInstance
) -> None:
    with subprocess.Popen(["true"]) as ended:
        ended.wait(10)
    job = dg.GraphDefinition("nothing").to_job(tags={PROCESS_TAG: f"{host()}.{ended.pid}"})
    left = instance.create_run_for_job(job, status=dg.DagsterRunStatus.STARTED, tags=job.tags)
    instance.event_log_storage.set_concurrency_slots("engine_orders", 1)
    instance.event_log_storage.claim_concurrency_slot("engine_orders", left.run_id, "step")
    assert settle_abandoned(instance) == (left.run_id,)
    assert instance.get_run_by_id(left.run_id).status is dg.DagsterRunStatus.FAILURE
    assert not instance.event_log_storage.get_concurrency_info("engine_orders").active_run_ids


def test_a_run_of_a_living_process_is_left_alone(shop: Settings, instance: dg.DagsterInstance) -> None:
    job = dg.GraphDefinition("nothing").to_job(tags={PROCESS_TAG: f"{host()}.{os.getpid()}"})
    instance.create_run_for_job(job, status=dg.DagsterRunStatus.STARTED, tags=job.tags)
    assert settle_abandoned(instance) == ()


def test_dbt_as_a_subprocess_gives_the_same_products(shop: Settings, tmp_path: Path) -> None:
    slow = Settings(shop.root, tmp_path / "slow", {"MESH_DBT": "subprocess"} | {"MESH_LANDING": str(shop.landing_dir)})
    with open_instance(slow) as instance:
        assert run(slow, instance=instance).ok
    snapshot = current(slow, REVENUE)
    assert snapshot is not None
    assert snapshot.rows == 1
