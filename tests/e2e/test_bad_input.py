"""Bad input as a user meets it: said clearly, nothing that was good is lost, and mended by mending the input."""

from __future__ import annotations

import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

import dagster as dg
import pytest

from mesh_orchestration.incidents.about import served
from mesh_orchestration.orchestration.instance import open_instance
from mesh_orchestration.orchestration.platform_incidents import incident_sensor
from mesh_orchestration.replay.faults import Fault, heal, inject
from tests.cli.mesh import environment, mesh
from tests.e2e.example import Example, edited, example_at, outcomes, reasons, rows
from tests.incidents.sinks import WebhookSink, webhook_sink

pytestmark = pytest.mark.slow
LINES, ORDERS, CATALOG = "orders.order_lines.v1", "orders.orders.v1", "products.catalog.v1"
MOVEMENTS, REVENUE = "inventory.daily_movements.v1", "billing.daily_revenue.v1"
ROOMY = resource.RLIM_INFINITY


@pytest.fixture(scope="module")
def hook() -> Iterator[WebhookSink]:
    with webhook_sink() as sink:
        yield sink


@pytest.fixture(scope="module")
def published(hook: WebhookSink, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Example]:
    """The mesh with every product published once; every test leaves it whole."""
    settings = example_at(tmp_path_factory.mktemp("mesh"), MESH_ALERT_WEBHOOK=hook.url)
    with open_instance(settings) as instance:
        example = Example(settings, instance)
        example.replay()
        assert example.run().ok
        yield example


@contextmanager
def delivered(example: Example, table: str, fault: Fault) -> Iterator[Path]:
    """A recent file of the source, delivered again with a fault; at the end delivered once more, good."""
    yield inject(example.settings, table, fault)
    heal(example.settings, table)


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        ("truncated", "cannot be read as parquet: Invalid Input Error: No magic bytes found at end of file"),
        (
            "renamed_column",
            "column sales_value: not in the file, expected double (DOUBLE); did you mean 'sales_value_new'?",
        ),
        ("wrong_type", "column sales_value: found VARCHAR, expected double (DOUBLE)"),
    ],
)
def test_a_file_that_cannot_be_taken_is_named_and_nothing_is_lost(published: Example, fault: Fault, told: str) -> None:
    before = {address: published.snapshot(address) for address in (LINES, ORDERS)}
    lines = rows(published.settings, LINES)

    with delivered(published, "transactions", fault) as file:
        report = published.run("orders")
        assert outcomes(report) == {LINES: "failed", ORDERS: "failed"}
        assert reasons(report, LINES).startswith(f"{file}: {told}")
        assert {address: published.snapshot(address) for address in before} == before

    assert published.run("orders").ok
    assert rows(published.settings, LINES) == lines


def test_duplicate_keys_in_a_file_are_told_and_published_once(published: Example) -> None:
    lines = rows(published.settings, LINES)

    with delivered(published, "transactions", "duplicates") as file:
        assert published.run("orders").ok
        told = published.metadata("orders", "input", "transactions")

    assert f"{file.name}: " in told["mesh/warnings"]
    assert "rows repeat a key (basket_id, product_id)" in told["mesh/warnings"]
    assert rows(published.settings, LINES) == lines


def test_nulls_above_the_threshold_are_refused_until_the_next_good_batch(published: Example, hook: WebhookSink) -> None:
    alerts = Alerts(published)
    alerts.tick()
    hook.received.clear()
    served, lines = published.snapshot(LINES), rows(published.settings, LINES)

    with delivered(published, "transactions", "nulls"):
        refused = published.run("orders", "billing.daily_revenue")
        alerts.tick()
        assert outcomes(refused) == {LINES: "refused", ORDERS: "refused", REVENUE: "published"}
        assert "contract__not_null__household_id" in reasons(refused, LINES)
        assert published.snapshot(LINES) == served
        assert (
            f"{LINES} serves its last good snapshot"
            in (published.metadata("billing", "input", "order_lines")["mesh/warnings"])
        )
        assert sorted(hook.titles) == [
            f"[ERROR] {LINES}: not published, the contract is broken",
            f"[ERROR] {ORDERS}: not published, the contract is broken",
        ]
        assert f"Consumers still get snapshot {served.snapshot_id if served else None}" in hook.received[0]["text"]

    mended = published.run("orders", "billing.daily_revenue")
    alerts.tick()
    assert mended.ok
    assert rows(published.settings, LINES) == lines
    assert published.snapshot(LINES) != served
    assert sorted(hook.titles[2:]) == [f"[RESOLVED] {LINES}: published again", f"[RESOLVED] {ORDERS}: published again"]


class Alerts:
    """The platform's sensor of incidents, evaluated on the mesh's own instance when asked."""

    def __init__(self, example: Example) -> None:
        self.example = example

    def tick(self) -> None:
        settings = self.example.settings
        sensor = incident_sensor(settings, lambda one: served(settings, one), settle=0.0)
        sensor(dg.build_sensor_context(instance=self.example.instance))


def line_of_a_range(example: Example) -> int:
    """The line of the contract's first check of a range, counted from 1."""
    lines = example.contract(MOVEMENTS).read_text().splitlines()
    return next(number for number, line in enumerate(lines, 1) if "expect_column_values_to_be_bet" in line)


def test_a_typo_in_an_expectation_stops_its_domain_and_names_file_line_and_word(published: Example) -> None:
    told = (
        f"contracts/inventory/daily_movements/v1.yaml:{line_of_a_range(published)} spec.quality.checks[2].assertion: "
        "'expect_column_values_to_be_betwen' is not an expectation; did you mean 'expect_column_values_to_be_between'?"
    )
    typo = edited(published.contract(MOVEMENTS), "values_to_be_between", "values_to_be_betwen")
    served = published.snapshot(MOVEMENTS)

    with typo:
        report = published.run("inventory", "products")
        answers = {
            words: mesh(published.settings, *words.split()) for words in ("lint", "run inventory", f"show {MOVEMENTS}")
        }

    assert (outcomes(report), report.broken["inventory"], report.ok) == ({CATALOG: "published"}, told, False)
    assert {words: (answer.code, told in answer.out + answer.err) for words, answer in answers.items()} == {
        "lint": (1, True),
        "run inventory": (2, True),
        f"show {MOVEMENTS}": (2, True),
    }
    assert "Traceback" not in "".join(answer.err for answer in answers.values())
    assert published.snapshot(MOVEMENTS) == served


def test_status_does_not_pass_over_a_broken_contract(published: Example) -> None:
    with edited(published.contract(MOVEMENTS), "values_to_be_between", "values_to_be_betwen"):
        table, data = mesh(published.settings, "status"), mesh(published.settings, "status", "--json")

    assert (table.code, data.code, len(data.json)) == (2, 2, 8)
    assert f"daily_movements/v1.yaml:{line_of_a_range(published)}" in table.err
    assert table.err == data.err


def test_consumers_of_a_domain_with_a_broken_contract_run_on_its_last_good_product(published: Example) -> None:
    with edited(published.contract(LINES), "column_mean_to_be_between", "column_meen_to_be_between"):
        report = published.run("orders", "inventory")

    assert outcomes(report) == {ORDERS: "failed", MOVEMENTS: "published"}
    assert "did you mean 'expect_column_mean_to_be_between'?" in report.broken["orders"]


def test_a_contract_that_names_a_missing_model_fails_alone_with_the_nearest_model(published: Example) -> None:
    served = published.snapshot(MOVEMENTS)

    with edited(published.contract(MOVEMENTS), "\nspec:\n", "\nspec:\n  model: daily_movement\n"):
        report = published.run("inventory", "products")

    assert outcomes(report) == {MOVEMENTS: "failed", CATALOG: "published"}
    assert reasons(report, MOVEMENTS).startswith(
        "contracts/inventory/daily_movements/v1.yaml:14 spec.model: there is no dbt model 'daily_movement' in "
        "dbt_projects/inventory/models; did you mean 'daily_movements'?"
    )
    assert published.snapshot(MOVEMENTS) == served


def test_a_mart_whose_type_drifted_fails_in_a_few_words(published: Example) -> None:
    served = published.snapshot(MOVEMENTS)
    model = published.model("inventory", "daily_movements")

    with edited(model, "cast(sum(quantity) as bigint)", "cast(sum(quantity) as varchar)"):
        report = published.run("inventory")

    assert outcomes(report) == {MOVEMENTS: "failed"}
    told = reasons(report, MOVEMENTS)
    assert told.startswith("Failure in model daily_movements (models/marts/daily_movements.sql)")
    assert "| quantity_out | VARCHAR         | BIGINT        | data type mismatch |" in told
    assert "in macro" not in told
    assert published.snapshot(MOVEMENTS) == served
    assert published.run("inventory").ok


def test_a_contract_that_asks_for_another_type_than_the_mart_has_is_refused(published: Example) -> None:
    served = published.snapshot(MOVEMENTS)

    with edited(published.contract(MOVEMENTS), "type: integer", "type: long"):
        report = published.run("inventory")
        answer = mesh(published.settings, "status", "inventory")

    assert outcomes(report) == {MOVEMENTS: "refused"}
    assert "line_count: found INTEGER, expected long (BIGINT); cast it in the model" in reasons(report, MOVEMENTS)
    assert (answer.code, "refused, last good is served" in answer.out) == (1, True)
    assert published.snapshot(MOVEMENTS) == served
    assert published.run("inventory").ok


def test_a_consumer_of_what_was_never_published_is_told_why(published: Example, tmp_path: Path) -> None:
    landing = {"MESH_LANDING": str(published.settings.landing_dir)}
    with ExitStack() as stack:
        file = stack.enter_context(delivered(published, "products", "truncated"))
        empty = replace(published.settings, home=tmp_path / "empty", environ={**published.settings.environ, **landing})
        report = Example(empty, stack.enter_context(open_instance(empty))).run("inventory")

    assert outcomes(report) == {LINES: "published", CATALOG: "failed", MOVEMENTS: "skipped"}
    assert reasons(report, MOVEMENTS).startswith(
        f"it reads {CATALOG}, which was never published, because {file}: cannot be read as parquet"
    )


def test_a_warehouse_that_cannot_be_written_is_told_with_the_cure(published: Example, tmp_path: Path) -> None:
    (tmp_path / "occupied").touch()
    where = f"file://{tmp_path}/occupied/warehouse"
    environ = {
        **published.settings.environ,
        "MESH_LANDING": str(published.settings.landing_dir),
        "PYICEBERG_CATALOG__MESH__WAREHOUSE": where,
    }
    settings = replace(published.settings, home=tmp_path / "home", environ=environ)
    with open_instance(settings) as instance:
        report = Example(settings, instance).run("products")

    assert outcomes(report) == {CATALOG: "failed"}
    assert f"the table of {CATALOG} cannot be created" in reasons(report, CATALOG)
    assert f"make {where} a folder that this user may write, then run again" in reasons(report, CATALOG)


def test_a_home_that_cannot_be_written_is_told_by_every_command(tmp_path: Path) -> None:
    settings = example_at(tmp_path / "root")
    (tmp_path / "occupied").touch()
    settings = replace(settings, home=tmp_path / "occupied" / "home")

    for words in ("run products", "status", "up --skip-run"):
        answer = mesh(settings, *words.split())
        assert (words, answer.code, answer.err.startswith("error "), "Traceback" in answer.err) == (
            words,
            2,
            True,
            False,
        )


def test_a_full_disk_is_told_and_costs_nothing_but_the_run(published: Example) -> None:
    served = published.snapshot(CATALOG)

    full = on_full_disk(published, "run", "products")

    assert full.returncode == 2
    assert "make room" in full.stderr
    assert "Traceback" not in full.stderr
    assert published.snapshot(CATALOG) == served
    assert mesh(published.settings, "run", "products").code == 0
    assert rows(published.settings, CATALOG)


def on_full_disk(example: Example, *words: str) -> subprocess.CompletedProcess[str]:
    """What ``mesh WORDS`` says when no file can grow beyond 100 kB: to a program that is a full disk."""
    return subprocess.run(
        [sys.executable, "-m", "mesh_orchestration.cli", *words],
        env=environment(example.settings),
        capture_output=True,
        text=True,
        timeout=300,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, ROOMY)),
    )
