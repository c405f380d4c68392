"""Batches that come late, again, broken or corrected leave the incremental marts as a rebuild would."""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from mesh_orchestration.replay import heal, inject
from mesh_orchestration.replay.landing import deliveries
from tests.dbt_projects.pipeline import NOW, Pipeline

pytestmark = pytest.mark.slow

INCREMENTAL = {"transactions": ("orders", "orders.order_lines"), "promotions": ("engagement", "engagement.promotions")}


@pytest.fixture(scope="module")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> Pipeline:
    pipeline = Pipeline(tmp_path_factory.mktemp("pristine"), {"MESH_HISTORY_WEEKS": "1"})
    pipeline.emit()
    pipeline.build("orders", "engagement")
    return pipeline


@pytest.fixture
def pipeline(pristine: Pipeline, tmp_path: Path) -> Pipeline:
    """A built mesh of the test's own."""
    shutil.copytree(pristine.home, tmp_path / "mesh")
    return Pipeline(tmp_path / "mesh", dict(pristine.environ))


def rows(pipeline: Pipeline, table: str) -> set[Any]:
    """A digest of every row of the table's mart, with the number of rows."""
    mart = INCREMENTAL[table][1]
    return set(pipeline.ask(f"select count(*), sum(hash(mart)::hugeint), bit_xor(hash(mart)) from {{{mart}}} as mart"))


def write(path: Path, query: str) -> None:
    with duckdb.connect() as con:
        con.execute(f"copy ({query}) to '{path}' (format parquet)")


def largest(pipeline: Pipeline, table: str) -> Path:
    found = deliveries(pipeline.settings.landing_dir / table)
    return max((delivery.path for delivery in found), key=lambda path: path.stat().st_size)


@pytest.mark.parametrize("table", INCREMENTAL)
def test_the_same_batch_again_changes_nothing(pipeline: Pipeline, table: str) -> None:
    before = rows(pipeline, table)
    file = largest(pipeline, table)
    shutil.copy(file, file.with_name(f"{file.stem}_r02.parquet"))
    for _ in range(2):
        pipeline.build(INCREMENTAL[table][0])
        assert rows(pipeline, table) == before


@pytest.mark.parametrize("table", INCREMENTAL)
def test_a_batch_with_every_row_twice_counts_once(pipeline: Pipeline, table: str) -> None:
    before = rows(pipeline, table)
    inject(pipeline.settings, table, "duplicates")
    pipeline.build(INCREMENTAL[table][0])
    assert rows(pipeline, table) == before


def test_the_newest_delivery_of_a_line_counts_and_healing_brings_it_back(pipeline: Pipeline) -> None:
    before = rows(pipeline, "transactions")
    broken = inject(pipeline.settings, "transactions", "nulls")
    ((lines,),) = pipeline.ask(f"select count(*) from read_parquet('{broken}')")
    pipeline.build("orders")
    unknown = pipeline.ask("select count(*) from {orders.order_lines} where household_id is null")
    heal(pipeline.settings, "transactions")
    pipeline.build("orders")
    assert (unknown, rows(pipeline, "transactions")) == ([(lines,)], before)


@pytest.mark.parametrize("table", INCREMENTAL)
def test_rows_that_a_corrected_batch_lacks_are_gone(pipeline: Pipeline, table: str) -> None:
    file = largest(pipeline, table)
    write(file, f"select * from read_parquet('{file}') where store_id > 400")
    domain, _ = INCREMENTAL[table]
    pipeline.build(domain)
    corrected = rows(pipeline, table)
    pipeline.build(domain, full_refresh=True)
    assert rows(pipeline, table) == corrected


@pytest.mark.parametrize("table", INCREMENTAL)
def test_a_row_is_the_older_delivery_again_when_a_correction_takes_it_back(pipeline: Pipeline, table: str) -> None:
    before = rows(pipeline, table)
    file = largest(pipeline, table)
    again = file.with_name(f"{file.stem}_r02.parquet")
    write(again, f"select * replace (cast(9 as bigint) as store_id) from read_parquet('{file}')")
    pipeline.build(INCREMENTAL[table][0])
    changed = rows(pipeline, table)
    write(again, f"select * from read_parquet('{file}') where false")
    pipeline.build(INCREMENTAL[table][0])
    assert (changed != before, rows(pipeline, table)) == (True, before)


@pytest.mark.parametrize("table", INCREMENTAL)
def test_growing_by_emissions_ends_where_a_rebuild_does(pipeline: Pipeline, table: str) -> None:
    domain, _ = INCREMENTAL[table]
    for hours in (5, 30, 80):
        pipeline.emit(NOW + timedelta(hours=hours))
        pipeline.build(domain)
    grown = rows(pipeline, table)
    pipeline.build(domain, full_refresh=True)
    assert rows(pipeline, table) == grown
