"""One domain on PostgreSQL, the others on DuckDB, Dagster's own records on PostgreSQL: the same products."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from mesh_orchestration.orchestration.instance import POSTGRES_URL
from mesh_orchestration.replay import emit
from mesh_orchestration.settings import Settings
from tests.cli.mesh import Answer, mesh
from tests.e2e.example import NOW, REPO, rows, verdicts
from tests.postgres import PostgresServer, running_server

pytestmark = pytest.mark.slow
BILLING = ("billing.coupon_reimbursements.v1", "billing.daily_revenue.v1")
PASSWORD = "s3cret-of-billing"


@dataclass(frozen=True)
class Both:
    """The same week in two meshes: ``embedded`` on DuckDB only, ``mixed`` with billing on PostgreSQL."""

    embedded: Settings
    mixed: Settings
    answers: dict[str, Answer]
    server: PostgresServer = field(repr=False)

    def ask(self, database: str, sql: str) -> list[tuple[object, ...]]:
        """The rows of a query in the database of ``billing`` or of ``dagster``."""
        return self.server.run(sql, _name(database))


def _name(use: str) -> str:
    return f"e2e_{use}_{os.getpid()}"


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Both]:
    with running_server() as server:
        yield _both(server, tmp_path_factory)


def _both(postgres_server: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> Both:
    folder = tmp_path_factory.mktemp("both")
    login = f"e2e_login_{os.getpid()}"
    postgres_server.run(f"create role {login} login createrole password '{PASSWORD}'")
    for use in ("billing", "dagster"):
        postgres_server.run(f"create database {_name(use)} owner {login}")
    server = f"{login}:{PASSWORD}@127.0.0.1:{postgres_server.port}"
    shared = {"MESH_LANDING": str(folder / "landing"), "MESH_HISTORY_WEEKS": "1", "MESH_NOW": NOW.isoformat()}
    postgres = {
        "MESH_ENGINE_BILLING": "postgresql",
        "MESH_POSTGRES_URL_BILLING": f"postgresql://{server}/{_name('billing')}",
        POSTGRES_URL: f"postgresql+psycopg2://{server}/{_name('dagster')}",
    }
    embedded = Settings(REPO, folder / "embedded", shared)
    mixed = Settings(REPO, folder / "mixed", {**shared, **postgres})
    emit(embedded, NOW)
    answers = {one.home.name: mesh(one, "run", "billing", "--json") for one in (embedded, mixed)}
    return Both(embedded, mixed, answers, postgres_server)


def test_every_product_is_published_on_both(both: Both) -> None:
    outcomes = {home: (answer.code, answer.err, answer.json["ok"]) for home, answer in both.answers.items()}

    assert outcomes == {"embedded": (0, "", True), "mixed": (0, "", True)}


@pytest.mark.parametrize("address", BILLING)
def test_a_domain_on_postgresql_publishes_the_same_rows(both: Both, address: str) -> None:
    assert len(rows(both.mixed, address)) > 100
    assert rows(both.mixed, address) == rows(both.embedded, address)


@pytest.mark.parametrize("address", BILLING)
def test_a_domain_on_postgresql_gets_the_same_verdicts(both: Both, address: str) -> None:
    assert len(verdicts(both.mixed, address)) > 10
    assert verdicts(both.mixed, address) == verdicts(both.embedded, address)


def test_only_billing_is_in_postgresql_with_a_schema_and_a_role_of_its_own(both: Both) -> None:
    owners = both.ask(
        "billing",
        "select nspname::text, rolname::text from pg_namespace n join pg_roles r on r.oid = n.nspowner "
        "where nspname !~ '^(pg_|information_schema|public)'",
    )
    tables = both.ask("billing", "select distinct tableowner::text from pg_tables where schemaname = 'billing'")

    assert (owners, tables) == ([("billing", "mesh_billing")], [("mesh_billing",)])
    assert {path.name for path in both.mixed.duckdb_dir.glob("*.duckdb")} == {
        f"{domain}_engine.duckdb" for domain in ("customers", "engagement", "orders", "products")
    }


def test_dagster_records_the_runs_and_their_checks_in_postgresql(both: Both) -> None:
    runs = both.ask(
        "dagster",
        "select value, status from runs join run_tags using (run_id) where key = 'mesh/domain' order by value",
    )
    checks = both.ask("dagster", 'select count(*) from asset_check_executions where asset_key like \'["billing"%v1"]\'')
    expected = sum(len(verdicts(both.mixed, address)) for address in BILLING)

    assert runs == [(domain, "SUCCESS") for domain in ("billing", "customers", "engagement", "orders", "products")]
    assert checks == [(expected,)]
    assert not list(both.mixed.dagster_home.rglob("*.db"))


def test_the_password_is_in_no_file(both: Both) -> None:
    files = [path for path in both.mixed.home.rglob("*") if path.is_file()]

    assert [path for path in files if PASSWORD.encode() in path.read_bytes()] == []


def test_status_tells_the_same_of_both(both: Both) -> None:
    def told(settings: Settings) -> list[tuple[object, ...]]:
        found = mesh(settings, "status", "billing", "--json").json
        return [(one["address"], one["rows"], one["checks"], one["freshness"]["state"]) for one in found]

    assert told(both.mixed) == told(both.embedded)
