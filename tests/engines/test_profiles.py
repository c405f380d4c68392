from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from mesh_orchestration.engines import dbt_environment, engine_for, write_profiles
from mesh_orchestration.settings import Settings
from tests.engines.landing import COLUMNS, batch, parquet
from tests.postgres import PostgresDatabase


def profile(settings: Settings) -> dict[str, object]:
    written = yaml.safe_load((write_profiles(settings, "billing") / "profiles.yml").read_text())
    output: dict[str, object] = written["billing"]["outputs"][written["billing"]["target"]]
    return output


def on_postgres(root: Path, url: str) -> Settings:
    environ = {"MESH_ENGINE_BILLING": "postgresql", "MESH_POSTGRES_URL": url}
    return Settings(root=root, home=root / ".mesh", environ=environ)


def test_a_duckdb_profile_names_the_file_and_bounds_the_session(settings: Settings) -> None:
    output = profile(settings)
    assert (output["type"], output["path"], output["schema"]) == (
        "duckdb", str(settings.home / "engines" / "billing_engine.duckdb"), "billing",
    )  # fmt: skip
    session = output["settings"]
    assert isinstance(session, dict)
    assert (session["TimeZone"], session["memory_limit"]) == ("UTC", "1GB")


def test_a_postgresql_profile_holds_no_password(tmp_path: Path) -> None:
    settings = on_postgres(tmp_path, "postgresql://mesh:s3cr%40t@127.0.0.1:5433/lake?sslmode=require")
    output = profile(settings)
    assert output | {"threads": 2} == {
        "type": "postgres", "host": "127.0.0.1", "port": 5433, "user": "mesh", "dbname": "lake", "sslmode": "require",
        "schema": "billing", "role": "mesh_billing", "threads": 2,
        "password": "{{ env_var('DBT_ENV_SECRET_MESH_BILLING', '') }}",
    }  # fmt: skip
    assert "s3cr" not in (write_profiles(settings, "billing") / "profiles.yml").read_text()
    assert dbt_environment(settings, "billing") == {"PGTZ": "UTC", "DBT_ENV_SECRET_MESH_BILLING": "s3cr@t"}


def test_a_profile_that_is_right_already_is_left_alone(settings: Settings) -> None:
    path = write_profiles(settings, "billing") / "profiles.yml"
    os.utime(path, ns=(1, 1))
    write_profiles(settings, "billing")
    assert path.stat().st_mtime_ns == 1
    path.write_text("half")
    assert profile(settings)["schema"] == "billing"


def build(settings: Settings, project: Path) -> None:
    """`dbt build` of a project with one model over the landing table of the port ``lines``."""
    (project / "models").mkdir(parents=True)
    (project / "dbt_project.yml").write_text(
        "name: billing\nprofile: billing\nflags: {send_anonymous_usage_stats: false}\nmodels: {+materialized: table}\n"
    )
    (project / "models" / "sources.yml").write_text(
        "sources:\n  - name: landing\n    schema: '{{ target.schema }}'\n"
        "    tables: [{name: lines, identifier: landing__lines}]\n"
    )
    (project / "models" / "lines.sql").write_text(
        "select basket_id, product, cast(timestamp '2026-01-01 00:00:00' as timestamptz) as moment\n"
        "from {{ source('landing', 'lines') }}\n"
    )
    folder = write_profiles(settings, "billing")
    subprocess.run(
        [sys.executable, "-m", "dbt.cli.main", "build", "--project-dir", project, "--profiles-dir", folder],
        env={**os.environ, **dbt_environment(settings, "billing"), "TZ": "America/New_York"}, check=True,
    )  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("word", ["duckdb", "postgresql"])
def test_dbt_builds_over_landed_rows_in_utc(tmp_path: Path, word: str, request: pytest.FixtureRequest) -> None:
    settings = Settings(root=tmp_path, home=tmp_path / ".mesh")
    if word == "postgresql":
        database: PostgresDatabase = request.getfixturevalue("postgres")
        settings = on_postgres(tmp_path, database.url)
    with engine_for(settings, "billing") as engine:
        engine.land("lines", COLUMNS, batch(), parquet(tmp_path / "1", [(1, "a")]))
    build(settings, tmp_path / "project")
    with engine_for(settings, "billing") as engine:
        rows = engine.execute(f"select basket_id, product, cast(moment as text) from {engine.relation('lines')}")
        assert rows == [(1, "a", "2026-01-01 00:00:00+00")]
