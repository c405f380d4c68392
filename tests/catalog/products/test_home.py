"""The mesh at a glance, and how one knows that it is another."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import insert, update

from mesh_orchestration.catalog.home import home
from mesh_orchestration.catalog.project import write_contracts
from mesh_orchestration.catalog.store import Catalog, open_catalog
from mesh_orchestration.catalog.tables_products import DOMAINS, PRODUCT_EDGES, PRODUCTS
from mesh_orchestration.contract.mesh import Mesh
from mesh_orchestration.settings import Settings
from tests.builders import product
from tests.postgres import PostgresDatabase

NOW = datetime(2026, 11, 20, 6, tzinfo=UTC)
STATES = {
    "a.good.v1": {"published": NOW},
    "a.warned.v1": {"published": NOW, "warned": 1},
    "a.never.v1": {"published": None},
    "b.late.v1": {"published": NOW - timedelta(hours=2), "window": 3600},
    "b.refused.v1": {"published": NOW, "refused": NOW, "warned": 1},
}


@pytest.fixture
def catalog(settings: Settings) -> Iterator[Catalog]:
    with open_catalog(settings) as catalog:
        yield catalog


def test_the_mesh_at_a_glance_counts_health_and_tells_the_worst_first(catalog: Catalog) -> None:
    _tells_health(catalog)


def _tells_health(catalog: Catalog) -> None:
    made = {one.address: one for one in map(product, STATES)}
    write_contracts(catalog, Mesh(made, ("a", "b")))
    with catalog.writing() as conn:
        for address, said in STATES.items():
            conn.execute(update(PRODUCTS).where(PRODUCTS.c.address == address).values(**said))
        conn.execute(
            insert(PRODUCT_EDGES), [{"source": "b.late.v1", "consumer": one} for one in ("a.good.v1", "a.warned.v1")]
        )
        conn.execute(update(PRODUCTS).where(PRODUCTS.c.address == "a.good.v1").values(owner="zoe@example.com"))
    with catalog.reading() as conn:
        found = home(conn, now=NOW)
    assert found.health == dict.fromkeys(("good", "warned", "late", "refused", "never"), 1)
    assert [one.address for one in found.attention] == ["b.refused.v1", "b.late.v1", "a.warned.v1"]
    assert [(one.address, readers) for one, readers in found.central][:2] == [("b.late.v1", 2), ("a.good.v1", 0)]
    assert found.central[0][0].health == "late"
    first = found.domains[0]
    assert (first.products, first.health) == (3, {"good": 1, "warned": 1, "never": 1})
    assert first.owners == ("team:a", "zoe@example.com")


def test_the_state_is_another_after_another_process_wrote_and_the_same_until_then(
    settings: Settings, catalog: Catalog
) -> None:
    with catalog.reading() as conn:
        home(conn, now=NOW)
    before = catalog.state()
    with catalog.reading() as conn:
        home(conn, now=NOW)
    assert catalog.state() == before
    code = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute(sys.argv[2]); c.commit()"
    statement = "insert into domain (name, problem) values ('c', '')"
    subprocess.run([sys.executable, "-c", code, str(Catalog.place.path(settings)), statement], check=True, timeout=30)
    after = catalog.state()
    assert after != before
    with catalog.writing() as conn:
        conn.execute(insert(DOMAINS).values(name="d", problem=""))
    assert catalog.state() not in {before, after}


@pytest.mark.slow
def test_postgresql_says_the_same(settings: Settings, postgres: PostgresDatabase) -> None:
    there = replace(settings, environ={**settings.environ, "MESH_CATALOG_URL": postgres.url})
    with open_catalog(there) as catalog, open_catalog(there) as other:
        _tells_health(catalog)
        before = {catalog.state() for _ in range(20)}
        assert len(before) < 20
        with other.writing() as conn:
            conn.execute(insert(DOMAINS).values(name="d", problem=""))
        assert catalog.state() not in before
