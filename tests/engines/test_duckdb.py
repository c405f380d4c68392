from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mesh_orchestration.engines import Engine, engine_for
from mesh_orchestration.engines.columns import Column, arrow_type
from mesh_orchestration.errors import EngineError
from mesh_orchestration.settings import Settings
from tests.engines.landing import COLUMNS, EVERY_SQL, EVERY_TYPE, NOON, batch, fields, parquet


@pytest.fixture
def engine(settings: Settings) -> Iterator[Engine]:
    with engine_for(settings, "orders") as opened:
        yield opened


def landed(engine: Engine) -> list[tuple[object, ...]]:
    return engine.execute(
        f"select basket_id, product, _batch from {engine.relation('landing__lines')} order by 1, 2, 3"
    )


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
    with pytest.raises(
        EngineError, match=r"landing__lines\.basket_id is BIGINT but the input port now declares string"
    ):
        engine.prepare("lines", (Column.parse("basket_id", "string"),))


def test_referenced_files_are_read_in_place(engine: Engine, tmp_path: Path) -> None:
    files = parquet(tmp_path / "1.parquet", [(1, "a"), (2, "b")])
    result = engine.land("lines", COLUMNS, batch("42", snapshot_id=42), files, mode="reference")
    assert result.rows == 2
    assert landed(engine) == [(1, "a", "42"), (2, "b", "42")]
    assert engine.execute("select count(*) from duckdb_views() where view_name = 'landing__lines'") == [(1,)]


def test_a_reference_takes_the_place_of_a_table_and_back(engine: Engine, tmp_path: Path) -> None:
    engine.land("lines", COLUMNS, batch("41"), parquet(tmp_path / "1", [(1, "a")]), mode="replace")
    engine.land("lines", COLUMNS, batch("42"), parquet(tmp_path / "2", [(2, "b")]), mode="reference")
    assert landed(engine) == [(2, "b", "42")]
    engine.land("lines", COLUMNS, batch("43"), parquet(tmp_path / "3", [(3, "c")]), mode="replace")
    assert landed(engine) == [(3, "c", "43")]


def test_a_column_that_referenced_files_do_not_have_yet_is_null(engine: Engine, tmp_path: Path) -> None:
    columns = (*COLUMNS, Column.parse("price", "decimal(12,2)"))
    engine.land("lines", columns, batch("42"), parquet(tmp_path / "1", [(1, "a")]), mode="reference")
    assert engine.execute(f"select price from {engine.relation('landing__lines')}") == [(None,)]


def test_a_reference_whose_files_are_gone_says_so_and_is_renewed(engine: Engine, tmp_path: Path) -> None:
    files = parquet(tmp_path / "1.parquet", [(1, "a")])
    engine.land("lines", COLUMNS, batch("42"), files, mode="reference")
    files.paths[0].unlink()
    with pytest.raises(EngineError, match=r"landing__lines \(holding 42\) cannot be read any more.*materialise"):
        engine.check_landing("lines")
    renewed = engine.land("lines", COLUMNS, batch("42"), parquet(tmp_path / "2.parquet", [(1, "a")]), mode="reference")
    assert renewed.changed
    engine.check_landing("lines")


def test_a_file_name_with_wildcards_means_itself(engine: Engine, tmp_path: Path) -> None:
    parquet(tmp_path / "a1.parquet", [(9, "wrong")])
    engine.land("lines", COLUMNS, batch(), parquet(tmp_path / "a[1]*.parquet", [(1, "a")]))
    assert landed(engine) == [(1, "a", "day-1")]


def test_a_killed_landing_leaves_nothing_and_the_next_one_lands_once(settings: Settings, tmp_path: Path) -> None:
    script = tmp_path / "land.py"
    script.write_text(
        "import os, signal, sys\n"
        "from pathlib import Path\n"
        "import pyarrow as pa\n"
        "from mesh_orchestration.engines import engine_for\n"
        "from mesh_orchestration.settings import Settings\n"
        "from tests.engines.landing import COLUMNS, batch\n"
        "schema = pa.schema({'basket_id': pa.int64(), 'product': pa.string()})\n"
        "def rows():\n"
        "    for step in range(20):\n"
        "        if step == 10 and sys.argv[2] == 'die':\n"
        "            os.kill(os.getpid(), signal.SIGKILL)\n"
        "        yield pa.record_batch([range(step * 10000, (step + 1) * 10000), ['x'] * 10000], schema=schema)\n"
        "root = Path(sys.argv[1])\n"
        "with engine_for(Settings(root=root, home=root / '.mesh'), 'orders') as engine:\n"
        "    engine.land('lines', COLUMNS, batch(), pa.RecordBatchReader.from_batches(schema, rows()))\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    command = [sys.executable, str(script), str(tmp_path)]
    killed = subprocess.run([*command, "die"], env=environment, check=False)
    assert killed.returncode == -signal.SIGKILL
    with engine_for(settings, "orders") as engine:
        assert engine.ledger("lines") == ()
    for _ in range(2):
        subprocess.run([*command, "live"], env=environment, check=True)
    with engine_for(settings, "orders") as engine:
        assert engine.execute(f"select count(*) from {engine.relation('landing__lines')}") == [(200_000,)]
        assert [entry.rows for entry in engine.ledger("lines")] == [200_000]


def test_a_file_held_by_another_process_names_it(settings: Settings, tmp_path: Path) -> None:
    with engine_for(settings, "orders"):
        pass
    hurried = Settings(root=settings.root, home=settings.home, environ={"MESH_LOCK_TIMEOUT": "0"})
    holder = subprocess.Popen(
        [sys.executable, "-c", "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print('up', flush=True); input()",
         str(settings.duckdb_dir / "orders.duckdb")],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"up\n"
        with pytest.raises(EngineError, match=rf"held by process {holder.pid} .*one writing process a file"):
            engine_for(hurried, "orders").__enter__()
    finally:
        holder.communicate(b"\n")
    with engine_for(hurried, "orders"):
        pass


def test_a_damaged_engine_file_is_named(settings: Settings) -> None:
    settings.duckdb_dir.mkdir(parents=True)
    (settings.duckdb_dir / "orders.duckdb").write_bytes(b"not a database" * 1000)
    with pytest.raises(EngineError, match=r"orders\.duckdb: the DuckDB file cannot be opened"):
        engine_for(settings, "orders").__enter__()


def test_sessions_are_utc_and_bounded(engine: Engine) -> None:
    rows = engine.execute("select current_setting('TimeZone'), current_setting('threads')")
    assert rows == [("UTC", 2)]
    assert engine.execute("select current_setting('memory_limit')") == [("953.6 MiB",)]


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
    engine.execute(
        f"create table {engine.relation('mart')} as select 1::integer as id, 'x' as basket_idd, 2.5 as price"
    )
    with pytest.raises(EngineError) as raised:
        engine.export("mart", fields(id="long", basket_id="string", price="decimal(12,2)"), tmp_path / "out")
    assert str(raised.value) == (
        "orders.mart drifted from its contract:\n"
        "  - id: found INTEGER, expected long (BIGINT); cast it in the model: cast(id as BIGINT)\n"
        "  - basket_id: missing, expected string (VARCHAR); did you mean 'basket_idd'?\n"
        "  - price: found DECIMAL(2,1), expected decimal(12,2) (DECIMAL(12,2)); "
        "cast it in the model: cast(price as DECIMAL(12,2))"
    )
    assert not (tmp_path / "out").exists()


def test_a_missing_mart_is_named_with_the_nearest_one(engine: Engine, tmp_path: Path) -> None:
    engine.execute(f"create table {engine.relation('order_lines')} as select 1 as id")
    with pytest.raises(EngineError, match=r"schema orders has no model order_line; did you mean 'order_lines'\?"):
        engine.export("order_line", fields(id="integer"), tmp_path)


def test_a_full_disk_is_an_engine_error(engine: Engine, tmp_path: Path) -> None:
    engine.execute(f"create table {engine.relation('mart')} as select 1::bigint as id")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "part-00000.parquet").symlink_to("/dev/full")
    with pytest.raises(EngineError, match="could not export mart|No space left"):
        engine.export("mart", fields(id="long"), tmp_path / "out")


def test_a_closed_engine_says_how_to_open_it(settings: Settings) -> None:
    with pytest.raises(EngineError, match="is not open"):
        engine_for(settings, "orders").execute("select 1")


def test_two_engines_of_one_process_share_the_file(engine: Engine, settings: Settings) -> None:
    with engine_for(settings, "orders") as other:
        assert other.execute("select 1") == [(1,)]
    assert engine.execute("select 1") == [(1,)]
