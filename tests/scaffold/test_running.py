"""What is scaffolded runs at once, whatever engine it is on and wherever its rows come from."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from mesh_orchestration.settings import Settings
from tests.cli.mesh import Answer, mesh
from tests.postgres import PostgresDatabase, PostgresServer
from tests.scaffold.meshes import add, empty_mesh, returns_file

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[2]
ODD = 'Return ID,order,user,amount\n1,2,ann,"1.50"\n2,3,bob,2.00\n'


@pytest.fixture
def source(postgres_server: PostgresServer, postgres: PostgresDatabase) -> Iterator[PostgresDatabase]:
    """A database with a table of returns; its slots are dropped so that the database can be."""
    postgres.run(
        "create table returns (id bigint primary key, email text, refund numeric(10,2), changed_at timestamptz)"
    )
    postgres.run("insert into returns values (1, 'ann@example.com', 2.50, now()), (2, 'bob@example.com', 4.00, now())")
    yield postgres
    postgres_server.run(
        f"select pg_drop_replication_slot(slot_name) from pg_replication_slots where database = '{postgres.name}'"
    )


def count(settings: Settings, product: str) -> Answer:
    return mesh(settings, "query", f"select count(*) as rows from {product}", "--json")


def test_names_that_sql_reserves_run_on_postgresql(tmp_path: Path, postgres: PostgresDatabase) -> None:
    settings = empty_mesh(tmp_path / "mesh", MESH_ENGINE_RETURNS="postgresql", MESH_POSTGRES_URL=postgres.url)
    add(settings, origin=str(returns_file(tmp_path, ODD)), key="return_id,order")
    answer = mesh(settings, "run", "returns", "--json")
    assert (answer.code, mesh(settings, "check", "returns.returned_items").code) == (0, 0), answer.out + answer.err
    assert [one["outcome"] for one in answer.json["products"]] == ["published"]


def test_a_table_is_followed_from_its_definition_to_a_publication(tmp_path: Path, source: PostgresDatabase) -> None:
    url = source.server.url(source.name)
    settings = empty_mesh(tmp_path / "mesh", MESH_SOURCE_RETURNS_URL=url)
    result = add(settings, "returns.returns", origin="postgresql", table="public.returns")
    assert not [step for step in result.next_steps if step.startswith("export")]
    first = mesh(settings, "run", "returns")
    assert first.code == 0, first.out + first.err
    source.run("delete from returns where id = 1")
    source.run("insert into returns values (3, 'eve@example.com', 1, now()), (4, 'joe@example.com', 1, now())")
    assert mesh(settings, "run", "returns").code == 0
    assert count(settings, "returns.returns").json == [{"rows": 3}]


def test_what_the_policies_deny_is_named_and_fails_the_command(tmp_path: Path) -> None:
    settings = empty_mesh(tmp_path / "mesh")
    shutil.rmtree(settings.root / "policies")
    shutil.copytree(ROOT / "policies", settings.root / "policies")
    words = ("new", "product", "returns.returned_items", "--from", str(returns_file(tmp_path)))
    denied = mesh(settings, *words, "--roles", "wizard", "--dry-run", "--json")
    assert (denied.code, ["ROL-001" in finding for finding in denied.json["findings"]]) == (1, [True])
    fine = mesh(settings, *words, "--json")
    assert (fine.code, fine.json["findings"]) == (0, [])
    assert mesh(settings, "lint").code == 0
