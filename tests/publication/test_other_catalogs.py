"""The same publication with another catalog and store, chosen by settings alone."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import duckdb
import pytest

from mesh_orchestration.contract.model import DataProduct
from mesh_orchestration.errors import PublicationConflict
from mesh_orchestration.publication.rejected import rejected_rows
from mesh_orchestration.publication.status import status
from mesh_orchestration.settings import Settings
from mesh_orchestration.storage.catalog import Lake, open_lake
from mesh_orchestration.storage.objects import list_files
from mesh_orchestration.storage.scan import scan
from mesh_orchestration.storage.snapshots import audit_branches, history, published, rejected
from mesh_orchestration.storage.upkeep import Policy, maintain
from tests.builders import FIELDS, product, settings_at
from tests.postgres import PostgresDatabase
from tests.publication.object_store import ObjectStore
from tests.publication.publishing import NOW, exported, publish_orders

pytest_plugins = ["tests.publication.object_store"]
pytestmark = pytest.mark.slow

AMOUNT = {"type": "decimal(12,2)", "constraints": {"min": 0, "null": False}}


@pytest.fixture(params=["rest", "postgres", "postgres and s3"])
def settings(
    request: pytest.FixtureRequest, tmp_path: Path, object_store: ObjectStore, postgres: PostgresDatabase
) -> Settings:
    """A REST catalog with S3, or PostgreSQL with local files or S3."""
    if request.param == "rest":
        return settings_at(tmp_path, **object_store.rest_environ())
    url = postgres.url.replace("postgresql://", "postgresql+psycopg2://")
    sql = {"PYICEBERG_CATALOG__MESH__TYPE": "sql", "PYICEBERG_CATALOG__MESH__URI": url}
    if request.param == "postgres":
        return settings_at(tmp_path, **sql, PYICEBERG_CATALOG__MESH__WAREHOUSE=f"file://{tmp_path}/warehouse")
    warehouse = f"s3://lake/{tmp_path.name}"
    return settings_at(tmp_path, **sql, **object_store.s3_environ(), PYICEBERG_CATALOG__MESH__WAREHOUSE=warehouse)


@pytest.fixture
def lake(settings: Settings) -> Iterator[Lake]:
    with open_lake(settings) as lake:
        yield lake


def read(lake: Lake, contract: DataProduct) -> list[float]:
    snapshot = published(lake, contract.address)
    assert snapshot is not None
    with duckdb.connect(":memory:") as connection:
        scan(lake, snapshot).attach(connection, "orders", "rows")
        return [float(row[0]) for row in connection.execute("select amount from orders.rows order by 1").fetchall()]


def test_the_whole_life_of_a_product(lake: Lake) -> None:
    address = "orders.life.v1"
    guarded = product(address, fields=FIELDS | {"amount": AMOUNT})
    wider = product(address, version="1.1.0", fields=FIELDS | {"amount": AMOUNT, "note": "string"})
    narrow = product(address, version="1.2.0", fields={"order_id": "string"})

    first = publish_orders(lake, 1, 2, run="r1", contract=guarded, audit=None)
    assert (first.published, first.reasons) == (True, ())
    assert read(lake, guarded) == [1, 2]
    assert publish_orders(lake, 9, run="r1", contract=guarded, audit=None).repeated

    refused = publish_orders(lake, -3, run="r2", contract=guarded, audit=None)
    assert (refused.published, read(lake, guarded)) == (False, [1, 2])
    assert [one.branch for one in rejected(lake, guarded.address)] == ["audit-r2"]
    assert rejected_rows(lake, guarded)[0].rows[0][1] == -3
    assert status(lake, guarded, NOW).refused

    evolved = exported(4, columns=", 'hi' as note")
    assert publish_orders(lake, run="r3", contract=wider, export=evolved, audit=None).published
    assert read(lake, guarded) == [4]
    assert not publish_orders(lake, run="r4", contract=narrow, audit=None).published
    assert publish_orders(
        lake, run="r5", contract=wider, export=exported(columns=", 'x' as note"), audit=None
    ).published
    assert read(lake, guarded) == []
    assert [one.run_id for one in history(lake, guarded.address)] == ["r5", "r3", "r1"]
    assert not status(lake, guarded, NOW).refused

    done = maintain(lake, guarded.address, Policy(snapshots=1, grace=timedelta(0), rejected=timedelta(0)))
    table = lake.table(guarded.address)
    assert table is not None
    assert (done.snapshots, done.branches, audit_branches(table)) == (3, ("audit-r2",), ())
    assert not [one for one in list_files(table.io, table.location()) if one.location.endswith(".parquet")]


def test_of_several_publishers_one_wins(lake: Lake, settings: Settings) -> None:
    contract = product("orders.race.v1")
    publish_orders(lake, 9, run="r0", contract=contract)

    def one(number: int) -> int | None:
        with open_lake(settings) as own:
            try:
                publish_orders(own, number, run=f"c{number}", contract=contract)
            except PublicationConflict:
                return None
            return number

    with ThreadPoolExecutor(3) as pool:
        won = [number for number in pool.map(one, range(3)) if number is not None]

    assert won
    assert read(lake, contract) == [float(history(lake, contract.address)[0].run_id.removeprefix("c"))]
    assert len(history(lake, contract.address)) == 1 + len(won)
    table = lake.table(contract.address)
    assert table is not None
    assert audit_branches(table) == ()
