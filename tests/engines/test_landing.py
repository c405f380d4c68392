"""What every engine does alike: landing exactly once, and exporting marts as contracted."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mesh_orchestration.engines import Engine, engine_for
from mesh_orchestration.engines.base import Files
from mesh_orchestration.engines.columns import Column, arrow_type
from mesh_orchestration.errors import EngineError
from mesh_orchestration.settings import Settings
from tests.engines import landing_process
from tests.engines.landing import COLUMNS, EVERY_SQL, EVERY_TYPE, NOON, batch, fields, parquet


@pytest.fixture(params=["duckdb", "postgresql"])
def word(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def chosen(word: str, tmp_path: Path, request: pytest.FixtureRequest) -> Settings:
    """Settings that choose the engine; a PostgreSQL server is started only for its own tests."""
    environ = {"MESH_ENGINE": word}
    if word == "postgresql":
        environ["MESH_POSTGRES_URL"] = request.getfixturevalue("postgres").url
    return Settings(root=tmp_path, home=tmp_path / ".mesh", environ=environ)


@pytest.fixture
def engine(chosen: Settings) -> Iterator[Engine]:
    with engine_for(chosen, "orders") as opened:
        yield opened


def landed(engine: Engine) -> list[tuple[object, ...]]:
    table = engine.relation("landing__lines")
    return engine.execute(f"select basket_id, product, _batch from {table} order by 1, 2, 3")


def test_a_batch_and_its_ledger_entry_land_together(engine: Engine, tmp_path: Path) -> None:
    result = engine.land("lines", COLUMNS, batch(run_id="r1", watermark="day-1"), parquet(tmp_path / "1", [(1, "a")]))
    assert (result.rows, result.changed) == (1, True)
    assert landed(engine) == [(1, "a", "day-1")]
    (entry,) = engine.ledger("lines")
    assert (entry.batch, entry.rows, entry.landed_at, entry.run_id, entry.watermark) == (
        "day-1", 1, NOON, "r1", "day-1",
    )  # fmt: skip


def test_the_same_batch_lands_once(engine: Engine, tmp_path: Path) -> None:
    files = parquet(tmp_path / "1", [(1, "a"), (2, "b")])
    engine.land("lines", COLUMNS, batch(), files)
    again = engine.land("lines", COLUMNS, batch(), files)
    assert (again.rows, again.changed, len(landed(engine))) == (2, False, 2)


def test_new_content_under_an_old_name_replaces_its_rows_only(engine: Engine, tmp_path: Path) -> None:
    engine.land("lines", COLUMNS, batch("day-1", "a"), parquet(tmp_path / "1", [(1, "a"), (2, "b")]))
    engine.land("lines", COLUMNS, batch("day-2", "b"), parquet(tmp_path / "2", [(3, "c")]))
    engine.land("lines", COLUMNS, batch("day-1", "c"), parquet(tmp_path / "1", [(1, "z")]))
    assert landed(engine) == [(1, "z", "day-1"), (3, "c", "day-2")]
    assert {entry.batch: entry.rows for entry in engine.ledger("lines")} == {"day-1": 1, "day-2": 1}


def test_replace_makes_a_batch_all_that_the_port_holds(engine: Engine, tmp_path: Path) -> None:
    engine.land("lines", COLUMNS, batch("7"), parquet(tmp_path / "1", [(1, "a")]), mode="replace")
    engine.land("lines", COLUMNS, batch("8"), parquet(tmp_path / "2", [(2, "b")]), mode="replace")
    assert landed(engine) == [(2, "b", "8")]
    assert [entry.batch for entry in engine.ledger("lines")] == ["8"]


def test_arrow_batches_land_as_files_do(engine: Engine) -> None:
    table = pa.table({"basket_id": pa.array([1], pa.int64()), "product": ["a"]})
    engine.land("lines", COLUMNS, batch(), table.to_reader())
    assert landed(engine) == [(1, "a", "day-1")]


def test_a_failed_batch_leaves_neither_rows_nor_entry(engine: Engine, tmp_path: Path) -> None:
    engine.land("lines", COLUMNS, batch("day-1"), parquet(tmp_path / "1", [(1, "a")]))
    missing_column = (*COLUMNS, Column.parse("price", "double"))
    with pytest.raises(EngineError, match="price"):
        engine.land("lines", missing_column, batch("day-2"), parquet(tmp_path / "2", [(2, "b")]))
    assert landed(engine) == [(1, "a", "day-1")]
    assert [entry.batch for entry in engine.ledger("lines")] == ["day-1"]


def test_a_port_gains_a_column_and_old_rows_hold_null(engine: Engine, tmp_path: Path) -> None:
    engine.land("lines", COLUMNS[:1], batch("day-1"), parquet(tmp_path / "1", [(1, "a")]))
    engine.land("lines", COLUMNS, batch("day-2"), parquet(tmp_path / "2", [(2, "b")]))
    assert landed(engine) == [(1, None, "day-1"), (2, "b", "day-2")]


def test_a_port_that_changes_a_type_says_what_to_do(engine: Engine, tmp_path: Path) -> None:
    engine.land("lines", COLUMNS, batch("day-1"), parquet(tmp_path / "1", [(1, "a")]))
    with pytest.raises(EngineError, match=r"landing__lines\.basket_id is (?i:bigint) but .* declares string"):
        engine.prepare("lines", (Column.parse("basket_id", "string"),))


def test_a_mart_is_exported_typed_exactly_as_its_contract(engine: Engine, tmp_path: Path) -> None:
    engine.execute(f"create table {engine.relation('mart')} as select {EVERY_SQL}")
    contract = fields(**dict(reversed(EVERY_TYPE.items())))
    (path,) = engine.export("mart", contract, tmp_path / "out")
    schema = pq.read_schema(path)
    assert schema.names == [field.name for field in contract]
    assert [schema.field(field.name).type for field in contract] == [arrow_type(Column.of(field)) for field in contract]
    assert pq.read_metadata(path).row_group(0).column(0).compression == "ZSTD"


def test_an_empty_mart_is_exported_as_an_empty_file(engine: Engine, tmp_path: Path) -> None:
    engine.execute(f"create table {engine.relation('mart')} as select 1::bigint as id where false")
    (path,) = engine.export("mart", fields(id="long"), tmp_path)
    assert (pq.read_metadata(path).num_rows, pq.read_schema(path).field("id").type) == (0, pa.int64())


def test_a_drifted_mart_lists_every_difference(engine: Engine, tmp_path: Path) -> None:
    mart = "select 1::integer as id, 'x' as basket_idd, 2.5::numeric(2,1) as price"
    engine.execute(f"create table {engine.relation('mart')} as {mart}")
    with pytest.raises(EngineError) as raised:
        engine.export("mart", fields(id="long", basket_id="string", price="decimal(12,2)"), tmp_path / "out")
    integer, bigint, text, narrow, wide = {
        "duckdb": ("INTEGER", "BIGINT", "VARCHAR", "DECIMAL(2,1)", "DECIMAL(12,2)"),
        "postgres": ("integer", "bigint", "text", "numeric(2,1)", "numeric(12,2)"),
    }[engine.dialect]
    assert str(raised.value) == (
        "orders.mart drifted from its contract:\n"
        f"  - id: found {integer}, expected long ({bigint}); cast it in the model: cast(id as {bigint})\n"
        f"  - basket_id: missing, expected string ({text}); did you mean 'basket_idd'?\n"
        f"  - price: found {narrow}, expected decimal(12,2) ({wide}); "
        f"cast it in the model: cast(price as {wide})"
    )
    assert not (tmp_path / "out").exists()


def test_a_missing_mart_is_named_with_the_nearest_one(engine: Engine, tmp_path: Path) -> None:
    engine.execute(f"create table {engine.relation('order_lines')} as select 1 as id")
    with pytest.raises(EngineError, match=r"schema orders has no model order_line; did you mean 'order_lines'\?"):
        engine.export("order_line", fields(id="integer"), tmp_path)


def test_a_closed_engine_says_how_to_open_it(settings: Settings) -> None:
    with pytest.raises(EngineError, match="is not open"):
        engine_for(settings, "orders").execute("select 1")


def test_a_column_that_referenced_files_do_not_have_yet_is_null(engine: Engine, tmp_path: Path) -> None:
    columns = (*COLUMNS, Column.parse("price", "decimal(12,2)"))
    files = Files(parquet(tmp_path / "1", [(1, "a")]).paths, partial=True)
    engine.land("lines", columns, batch("42"), files, mode="reference")
    assert engine.execute(f"select price from {engine.relation('landing__lines')}") == [(None,)]


def test_the_same_batch_landed_twice_at_once_lands_once(chosen: Settings, tmp_path: Path) -> None:
    files = parquet(tmp_path / "1", [(number, "a") for number in range(20_000)])
    changed: list[bool] = []

    def land() -> None:
        with engine_for(chosen, "orders") as own:
            changed.append(own.land("lines", COLUMNS, batch(), files).changed)

    threads = [threading.Thread(target=land) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(changed) == [False, False, True]
    with engine_for(chosen, "orders") as engine:
        assert engine.execute(f"select count(*) from {engine.relation('landing__lines')}") == [(20_000,)]


def test_an_export_to_a_folder_that_cannot_be_made_says_so(engine: Engine, tmp_path: Path) -> None:
    engine.execute(f"create table {engine.relation('mart')} as select 1::bigint as id")
    (tmp_path / "file").write_text("")
    with pytest.raises(EngineError, match=r"cannot be exported to .*Not a directory"):
        engine.export("mart", fields(id="long"), tmp_path / "file" / "out")


@pytest.mark.slow
def test_a_killed_landing_leaves_nothing_and_the_next_ones_land_once(chosen: Settings) -> None:
    assert landing_process.run(chosen, "die") == -signal.SIGKILL
    with engine_for(chosen, "orders") as engine:
        assert engine.ledger("lines") == ()
    assert [landing_process.run(chosen, "live") for _ in range(2)] == [0, 0]
    with engine_for(chosen, "orders") as engine:
        table = engine.relation("landing__lines")
        assert engine.execute(f"select count(*), count(distinct basket_id) from {table}") == [(200_000, 200_000)]
        assert [entry.rows for entry in engine.ledger("lines")] == [200_000]
