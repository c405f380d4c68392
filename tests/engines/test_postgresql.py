from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mesh_orchestration.engines import Engine, engine_for
from mesh_orchestration.engines.base import Files
from mesh_orchestration.engines.columns import Column
from mesh_orchestration.errors import EngineError, SettingsError
from mesh_orchestration.settings import Settings
from tests.engines.landing import COLUMNS, EVERY_SQL, EVERY_TYPE, batch, fields, parquet
from tests.postgres import PostgresDatabase

pytestmark = pytest.mark.slow


@pytest.fixture
def chosen(tmp_path: Path, postgres: PostgresDatabase) -> Settings:
    return pointing_at(tmp_path, postgres.url)


@pytest.fixture
def engine(chosen: Settings) -> Iterator[Engine]:
    with engine_for(chosen, "billing") as opened:
        yield opened


def pointing_at(root: Path, url: str) -> Settings:
    environ = {"MESH_ENGINE": "postgresql", "MESH_POSTGRES_URL": url}
    return Settings(root=root, home=root / ".mesh", environ=environ)


def test_a_domain_owns_its_schema_through_its_role(engine: Engine, postgres: PostgresDatabase) -> None:
    assert engine.execute("select current_user::text, current_schema()::text") == [("mesh_billing", "billing")]
    owner = "select r.rolname::text, r.rolcanlogin from pg_namespace n join pg_roles r on r.oid = n.nspowner"
    assert postgres.run(f"{owner} where nspname = 'billing'") == [("mesh_billing", False)]


def test_a_domain_can_neither_write_nor_read_another_domains_schema(engine: Engine, chosen: Settings) -> None:
    with engine_for(chosen, "orders") as orders:
        orders.execute("create table orders.secrets as select 1 as id")
    for statement in (
        "insert into orders.secrets values (2)",
        "create table orders.intruder (id int)",
        "drop table orders.secrets",
        "select * from orders.secrets",
    ):
        with pytest.raises(EngineError, match="permission denied for schema orders"):
            engine.execute(statement)


def test_opening_again_changes_nothing(engine: Engine, chosen: Settings) -> None:
    engine.execute("create table billing.kept as select 1 as id")
    with engine_for(chosen, "billing") as again:
        assert again.execute("select * from billing.kept") == [(1,)]


def test_a_login_that_may_not_provide_names_what_to_run(postgres: PostgresDatabase, tmp_path: Path) -> None:
    postgres.run("do $$ begin create role guest login; exception when duplicate_object then null; end $$")
    with pytest.raises(EngineError) as raised:
        engine_for(pointing_at(tmp_path, postgres.server.url(postgres.name, "guest")), "inventory").__enter__()
    assert str(raised.value).endswith(
        'let an administrator run: create role "mesh_inventory" nologin; grant "mesh_inventory" to "guest"; '
        'create schema if not exists "inventory" authorization "mesh_inventory"'
    )


def test_a_provided_schema_needs_no_further_rights(postgres: PostgresDatabase, tmp_path: Path) -> None:
    postgres.run("do $$ begin create role clerk login; exception when duplicate_object then null; end $$")
    postgres.run("do $$ begin create role mesh_ledgers; exception when duplicate_object then null; end $$")
    postgres.run("grant mesh_ledgers to clerk; create schema ledgers authorization mesh_ledgers")
    with engine_for(pointing_at(tmp_path, postgres.server.url(postgres.name, "clerk")), "ledgers") as engine:
        assert engine.land("lines", COLUMNS, batch(), parquet(tmp_path / "1", [(1, "a")])).rows == 1


def test_a_server_that_is_down_is_named_without_the_password(tmp_path: Path) -> None:
    with pytest.raises(EngineError) as raised:
        engine_for(pointing_at(tmp_path, "postgresql://mesh:s3cret@127.0.0.1:1/mesh"), "billing").__enter__()
    assert "127.0.0.1:1/mesh" in str(raised.value)
    assert "s3cret" not in str(raised.value)


def test_a_url_that_is_none_is_refused_without_quoting_it(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="is not a PostgreSQL URL") as raised:
        engine_for(pointing_at(tmp_path, "s3cret is no url"), "billing")
    assert "s3cret" not in str(raised.value)


def test_every_type_lands_and_is_exported_unchanged(engine: Engine, chosen: Settings, tmp_path: Path) -> None:
    columns = [Column.parse(name, kind) for name, kind in EVERY_TYPE.items()]
    with engine_for(Settings(root=tmp_path, home=tmp_path / "duck"), "billing") as duck:
        duck.execute(f"create table {duck.relation('mart')} as select {EVERY_SQL}")
        exported = duck.export("mart", fields(**EVERY_TYPE), tmp_path / "from_duckdb")
    engine.land("lines", columns, batch(), Files(exported))
    again = engine.export("landing__lines", fields(**EVERY_TYPE), tmp_path / "from_postgres")
    assert pq.read_table(again[0]).to_pylist() == pq.read_table(exported[0]).to_pylist()


def test_nulls_land_and_are_exported_as_nulls(engine: Engine, tmp_path: Path) -> None:
    columns = [Column.parse(name, kind) for name, kind in EVERY_TYPE.items()]
    pq.write_table(pa.table({"a_long": pa.array([None], pa.int64())}), tmp_path / "empty.parquet")
    engine.land("lines", columns, batch(), Files((tmp_path / "empty.parquet",), partial=True))
    (path,) = engine.export("landing__lines", fields(**EVERY_TYPE), tmp_path / "out")
    assert pq.read_table(path).to_pylist() == [dict.fromkeys(EVERY_TYPE)]


def test_a_read_leaves_no_transaction_open(engine: Engine, postgres: PostgresDatabase) -> None:
    engine.ledger("lines")
    engine.execute("select 1")
    waiting = f"select count(*) from pg_stat_activity where datname = '{postgres.name}' and state like 'idle in%'"
    assert postgres.run(waiting) == [(0,)]
