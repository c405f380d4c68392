from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq
import pytest

from mesh_orchestration.orchestration.instance import open_instance
from mesh_orchestration.orchestration.run import run
from mesh_orchestration.settings import Settings
from mesh_orchestration.storage.catalog import open_lake
from mesh_orchestration.storage.scan import scan
from mesh_orchestration.storage.snapshots import resolve
from tests.orchestration.shop import MODELS, land
from tests.postgres import PostgresDatabase

pytestmark = pytest.mark.slow


def published_in(settings: Settings, domain: str) -> dict[str, object]:
    """The rows and verdicts of a domain's products after a run of the whole mesh."""
    with open_instance(settings) as instance:
        report = run(settings, instance=instance)
    assert report.ok, report
    found: dict[str, object] = {}
    with open_lake(settings) as lake:
        for product in report.products:
            if product.address.domain == domain:
                snapshot = resolve(lake, product.address)
                rows = pq.read_table(list(scan(lake, snapshot).paths)).to_pylist()
                verdicts = [(one.name, one.success, one.unexpected_count) for one in snapshot.verdicts]
                found[str(product.address)] = (rows, verdicts)
    return found


def test_a_domain_on_postgresql_publishes_what_it_publishes_on_duckdb(
    shop: Settings, tmp_path: Path, postgres: PostgresDatabase
) -> None:
    land(shop, "day2", "4,40.25\n5,50\n")
    landing = {"MESH_LANDING": str(shop.landing_dir)}
    environ = {
        "MESH_ENGINE_BILLING": "postgresql",
        "MESH_POSTGRES_URL": postgres.url,
        "MESH_DAGSTER_POSTGRES_URL": postgres.url,
    }
    on_duckdb = published_in(Settings(shop.root, tmp_path / "duckdb", landing), "billing")
    on_postgresql = published_in(Settings(shop.root, tmp_path / "postgresql", landing | environ), "billing")
    assert on_postgresql == on_duckdb
    assert postgres.run("select count(*) from runs") == [(len(MODELS),)]
    tables = postgres.run("select table_name from information_schema.tables where table_schema = 'billing'")
    assert ("revenue",) in tables
