"""``mesh lineage`` as a person runs it, on a mesh that ran once well and once badly."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mesh_orchestration.orchestration.instance import open_instance
from mesh_orchestration.orchestration.run import run
from mesh_orchestration.settings import Settings
from tests.builders import settings_at
from tests.cli.mesh import mesh
from tests.lineage.receiver import Receiver, event_id, receiver
from tests.lineage.spec import problems
from tests.orchestration.shop import land

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def ran(parsed_shop: Path, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A shop that published once, whose second batch then broke the contract of orders."""
    settings = settings_at(shutil.copytree(parsed_shop, tmp_path_factory.mktemp("lineage") / "shop"))
    with open_instance(settings) as instance:
        assert run(settings, instance=instance).ok
        land(settings, "day2", "4,\n5,\n6,\n")
        assert not run(settings, ["orders"], instance=instance).ok
    return settings


@pytest.fixture(scope="module")
def exported(ran: Settings) -> list[dict[str, Any]]:
    answer = mesh(ran, "lineage", "export")
    assert answer.code == 0, answer.err
    return [json.loads(line) for line in answer.out.splitlines()]


@pytest.fixture
def sink(tmp_path: Path) -> Iterator[Receiver]:
    with receiver(tmp_path) as made:
        yield made


def one(events: list[dict[str, Any]], state: str, job: str) -> dict[str, Any]:
    """The last event of a job in a state."""
    return [event for event in events if (event["eventType"], event["job"]["name"]) == (state, job)][-1]


def bare(event: Any) -> Any:
    """The event without what the client adds to it: empty facets, and a tag with its own version."""
    if isinstance(event, list):
        return [bare(item) for item in event]
    if not isinstance(event, dict):
        return event
    ours = {key: bare(value) for key, value in event.items() if value != {}}
    tags = ours.get("tags")
    client = isinstance(tags, dict) and [one["key"] for one in tags["tags"]] == ["openlineage_client_version"]
    return {key: value for key, value in ours.items() if not (client and key == "tags")}


def names(datasets: list[dict[str, Any]]) -> list[str]:
    return [dataset["name"].rsplit("/", 1)[-1] for dataset in datasets]


def test_every_event_of_real_runs_keeps_openlineages_schemas_and_ours(exported: list[dict[str, Any]]) -> None:
    assert [found for event in exported for found in problems(event)] == []


def test_every_run_has_one_start_and_one_end(exported: list[dict[str, Any]]) -> None:
    states: dict[str, list[str]] = {}
    for event in exported:
        states.setdefault(event["run"]["runId"], []).append(event["eventType"])
    assert {tuple(found) for found in states.values()} == {("START", "COMPLETE"), ("START", "FAIL")}


def test_the_edges_lead_from_the_file_to_the_product_of_the_other_domain(exported: list[dict[str, Any]]) -> None:
    done = [event for event in exported if event["eventType"] == "COMPLETE" and event["outputs"]][:6]
    assert [(names(event["inputs"]), names(event["outputs"])) for event in done] == [
        (["*.csv"], ["orders_engine.orders.landing__till"]),
        (["orders_engine.orders.landing__till"], ["orders_engine.orders.stg_till__lines"]),
        (["orders_engine.orders.stg_till__lines"], ["orders_engine.orders.order_lines"]),
        (["orders_engine.orders.order_lines"], ["orders.order_lines.v1"]),
        (["orders.order_lines.v1"], ["billing_engine.billing.landing__order_lines"]),
        (["billing_engine.billing.landing__order_lines"], ["billing_engine.billing.revenue"]),
    ]


def test_a_publication_carries_version_contract_policy_size_and_columns(exported: list[dict[str, Any]]) -> None:
    output = one(exported, "COMPLETE", "orders.order_lines.v1")["outputs"][0]
    facets = output["facets"]
    assert set(facets) == {
        "schema", "ownership", "documentation", "tags", "storage", "symlinks", "catalog", "columnLineage", "version",
        "lifecycleStateChange", "mesh_contract", "mesh_sla",
    }  # fmt: skip
    assert facets["symlinks"]["identifiers"][0]["name"] == "orders.order_lines_v1"
    assert facets["lifecycleStateChange"]["lifecycleStateChange"] == "CREATE"
    assert facets["columnLineage"]["fields"]["amount"]["inputFields"][0]["field"] == "amount"
    assert output["outputFacets"]["outputStatistics"]["rowCount"] == 3
    assert output["outputFacets"]["outputStatistics"]["size"] > 0
    read = one(exported, "COMPLETE", "billing.input.order_lines")["inputs"][0]
    assert read["facets"]["version"] == facets["version"]


def test_a_model_carries_its_compiled_sql_and_its_file(exported: list[dict[str, Any]]) -> None:
    facets = one(exported, "COMPLETE", "billing.dbt.revenue")["job"]["facets"]
    assert '"billing"."landing__order_lines"' in facets["sql"]["query"]
    assert facets["sourceCodeLocation"]["path"] == "dbt_projects/billing/models/revenue.sql"


def test_a_refused_publication_has_no_empty_edge_and_says_what_was_found(exported: list[dict[str, Any]]) -> None:
    failed = one(exported, "FAIL", "orders.order_lines.v1")
    assert (names(failed["inputs"]), names(failed["outputs"])) == (
        ["orders_engine.orders.order_lines"],
        ["orders.order_lines.v1"],
    )
    assert "contract__not_null__amount" in failed["run"]["facets"]["errorMessage"]["message"]
    assert "outputFacets" not in failed["outputs"][0]
    judged = one(exported, "COMPLETE", "orders.order_lines.v1.audit")["inputs"][0]["inputFacets"]
    assert (judged["mesh_verdicts"]["blocked"], judged["mesh_verdicts"]["failed"]) == (True, 1)
    assert judged["dataQualityMetrics"]["columnMetrics"]["amount"]["nullCount"] == 3


def test_export_writes_a_file_from_a_moment_on(ran: Settings, tmp_path: Path, exported: list[dict[str, Any]]) -> None:
    middle = one(exported, "START", "billing.assets")["eventTime"]
    answer = mesh(
        ran, "lineage", "export", "--since", middle.replace("Z", "+00:00"), "-o", str(tmp_path / "some.ndjson")
    )
    lines = [json.loads(line) for line in (tmp_path / "some.ndjson").read_text().splitlines()]
    assert answer.code == 0
    assert lines == exported[-len(lines) :]
    assert lines[0]["job"]["name"] == "billing.assets"
    assert json.loads(mesh(ran, "lineage", "export", "--since", "1d", "--json").out) == exported


def test_replay_sends_the_same_events_with_the_same_ids(
    ran: Settings, sink: Receiver, exported: list[dict[str, Any]]
) -> None:
    answer = mesh(ran, "lineage", "replay", "--since", "1d", "--json", OPENLINEAGE_URL=sink.url)
    assert answer.code == 0, answer.err
    assert (answer.json["sent"], answer.json["transport"]) == (len(exported), "http")
    assert [bare(event) for event in sink.received] == [bare(event) for event in exported]


def test_replay_goes_wherever_the_file_of_openlineages_settings_says(
    ran: Settings, sink: Receiver, tmp_path: Path, exported: list[dict[str, Any]]
) -> None:
    file = tmp_path / "events.ndjson"
    inner = [{"type": "file", "log_file_path": str(file), "append": True}, {"type": "http", "url": sink.url}]
    config = tmp_path / "openlineage.yml"
    config.write_text(json.dumps({"transport": {"type": "composite", "transports": inner}}))
    answer = mesh(ran, "lineage", "replay", "--since", "1d", OPENLINEAGE_CONFIG=str(config))
    assert answer.code == 0, answer.err
    wanted = [event_id(event) for event in exported]
    assert [event_id(json.loads(line)) for line in file.read_text().splitlines()] == wanted
    assert sink.ids == wanted


def test_replay_says_what_is_missing_and_what_was_not_taken(ran: Settings, sink: Receiver) -> None:
    unset = mesh(ran, "lineage", "replay", "--since", "1d")
    assert (unset.code, "OPENLINEAGE_URL=" in unset.err) == (2, True)
    sink.status = 400
    refused = mesh(ran, "lineage", "replay", "--since", "1d", OPENLINEAGE_URL=sink.url)
    assert (refused.code, "0 events were sent, then: START of orders.assets" in refused.err) == (1, True)
    wrong = mesh(ran, "lineage", "export", "--since", "yesterday")
    assert (wrong.code, "neither a time such as" in wrong.err) == (2, True)


def test_show_follows_products_and_columns_both_ways(ran: Settings) -> None:
    tree = mesh(ran, "lineage", "show", "billing.revenue", "--columns")
    assert tree.code == 0
    for line in ("orders.order_lines.v1  product, team-orders@example.com", "line_id → lines", "till (till/*.csv)"):
        assert line in tree.out
    found = mesh(ran, "lineage", "show", "orders.order_lines", "--depth", "1", "--json").json
    assert [(step["name"], step["further"]) for step in found["downstream"]] == [("billing.revenue.v1", [])]
    assert mesh(ran, "lineage", "show", "orders.nope").code == 1


def test_what_is_no_longer_in_the_contracts_is_still_told_from_the_log(ran: Settings, tmp_path: Path) -> None:
    shutil.copytree(ran.root, tmp_path / "shop")
    shutil.rmtree(tmp_path / "shop" / "contracts" / "billing")
    answer = mesh(settings_at(tmp_path / "shop"), "lineage", "export")
    events = [json.loads(line) for line in answer.out.splitlines()]
    gone = one(events, "COMPLETE", "billing.revenue.v1")
    assert (names(gone["inputs"]), names(gone["outputs"])) == (
        ["billing_engine.billing.revenue"],
        ["billing.revenue.v1"],
    )
    assert [found for event in events for found in problems(event)] == []
