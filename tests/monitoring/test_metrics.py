"""What is told when a store is broken, or says strange things."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics
from prometheus_client.exposition import generate_latest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import delete, insert

from mesh_orchestration.catalog.store import open_catalog
from mesh_orchestration.catalog.tables_products import CHECK_RESULTS, PRODUCTS, PUBLICATIONS, USAGE
from mesh_orchestration.monitoring.metrics import DEFINITIONS
from mesh_orchestration.monitoring.text import text
from mesh_orchestration.settings import Settings
from mesh_orchestration.sla.ledger import ledger_file, open_ledger
from mesh_orchestration.web.measuring import Collector
from tests.builders import settings_at
from tests.postgres import PostgresDatabase
from tests.publication.publishing import NOW
from tests.sla.facts import fact, look

A = "orders.order_lines.v1"
LATER = (NOW + timedelta(seconds=40)).isoformat()
Values = dict[tuple[str, frozenset[tuple[str, str]]], float]


def told(settings: Settings) -> Values:
    """Every sample of the mesh by name and labels."""
    with open_catalog(settings) as catalog:
        body = text(Collector(settings, catalog, CollectorRegistry()).collect()).decode()
    samples = (sample for family in text_string_to_metric_families(body) for sample in family.samples)
    return {(sample.name, frozenset(sample.labels.items())): sample.value for sample in samples}


def of(values: Values, name: str, **labels: str) -> list[float]:
    """The values of the samples of that name that have these labels."""
    return [value for (one, said), value in sorted(values.items(), key=str) if one == name and said >= labels.items()]


def write_products(settings: Settings, *, owner: str = "team:orders") -> None:
    """One product, published once and refused since."""
    with open_catalog(settings) as catalog, catalog.writing() as connection:
        connection.execute(delete(PRODUCTS))
        texts = ("title", "description", "hash", "file", "sunset", "problem")
        connection.execute(
            insert(PRODUCTS).values(
                address=A, domain="orders", name="order_lines", owner=owner, status="active", version="1.0.0",
                origin="contract", document="{}", tags="[]", snapshot=7, published=NOW, rows=3, bytes=900,
                refused=NOW + timedelta(hours=1), **dict.fromkeys(texts, ""),
            )
        )  # fmt: skip
        for number, published in enumerate((True, False)):
            at = NOW + timedelta(hours=number)
            connection.execute(
                insert(PUBLICATIONS).values(
                    address=A, attempt=str(number), branch="main", at=at, run_id=f"run-{number}", published=published,
                    version="1.0.0", hash="", rows=3, bytes=900, passed=1, failed=0, warned=0, reasons="[]",
                    inputs="{}", rewrite="", policy_hash="",
                )
            )  # fmt: skip
            connection.execute(
                insert(CHECK_RESULTS).values(
                    address=A, check="amounts", attempt=str(number), at=at, passed=published, severity="error",
                    expectation="", column="", unexpected=0 if published else 1, elements=4, observed="", sample="",
                )
            )  # fmt: skip
        connection.execute(insert(USAGE).values(address=A, day="2026-11-20", role="analyst", reads=5, denied=2))


def test_a_product_is_told_as_the_catalog_has_it(tmp_path: Path) -> None:
    settings = settings_at(tmp_path)
    write_products(settings)
    values = told(settings)

    assert of(values, "mesh_product_published_timestamp_seconds") == [NOW.timestamp()]
    assert (of(values, "mesh_product_rows"), of(values, "mesh_product_refused")) == ([3], [1])
    assert of(values, "mesh_product_publications_total", outcome="refused") == [1]
    assert of(values, "mesh_product_reads_total", outcome="denied") == [2]


def test_a_check_is_told_as_the_newest_attempt_found_it(tmp_path: Path) -> None:
    settings = settings_at(tmp_path)
    write_products(settings)
    values = told(settings)
    assert (of(values, "mesh_check_passed"), of(values, "mesh_check_failing_ratio")) == ([0], [0.25])


def write_levels(settings: Settings) -> None:
    """Published once, fresh for ten seconds, seen broken after thirty."""
    with open_ledger(settings) as ledger:
        look(ledger, 0, fact(1, 0))
        look(ledger, 30)


def test_a_service_level_is_told_as_the_ledger_has_it(tmp_path: Path) -> None:
    settings = settings_at(tmp_path, MESH_NOW=LATER)
    write_levels(settings)
    values = told(settings)

    assert of(values, "mesh_sla_broken") == [1]
    assert (of(values, "mesh_sla_value"), of(values, "mesh_sla_threshold")) == ([40], [10])
    assert of(values, "mesh_sla_compliance_ratio") == [0.25]
    assert [round(one, 6) for one in of(values, "mesh_sla_burn_rate", window="1h")] == [75]
    assert [round(one, 6) for one in of(values, "mesh_sla_budget_left_ratio")] == [-74]


@pytest.mark.slow
def test_stores_in_postgresql_tell_the_same(tmp_path: Path, postgres: PostgresDatabase) -> None:
    url = postgres.url.replace("postgresql://", "postgresql+psycopg2://", 1)
    here = settings_at(tmp_path / "here", MESH_NOW=LATER)
    there = settings_at(tmp_path / "there", MESH_NOW=LATER, MESH_SLA_URL=url, MESH_CATALOG_URL=url)
    for settings in (here, there):
        write_products(settings)
        write_levels(settings)
    one, other = (
        {key: value for key, value in told(settings).items() if key[0] != "mesh_source_read_seconds"}
        for settings in (here, there)
    )
    assert one == other
    assert of(other, "mesh_source_up") == [1] * 5


def test_a_store_that_cannot_be_read_hides_no_other(tmp_path: Path) -> None:
    settings = settings_at(tmp_path)
    write_products(settings)
    ledger_file(settings).parent.mkdir(parents=True, exist_ok=True)
    ledger_file(settings).write_text("this is no database" * 100)
    values = told(settings)

    assert (of(values, "mesh_source_up", source="sla"), of(values, "mesh_source_up", source="products")) == ([0], [1])
    assert of(values, "mesh_product_rows") == [3]


def test_a_hostile_owner_stays_within_its_label(tmp_path: Path) -> None:
    settings = settings_at(tmp_path)
    owner = 'x"} 1\nmesh_product_refused{address="y'
    write_products(settings, owner=owner)
    values = told(settings)
    assert of(values, "mesh_product_info", owner=owner) == [1]
    assert of(values, "mesh_product_refused", address="y") == []


def test_the_text_is_that_of_the_client_byte_for_byte() -> None:
    disable_created_metrics()
    registry = CollectorRegistry()
    strange = 'a "b" \\ c\nd ü'
    Gauge("told", f"Help {strange}.", ("z", "a"), registry=registry).labels(strange, "").set(1e21)
    Gauge("bare", "No labels.", registry=registry).set(float("-inf"))
    Counter("seen", "Counted.", ("a",), registry=registry).labels("x").inc(1_795_264_891.65)
    Histogram("took", "Took.", ("a",), buckets=(0.5, 1), registry=registry).labels("x").observe(0.7)
    assert text(registry.collect()) == generate_latest(registry)


def test_every_metric_is_in_the_document() -> None:
    page = (Path(__file__).parents[2] / "docs" / "monitoring.md").read_text()
    assert [name for name in DEFINITIONS if f"`{name}`" not in page] == []
