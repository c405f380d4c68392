from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from mesh_orchestration.engines import Engine, engine_for
from mesh_orchestration.errors import EngineError
from mesh_orchestration.settings import Settings
from tests.engines import landing_process
from tests.engines.landing import COLUMNS, batch, fields, parquet


@pytest.fixture
def engine(settings: Settings) -> Iterator[Engine]:
    with engine_for(settings, "orders") as opened:
        yield opened


def landed(engine: Engine) -> list[tuple[object, ...]]:
    return engine.execute(
        f"select basket_id, product, _batch from {engine.relation('landing__lines')} order by 1, 2, 3"
    )


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


def test_a_file_held_by_another_process_names_it(settings: Settings, tmp_path: Path) -> None:
    with engine_for(settings, "orders"):
        pass
    hurried = Settings(root=settings.root, home=settings.home, environ={"MESH_LOCK_TIMEOUT": "0"})
    holder = subprocess.Popen(
        [sys.executable, "-c", "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print('up', flush=True); input()",
         str(settings.duckdb_dir / "orders_engine.duckdb")],
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


def test_a_view_may_read_a_table_of_the_schema(engine: Engine) -> None:
    table, view = engine.relation("numbers"), engine.relation("doubled")
    engine.execute(f"create table {table} as select 21 as half")
    engine.execute(f"create view {view} as select 2 * half as whole from {table}")
    assert engine.execute(f"select whole from {view}") == [(42,)]


def test_a_damaged_engine_file_is_named(settings: Settings) -> None:
    settings.duckdb_dir.mkdir(parents=True)
    (settings.duckdb_dir / "orders_engine.duckdb").write_bytes(b"not a database" * 1000)
    with pytest.raises(EngineError, match=r"orders_engine\.duckdb: the DuckDB file cannot be opened"):
        engine_for(settings, "orders").__enter__()


def test_sessions_are_utc_and_bounded(engine: Engine) -> None:
    rows = engine.execute("select current_setting('TimeZone'), current_setting('threads')")
    assert rows == [("UTC", 2)]
    assert engine.execute("select current_setting('memory_limit')") == [("953.6 MiB",)]


def test_a_full_disk_is_an_engine_error(engine: Engine, tmp_path: Path) -> None:
    engine.execute(f"create table {engine.relation('mart')} as select 1::bigint as id")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "part-00000.parquet").symlink_to("/dev/full")
    with pytest.raises(EngineError, match="No space left"):
        engine.export("mart", fields(id="long"), tmp_path / "out")


def test_two_engines_of_one_process_share_the_file(engine: Engine, settings: Settings) -> None:
    with engine_for(settings, "orders") as other:
        assert other.execute("select 1") == [(1,)]
    assert engine.execute("select 1") == [(1,)]


@pytest.mark.slow
def test_a_disk_that_fills_up_while_landing_leaves_nothing(settings: Settings) -> None:
    assert landing_process.run(settings, "full") == 3
    assert landing_process.run(settings, "live") == 0
    with engine_for(settings, "orders") as engine:
        assert engine.execute(f"select count(*) from {engine.relation('landing__lines')}") == [(200_000,)]
