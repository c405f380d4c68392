"""``make up`` seen through the web UI's own interface: locations, lineage, checks, freshness, automation, the end."""

from __future__ import annotations

import signal
import subprocess
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from mesh_orchestration.contract.mesh import load_mesh
from mesh_orchestration.replay.faults import heal, inject
from mesh_orchestration.server.health import location_states
from mesh_orchestration.settings import Settings
from tests.cli.mesh import mesh
from tests.e2e.example import edited, example_at, verdicts
from tests.e2e.up import CONSUMERS, MeshUp
from tests.incidents.sinks import WebhookSink, webhook_sink
from tests.server.mesh_process import eventually

pytestmark = pytest.mark.slow
DOMAINS = ("billing", "customers", "engagement", "inventory", "orders", "products")
SOURCES = ("customers", "engagement", "orders", "products")
LINES = "orders.order_lines.v1"
_INSTIGATORS = """{repositoriesOrError {... on RepositoryConnection {nodes {location {name}
schedules {name scheduleState {status}} sensors {name sensorState {status}}}}}
instance {daemonHealth {allDaemonStatuses {daemonType healthy}}}}"""


@pytest.fixture(scope="module")
def hook() -> Iterator[WebhookSink]:
    with webhook_sink() as sink:
        yield sink


@pytest.fixture(scope="module")
def up(hook: WebhookSink, tmp_path_factory: pytest.TempPathFactory) -> Iterator[MeshUp]:
    settings = example_at(tmp_path_factory.mktemp("mesh"), MESH_ALERT_WEBHOOK=hook.url, MESH_ALERT_SECONDS="2")
    calm(settings)
    running = MeshUp(settings)
    try:
        running.ready()
        yield running
    finally:
        if running.process.poll() is None:
            running.end(signal.SIGTERM)


def test_an_interrupt_of_the_first_run_ends_it_in_order(tmp_path: Path) -> None:
    running = MeshUp(example_at(tmp_path))
    eventually(lambda: "landed" in running.said)

    running.process.send_signal(signal.SIGINT)

    assert running.process.wait(60) == 130
    assert "Traceback" not in running.said
    answer = mesh(running.settings, "run", "customers")
    assert (answer.code, "1 of 1 products published" in answer.out) == (0, True)


def calm(settings: Settings) -> None:
    """Let no schedule fire while a test counts runs."""
    for domain in SOURCES:
        for contract in (settings.contracts_dir / domain).rglob("v1.yaml"):
            contract.write_text(contract.read_text().replace("\nspec:\n", '\nspec:\n  schedule: "0 0 1 1 *"\n', 1))


def test_the_user_is_told_what_was_published_and_where_to_look(up: MeshUp) -> None:
    said = up.said
    products = load_mesh(up.settings).products

    assert [str(address) for address in products if f"│ {address} " not in said] == []
    assert f"web UI at {up.url}: 7 of 7 locations loaded" in said
    assert "Traceback" not in said


def test_the_web_ui_is_served(up: MeshUp) -> None:
    with urllib.request.urlopen(up.url, timeout=30) as page:
        assert (page.status, b"Dagster" in page.read()) == (200, True)


def test_the_supervisor_gives_back_the_memory_of_the_first_run(up: MeshUp) -> None:
    resident = subprocess.run(["ps", "-o", "rss=", "-p", str(up.process.pid)], capture_output=True, check=True).stdout

    assert int(resident) < 150 * 1024


def test_all_seven_locations_are_loaded(up: MeshUp) -> None:
    assert location_states(up.url) == dict.fromkeys((*DOMAINS, "platform"), "LOADED")


def test_the_lineage_goes_from_the_sources_through_every_domain(up: MeshUp) -> None:
    nodes = up.nodes()
    edges = {
        (source, key) for key, node in nodes.items() for source in ("/".join(d["path"]) for d in node["dependencyKeys"])
    }
    across = {(source, key) for source, key in edges if source.split("/")[0] != key.split("/")[0]}

    assert across == {
        ("orders/order_lines/v1", "billing/input/order_lines"),
        ("products/catalog/v1", "billing/input/catalog"),
        ("customers/households/v1", "billing/input/households"),
        ("engagement/coupon_redemptions/v1", "billing/input/coupon_redemptions"),
        ("orders/order_lines/v1", "inventory/input/order_lines"),
        ("products/catalog/v1", "inventory/input/catalog"),
    }
    assert {key.split("/")[0]: node["repository"]["location"]["name"] for key, node in nodes.items()} == {
        domain: domain for domain in DOMAINS
    }
    assert above("billing/daily_revenue/v1", edges) >= {"orders/input/transactions", "customers/input/households"}


def above(key: str, edges: set[tuple[str, str]]) -> set[str]:
    """Everything that ``key`` is made from."""
    found, queue = set(), [key]
    while queue:
        new = {source for source, target in edges if target == queue[-1]} - found
        queue.pop()
        found |= new
        queue += new
    return found


def test_every_check_of_every_contract_has_a_result(up: MeshUp) -> None:
    nodes = up.nodes()
    shown = {
        str(address): {
            check["name"]: (check["executionForLatestMaterialization"] or {}).get("status")
            for check in nodes["/".join(address.asset_key)]["assetChecksOrError"]["checks"]
        }
        for address in load_mesh(up.settings).products
    }

    assert shown == {address: dict.fromkeys(verdicts(up.settings, address), "SUCCEEDED") for address in shown}


def test_every_product_has_a_freshness_policy_and_is_fresh(up: MeshUp) -> None:
    keys = ["/".join(address.asset_key) for address in load_mesh(up.settings).products]

    def fresh() -> bool:
        nodes = up.nodes()
        return all((nodes[key]["freshnessStatusInfo"] or {}).get("freshnessStatus") == "HEALTHY" for key in keys)

    eventually(fresh)
    assert {up.nodes()[key]["internalFreshnessPolicy"]["__typename"] for key in keys} == {"TimeWindowFreshnessPolicy"}


def test_schedules_sensors_and_daemons_run(up: MeshUp) -> None:
    said = up.ask(_INSTIGATORS)
    nodes = said["repositoriesOrError"]["nodes"]
    running = {
        one["name"] for node in nodes for one in node["schedules"] if one["scheduleState"]["status"] == "RUNNING"
    }
    running |= {one["name"] for node in nodes for one in node["sensors"] if one["sensorState"]["status"] == "RUNNING"}
    daemons = {one["daemonType"]: one["healthy"] for one in said["instance"]["daemonHealth"]["allDaemonStatuses"]}

    assert running == {
        *(f"{domain}_schedule" for domain in SOURCES),
        "billing_automation",
        "inventory_automation",
        "upkeep_schedule",
        "anomalies",
        "catalog",
        "incidents",
        "lineage",
        "sla",
        "replay_source",
    }
    assert {"SENSOR", "SCHEDULER", "ASSET", "FRESHNESS_DAEMON", "QUEUED_RUN_COORDINATOR"} <= daemons.keys()
    assert all(daemons.values())


def test_a_publication_from_the_ui_is_followed_once_by_each_consumer(up: MeshUp) -> None:
    before = up.automated()

    done = up.materialise("products", "input/products", "dbt/stg_article_master__products", "dbt/catalog", "catalog/v1")
    eventually(lambda: len(up.automated()) == 2)
    up.settle()

    assert (done["status"], before) == ("SUCCESS", {})
    assert up.automated() == {
        "billing": [
            {
                "billing/input/catalog",
                "billing/dbt/stg_products__catalog",
                "billing/dbt/int_coupon_lines",
                "billing/dbt/coupon_reimbursements",
                "billing/dbt/daily_revenue",
                "billing/coupon_reimbursements/v1",
                "billing/daily_revenue/v1",
            }
        ],
        "inventory": [
            {
                "inventory/input/catalog",
                "inventory/dbt/stg_products__catalog",
                "inventory/dbt/daily_movements",
                "inventory/daily_movements/v1",
            }
        ],
    }
    assert dbt_tests_of(up, "billing/dbt/stg_products__catalog") == ["SUCCEEDED", "SUCCEEDED"]


def dbt_tests_of(up: MeshUp, model: str) -> list[str]:
    """How dbt's tests ended for what was last made of a model."""
    checks = up.nodes()[model]["assetChecksOrError"]["checks"]
    return [(check["executionForLatestMaterialization"] or {}).get("status", "never ran") for check in checks]


def of_publication(hook: WebhookSink) -> list[str]:
    """What the webhook was told of publications; service levels and anomalies have messages of their own."""
    return [title for title in hook.titles if "publish" in title]


def test_a_refused_batch_reaches_no_consumer_and_the_mended_one_each_once(up: MeshUp, hook: WebhookSink) -> None:
    chain = ("input/transactions", "dbt/stg_pos__transactions", "dbt/order_lines", "order_lines/v1")
    before = {domain: len(made) for domain, made in up.automated().items()}

    inject(up.settings, "transactions", "nulls")
    refused = up.materialise("orders", *chain)
    eventually(lambda: len(of_publication(hook)) == 1)
    up.settle()
    meanwhile = {domain: len(made) for domain, made in up.automated().items()}
    heal(up.settings, "transactions")
    mended = up.materialise("orders", *chain)
    eventually(lambda: len(of_publication(hook)) == 2)
    eventually(lambda: all(len(up.automated().get(one, ())) > before.get(one, 0) for one in CONSUMERS))
    up.settle()

    assert (refused["status"], mended["status"]) == ("FAILURE", "SUCCESS")
    assert of_publication(hook) == [
        f"[ERROR] {LINES}: not published, the contract is broken",
        f"[RESOLVED] {LINES}: published again",
    ]
    assert meanwhile == before
    runs = up.automated()
    assert {domain: len(made) for domain, made in runs.items()} == {
        domain: before.get(domain, 0) + 1 for domain in CONSUMERS
    }
    assert {"billing/daily_revenue/v1", "billing/coupon_reimbursements/v1"} <= runs["billing"][0]
    assert "inventory/daily_movements/v1" in runs["inventory"][0]


def test_a_second_mesh_up_is_refused_with_the_address_of_the_first(up: MeshUp) -> None:
    second = mesh(up.settings, "up")

    assert second.code == 2
    assert f"another `mesh up` runs already at {up.url} (pid {up.process.pid}" in second.err
    assert location_states(up.url)["orders"] == "LOADED"


def test_a_broken_contract_takes_down_its_own_location_until_it_is_mended(up: MeshUp) -> None:
    contract = up.settings.contracts_dir / "inventory" / "daily_movements" / "v1.yaml"

    with edited(contract, "expect_column_values_to_be_between", "expect_column_values_to_be_betwen"):
        eventually(lambda: location_states(up.url)["inventory"] != "LOADED")
        eventually(lambda: up.said.count("orders loaded") == 2)
        others = location_states(up.url)
        told = " ".join(up.said.split())

    others.pop("inventory")
    assert others == dict.fromkeys(others, "LOADED")
    assert (
        "inventory does not load, the other locations are not affected: contracts/inventory/daily_movements/v1.yaml:"
        in told
    )
    assert "did you mean 'expect_column_values_to_be_between'?" in told
    eventually(lambda: set(location_states(up.url).values()) == {"LOADED"})


def test_ctrl_c_ends_everything(up: MeshUp) -> None:
    assert up.end(signal.SIGINT) == 0
    assert Path(up.home, "up.lock").read_text() == ""
    assert mesh(up.settings, "status").code == 0
