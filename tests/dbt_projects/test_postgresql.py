"""Every project builds on PostgreSQL to the same rows as on DuckDB."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.dbt_projects.pipeline import Pipeline
from tests.postgres import PostgresDatabase

pytestmark = pytest.mark.slow


def test_all_marts_are_the_same_on_postgresql(tmp_path: Path, postgres: PostgresDatabase) -> None:
    landing = {"MESH_HISTORY_WEEKS": "1", "MESH_LANDING": str(tmp_path / "landing")}
    embedded = Pipeline(tmp_path / "duckdb", landing)
    server = Pipeline(
        tmp_path / "postgresql", {**landing, "MESH_ENGINE": "postgresql", "MESH_POSTGRES_URL": postgres.url}
    )
    embedded.emit()
    embedded.build()
    server.build()
    differences = {
        str(address): embedded.ask(
            f"select count(*) from (({one} except all {other}) union all ({other} except all {one}))"
        )
        for address in embedded.mesh.products
        for one, other in [(f"from {embedded.files(str(address))}", f"from {server.files(str(address))}")]
    }
    assert differences == {str(address): [(0,)] for address in embedded.mesh.products}
