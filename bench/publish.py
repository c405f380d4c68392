"""Write, audit, publish 10 million rows, against DuckDB's ``COPY … TO`` of the same rows.

Every run is a process of its own: ``python -m bench.publish MODE FOLDER``. All read the same table of the
domain's DuckDB file and write zstd Parquet.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

import duckdb

from bench.measure import Result, Row, Sample, paired, process, timed
from mesh_orchestration.contract.model import DataProduct
from mesh_orchestration.settings import Settings

ROWS = int(os.environ.get("BENCH_ROWS", 10_000_000))
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
COMMITS = 310
_NOT_NULL, _BETWEEN = "expect_column_values_to_not_be_null", "expect_column_values_to_be_between"
CONTRACT = {
    "apiVersion": "datamesh.io/v1",
    "kind": "DataProduct",
    "metadata": {"name": "events", "domain": "bench", "version": "1.0.0", "description": "One row per order."},
    "spec": {
        "owner": "team:bench",
        "schema": {
            "fields": [
                {"name": "order_id", "type": "long", "constraints": {"primary_key": True}},
                {"name": "email", "type": "string", "constraints": {"pattern": r"^[^@\s]+@[^@\s]+\.[a-z]{2,}$"}},
                {"name": "status", "type": "string", "constraints": {"enum": ["new", "paid", "sent", "back"]}},
                {"name": "country", "type": "string", "constraints": {"min_length": 2, "max_length": 2}},
                {"name": "quantity", "type": "integer", "constraints": {"min": 1, "max": 50}},
                {"name": "amount", "type": "decimal(12,2)", "constraints": {"null": False}},
                {"name": "event_ts", "type": "timestamp", "constraints": {"timezone": "UTC", "null": False}},
                {"name": "note", "type": "string"},
            ]
        },
        "quality": {
            "checks": [
                {"assertion": "expect_table_row_count_to_be_between", "value": {"min_value": 1}},
                {"assertion": _NOT_NULL, "column": "note", "threshold": 0.5},
                {"assertion": _BETWEEN, "column": "amount", "value": {"min_value": 0}},
            ]
        },
    },
}
_ORDERS = """
    select (hash(i) >> 2)::bigint as order_id,
           'customer' || (hash(i * 7) % 900000000 + 100000000) || '@example.org' as email,
           (['new', 'paid', 'sent', 'back'])[1 + (hash(i * 3) % 4)::int] as status,
           (['de', 'fr', 'it', 'es', 'pl', 'nl'])[1 + (hash(i * 5) % 6)::int] as country,
           (1 + hash(i * 11) % 50)::integer as quantity,
           ((hash(i * 13) % 10000000) / 100.0)::decimal(12, 2) as amount,
           timestamptz '2026-11-20 00:00:00+00' + to_milliseconds(i * 4) as event_ts,
           case when hash(i * 17) % 4 > 0 then 'note ' || (hash(i * 19) % 1000) end as note
    from range($rows) as numbers(i)
"""


def run() -> tuple[Result, ...]:
    """Cost of a publication in time and memory, and how commits get dearer with history."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        _build(_settings(root))
        anchor, ours, bare = _in_turn([_mode(mode, root) for mode in ("copy", "publish", "publish_unaudited")])
        [append] = _in_turn([_mode("append", root)], rounds=2)
        warm_anchor, warm = paired(lambda: timed(lambda: copy(root)), lambda: timed(lambda: publish(root)))
        plain, read = _reading(root)
        tenth, late = _commits(root / "commits")
    rows = (
        replace(anchor, label="DuckDB `COPY … TO` (zstd)"),
        replace(ours, label="write, audit, publish"),
        replace(bare, label="write and publish, no checks"),
        replace(append, label="pyiceberg append"),
        replace(warm_anchor, label="COPY in a warm process"),
        replace(warm, label="write, audit, publish in a warm process"),
    )
    return (
        Result(
            "Publication",
            f"{ROWS:,} rows × 8 columns, a contract of {_checks()} checks: the engine's export, the audit branch, the "
            "audit, the stamp and the move of main, against a COPY of the same rows. Whole processes; a run "
            "worker that is up has paid for the imports, so both are also measured in one warm process.",
            rows,
            (
                ("wall against COPY, whole processes", 1.5, ours.wall_ratio),
                ("CPU against COPY, whole processes", 1.5, ours.cpu_ratio),
                ("wall against COPY, warm", 1.5, warm.wall_ratio),
                ("CPU against COPY, warm", 1.5, warm.cpu_ratio),
                ("peak memory against pyiceberg append", 0.6, ours.peak / append.peak),
            ),
        ),
        Result(
            "Reading what is published",
            "An aggregate over three columns of the published snapshot, table loaded and scan planned anew each time, "
            "against the same query over `read_parquet` of the same file; in one warm process.",
            (replace(plain, label="read_parquet"), replace(read, label="published snapshot")),
            (("CPU against read_parquet", 1.05, read.cpu_ratio),),
        ),
        Result(
            "Commits over time",
            f"{COMMITS} publications of 1,000 rows to one table, in one process; history is bounded as settings say by "
            "default. Medians of ten commits around the 10th and the 300th.",
            (Row("commit 10", tenth, 0.0, runs=10), Row("commit 300", late, 0.0, 0.0, late / tenth, runs=10)),
            (("commit 300 against commit 10", 2.0, late / tenth),),
        ),
    )


def _in_turn(calls: Sequence[Callable[[], Sample]], *, rounds: int = 5) -> list[Row]:
    """The rows of several runs made in turn, the first of which is the anchor; one round more warms up."""
    taken = [[call() for call in calls] for _ in range(rounds + 1)][1:]
    columns = list(zip(*taken, strict=True))
    return [_row(columns[0], samples) for samples in columns]


def _row(anchor: Sequence[Sample], samples: Sequence[Sample]) -> Row:
    pairs = list(zip(anchor, samples, strict=True))
    return Row(
        "",
        median(one.wall for one in samples),
        median(one.cpu for one in samples),
        max(one.peak for one in samples),
        0.0 if samples is anchor else median(one.wall / base.wall for base, one in pairs),
        0.0 if samples is anchor else median(one.cpu / base.cpu for base, one in pairs),
        len(samples),
    )


def _mode(mode: str, root: Path) -> Callable[[], Sample]:
    return lambda: process([sys.executable, "-m", "bench.publish", mode, str(root)])


def _settings(root: Path) -> Settings:
    return Settings(
        root=root, home=root / ".mesh", environ={"MESH_FILES_GRACE_MINUTES": "0", "MESH_SNAPSHOTS_KEEP": "2"}
    )


def _product() -> DataProduct:
    return DataProduct.model_validate(CONTRACT)


def _checks() -> int:
    from mesh_orchestration.compile.checks import contract_checks

    return len(contract_checks(_product()))


def _build(settings: Settings) -> None:
    """The mart in the domain's engine."""
    path = settings.duckdb_dir / "bench_engine.duckdb"
    path.parent.mkdir(parents=True)
    with duckdb.connect(str(path)) as connection:
        connection.execute("create schema bench")
        connection.execute(f"create table bench.events as {_ORDERS}", {"rows": ROWS})


def copy(root: Path) -> None:
    """The anchor: what moving the rows costs anyway."""
    target = root / "copy.parquet"
    with duckdb.connect(str(_settings(root).duckdb_dir / "bench_engine.duckdb"), read_only=True) as connection:
        connection.execute(f"copy bench.events to '{target}' (format parquet, compression zstd)")
    target.unlink()


def publish(root: Path, *, audited: bool = True) -> None:
    """A publication as a run does it."""
    from mesh_orchestration.engines.base import engine_for
    from mesh_orchestration.publication import publish as publication
    from mesh_orchestration.publication.request import PublishRequest
    from mesh_orchestration.storage.catalog import open_lake

    settings, product = _settings(root), _product()

    def export(directory: Path) -> tuple[Path, ...]:
        with engine_for(settings, "bench") as engine:
            return engine.export("events", product.fields, directory)

    with open_lake(settings) as lake:
        audit = None if audited else lambda *_: ()
        request = PublishRequest(lake=lake, run_id=f"r{time.time_ns()}", now=NOW, audit=audit)
        done = publication.publish(product, export, request=request)
    assert done.published, done.reasons
    assert done.rows == ROWS
    assert len(done.results) == (_checks() if audited else 0)


def publish_unaudited(root: Path) -> None:
    """The same without a single check."""
    publish(root, audited=False)


def append(root: Path) -> None:
    """The rows through Arrow into pyiceberg's own writer."""
    from mesh_orchestration.compile.iceberg import iceberg_schema
    from mesh_orchestration.storage.catalog import open_lake

    with open_lake(_settings(root)) as lake:
        lake.catalog.create_namespace_if_not_exists("appended")
        table = lake.catalog.create_table(f"appended.t{time.time_ns()}", iceberg_schema(_product()))
        with duckdb.connect(str(_settings(root).duckdb_dir / "bench_engine.duckdb"), read_only=True) as connection:
            connection.execute("set timezone = 'UTC'")
            table.append(connection.sql("select * from bench.events").to_arrow_table())
        assert table.scan().count() == ROWS
        lake.catalog.purge_table(table.name())


def _reading(root: Path) -> tuple[Row, Row]:
    """Reading files, and reading the snapshot that they are."""
    from mesh_orchestration.storage.catalog import open_lake
    from mesh_orchestration.storage.scan import scan
    from mesh_orchestration.storage.snapshots import resolve

    address, query = (
        _product().address,
        "select status, count(*), sum(amount), max(event_ts) from {} group by 1 order by 1",
    )
    with duckdb.connect() as connection, open_lake(_settings(root)) as lake:
        connection.execute("set timezone = 'UTC'")
        files = [str(path) for path in scan(lake, resolve(lake, address)).paths]

        def plain() -> list[tuple[object, ...]]:
            return connection.execute(query.format("read_parquet($files)"), {"files": files}).fetchall()

        def published() -> list[tuple[object, ...]]:
            rows = scan(lake, resolve(lake, address)).sql()
            return connection.execute(query.format(f"({rows})")).fetchall()

        assert plain() == published()
        return paired(lambda: timed(plain), lambda: timed(published), pairs=9)


def _commits(root: Path) -> tuple[float, float]:
    """Seconds of a publication around the 10th and around the 300th of a table, files written included."""
    from mesh_orchestration.publication import publish as publication
    from mesh_orchestration.publication.request import PublishRequest
    from mesh_orchestration.storage.catalog import open_lake

    with duckdb.connect() as connection, open_lake(Settings(root=root, home=root / ".mesh")) as lake:
        connection.execute("set timezone = 'UTC'")
        connection.execute(f"create table events as {_ORDERS}", {"rows": 1000})

        def export(directory: Path) -> tuple[Path, ...]:
            path = directory / "part.parquet"
            connection.execute(f"copy events to '{path}' (format parquet, compression zstd)")
            return (path,)

        taken = []
        for number in range(COMMITS):
            request = PublishRequest(lake=lake, run_id=f"r{number}", now=NOW)
            start = time.perf_counter()
            done = publication.publish(_product(), export, request=request)
            taken.append(time.perf_counter() - start)
            assert done.published, done.reasons
    return median(taken[5:15]), median(taken[295:305])


if __name__ == "__main__":
    {"copy": copy, "publish": publish, "publish_unaudited": publish_unaudited, "append": append}[sys.argv[1]](
        Path(sys.argv[2])
    )
