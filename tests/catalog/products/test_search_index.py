"""What search comes to know of datasets and jobs that others tell of, part by part; the same in both databases."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from mesh_orchestration.catalog.contracts import write_some
from mesh_orchestration.catalog.ingest import erase, ingest
from mesh_orchestration.catalog.products import versions
from mesh_orchestration.catalog.project import project
from mesh_orchestration.catalog.search import search
from mesh_orchestration.catalog.search_index import BATCH, index_all_lineage, index_lineage
from mesh_orchestration.catalog.store import Catalog, open_catalog
from mesh_orchestration.catalog.tables_products import SEARCH
from mesh_orchestration.contract.mesh import load_mesh
from tests.builders import mesh_at, product, settings_at
from tests.catalog.lineage.told import dataset, event
from tests.postgres import PostgresDatabase


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def catalog(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Catalog]:
    """An empty catalog."""
    where: dict[str, str] = {}
    if request.param == "postgresql":
        database: PostgresDatabase = request.getfixturevalue("postgres")
        where = {"MESH_CATALOG_URL": database.url}
    with open_catalog(settings_at(tmp_path, **where)) as catalog:
        yield catalog


def told(catalog: Catalog, *events: dict[str, Any]) -> None:
    assert not ingest(catalog, events).refused


def known(catalog: Catalog) -> list[str]:
    with catalog.reading() as conn:
        return sorted(conn.execute(select(SEARCH.c.key)).scalars())


def test_many_are_written_part_by_part_and_each_once(catalog: Catalog) -> None:
    many = 2 * BATCH + 50
    described = {"fields": [{"name": "place", "type": "text"}]}
    told(catalog, *(event(f"j{one}", writes=[dataset(f"d{one}", schema=described)]) for one in range(many)))
    with catalog.writing() as conn:
        first = index_lineage(conn)
    assert 0 < first < 2 * many
    assert first + index_all_lineage(catalog) == 2 * many
    assert len(known(catalog)) == 2 * many
    assert index_all_lineage(catalog) == 0


def test_of_a_dataset_of_which_more_is_said_later_that_is_found(catalog: Catalog) -> None:
    told(catalog, event("load", writes=["contacts"]))
    index_all_lineage(catalog)
    told(catalog, event("load", minute=5, writes=[dataset("contacts", documentation={"description": "Addressees."})]))
    assert index_all_lineage(catalog) == 1
    with catalog.reading() as conn:
        assert [hit.key for hit in search(conn, "addressees").hits] == ["shop:contacts"]


def test_a_dataset_that_was_dropped_or_renamed_is_not_found(catalog: Catalog) -> None:
    told(catalog, event("load", writes=["old", "scrap", "kept"]))
    index_all_lineage(catalog)
    assert known(catalog) == ["jobs:load", "shop:kept", "shop:old", "shop:scrap"]
    former = {"lifecycleStateChange": "RENAME", "previousIdentifier": {"namespace": "shop", "name": "old"}}
    told(
        catalog,
        event("drop", minute=9, writes=[dataset("scrap", lifecycleStateChange={"lifecycleStateChange": "DROP"})]),
        event("move", minute=9, writes=[dataset("new", lifecycleStateChange=former)]),
    )
    index_all_lineage(catalog)
    assert known(catalog) == ["jobs:drop", "jobs:load", "jobs:move", "shop:kept", "shop:new"]


def test_lineage_that_was_erased_and_told_anew_is_found_as_it_is_now(catalog: Catalog) -> None:
    told(catalog, event("load", writes=["before"]))
    index_all_lineage(catalog)
    erase(catalog)
    told(catalog, event("load", writes=["after"]))
    index_all_lineage(catalog)
    assert known(catalog) == ["jobs:load", "shop:after"]


def test_several_writers_at_once_do_the_work_once(catalog: Catalog) -> None:
    many = 2 * BATCH
    told(catalog, *(event(f"j{one}", writes=[f"d{one}"]) for one in range(many)))
    with ThreadPoolExecutor(4) as pool:
        counts = list(pool.map(lambda _: index_all_lineage(catalog), range(4)))
    assert sum(counts) == 2 * many
    with catalog.reading() as conn:
        assert conn.execute(select(func.count()).select_from(SEARCH)).scalar() == 2 * many


def test_a_projection_that_was_cut_short_is_made_up_for_by_the_next(tmp_path: Path) -> None:
    settings = mesh_at(tmp_path, made := product())
    address, mesh = str(made.address), load_mesh(settings)
    with open_catalog(settings) as catalog:
        with catalog.writing() as conn:
            write_some(conn, mesh, [address])
        project(settings, catalog, mesh)
        with catalog.reading() as conn:
            assert [one.version for one in versions(conn, address)] == [made.version]
        assert known(catalog) == [address]
