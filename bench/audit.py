"""What the audit of a contract costs: 12 checks on 10 M rows × 8 columns, against decoding them and against the peers.

``python -m bench audit`` runs all; ``python -m bench.audit ours|dbt|gx PATH`` is one whole process of it. Every
peer is given the same rows and the same 12 checks; soda-core and dbt read a native DuckDB table, the cheaper place.
"""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
import venv
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from bench.measure import Result, Row, Sample, paired, process, timed
from mesh_orchestration.audit import ParquetData, audit
from mesh_orchestration.expectations.check import Check, CheckResult

STORE = Path(__file__).resolve().parent.parent / ".mesh" / "bench"
NOW = datetime(2026, 1, 1, tzinfo=UTC)
EMAIL = r"^[^@\s]+@[^@\s]+\.[a-z]{2,}$"
STATES = ["placed", "paid", "packed", "shipped", "delivered", "returned"]
SODA = "soda-duckdb==4.28.0"
ROWS = """
select
    (hash(i) >> 2)::bigint as order_id,
    case when i % 200 = 0 then null else (hash(i + 7) % 2000000)::integer end as customer_id,
    'user' || (hash(i + 1) % 100000000)::varchar || '@mail' || (i % 97)::varchar || '.example.com' as email,
    ['placed', 'paid', 'packed', 'shipped', 'delivered', 'returned'][1 + (hash(i + 2) % 6)::integer] as status,
    (hash(i + 3) % 100000) / 100.0 as amount,
    (1 + hash(i + 4) % 20)::integer as quantity,
    ['USD', 'EUR', 'GBP'][1 + (i % 3)::integer] as currency,
    timestamptz '2025-12-31 23:00:00+00' - to_seconds((hash(i + 5) % 2592000)::bigint) as event_ts,
from range({rows}) t(i)
"""
DECODE = (
    "select sum(order_id), sum(customer_id), sum(strlen(email)), sum(strlen(status)), sum(amount), sum(quantity), "
    "sum(strlen(currency)), max(event_ts) from read_parquet('{path}')"
)
KWARGS: tuple[tuple[str, dict[str, object]], ...] = (
    ("expect_column_values_to_not_be_null", {"column": "order_id"}),
    ("expect_column_values_to_not_be_null", {"column": "email"}),
    ("expect_column_values_to_not_be_null", {"column": "event_ts"}),
    ("expect_column_values_to_not_be_null", {"column": "customer_id", "mostly": 0.99}),
    ("expect_column_values_to_be_unique", {"column": "order_id"}),
    ("expect_column_values_to_be_between", {"column": "amount", "min_value": 0, "max_value": 10000}),
    ("expect_column_values_to_be_between", {"column": "quantity", "min_value": 1, "max_value": 99}),
    ("expect_column_values_to_be_in_set", {"column": "status", "value_set": STATES}),
    ("expect_column_values_to_match_regex", {"column": "email", "regex": EMAIL}),
    ("expect_column_value_lengths_to_be_between", {"column": "currency", "min_value": 3, "max_value": 3}),
    ("expect_table_row_count_to_be_between", {"min_value": 1}),
    ("expect_column_max_to_be_between", {"column": "event_ts", "min_value": "2025-12-30T00:00:00+00:00"}),
)
CHECKS = tuple(Check(f"c{place}", name, kwargs) for place, (name, kwargs) in enumerate(KWARGS))


def run() -> tuple[Result, ...]:
    """Decode and audit in turn in one process; then whole processes against the peers; then a small product, warm."""
    large, small = _data(10_000_000), _data(100_000)
    assert [one.success for one in _audit(large)] == [True] * len(CHECKS)
    anchor, ours = paired(lambda: timed(_decode(large)), lambda: timed(lambda: _audit(large)), pairs=5)
    rows = [
        Row("decoding the 8 columns (DuckDB)", anchor.wall, anchor.cpu, runs=anchor.runs),
        Row("12 checks", ours.wall, ours.cpu, 0.0, ours.wall_ratio, ours.cpu_ratio, ours.runs),
    ]
    whole, reached = _peers(large)
    warm = _warm(small)
    ways = ", ".join(f"{one.check.expectation.removeprefix('expect_')}: {one.how}" for one in _audit(large))
    alone, validated = paired(lambda: timed(lambda: _audit(large)), _gx_validation(large), pairs=2)
    share = ("CPU as a share of Great Expectations' validation alone", 0.1, 1 / validated.cpu_ratio)
    aims = (
        ("CPU against decoding", 2.5, ours.cpu_ratio),
        *reached,
        share,
        ("100,000 rows, warm, ms", 25.0, warm * 1000),
    )
    return (
        Result(
            "Audit",
            "12 checks of a contract on 10,000,000 rows × 8 columns in Parquet. First in one process against decoding "
            "the same columns, then whole processes, imports included, against the peers.",
            (*rows, *whole, *_named(alone, validated), Row("12 checks on 100,000 rows, warm", warm, 0.0, runs=30)),
            aims,
            (f"Ways: {ways}.", "A ratio in the rows of the peers is theirs against ours."),
        ),
    )


def _data(rows: int) -> Path:
    import duckdb

    path = STORE / f"audit_{rows}.parquet"
    if not path.exists():
        STORE.mkdir(parents=True, exist_ok=True)
        with duckdb.connect(config={"memory_limit": "1GB"}) as connection:
            draft = path.with_suffix(".draft")
            connection.execute("set timezone = 'UTC'")
            connection.execute(f"copy ({ROWS.format(rows=rows)}) to '{draft}' (format parquet, compression zstd)")
            draft.rename(path)
    return path


def _audit(path: Path) -> tuple[CheckResult, ...]:
    return audit(CHECKS, ParquetData((path,)), now=NOW)


def _decode(path: Path) -> Callable[[], object]:
    import duckdb

    connection = duckdb.connect(config={"memory_limit": "1GB"})
    return lambda: connection.execute(DECODE.format(path=path)).fetchall()


def _warm(path: Path) -> float:
    for _ in range(5):
        _audit(path)
    return median(timed(lambda: _audit(path)).wall for _ in range(30))


def _peers(path: Path) -> tuple[list[Row], list[tuple[str, float, float]]]:
    """Whole processes; the aims are ours as a share of theirs."""
    table = _native(path)
    soda = _soda(table)
    env = dict(os.environ, SODA_CORE_TELEMETRY_ENABLED="false", DBT_SEND_ANONYMOUS_USAGE_STATS="false")

    def command(name: str, data: Path) -> Callable[[], Sample]:
        return lambda: process([sys.executable, "-m", "bench.audit", name, str(data)], env=env)

    peers: dict[str, tuple[Callable[[], Sample], int]] = {
        "soda-core": (lambda: process(soda, env=env), 5),
        "dbt test": (command("dbt", table), 2),
        "Great Expectations on pandas": (command("gx", path), 1),
    }
    rows: list[Row] = []
    reached = []
    for name, (theirs, pairs) in peers.items():
        ours, other = paired(command("ours", path), theirs, pairs=pairs) if pairs > 1 else _once(path, command, theirs)
        if not rows:
            rows.append(Row("12 checks, whole process", ours.wall, ours.cpu, ours.peak, runs=ours.runs))
        rows.append(Row(name, other.wall, other.cpu, other.peak, other.wall_ratio, other.cpu_ratio, other.runs))
        if name in AIMS:
            reached.append((f"CPU as a share of {name}", AIMS[name], 1 / other.cpu_ratio))
    return rows, reached


AIMS = {"soda-core": 1 / 1.7}


def _named(ours: Row, theirs: Row) -> tuple[Row, Row]:
    return (
        replace(ours, label="12 checks, in one process with the next"),
        replace(theirs, label="Great Expectations' validation alone, the frame in memory"),
    )


def _once(
    path: Path, command: Callable[[str, Path], Callable[[], Sample]], theirs: Callable[[], Sample]
) -> tuple[Row, Row]:
    ours, other = command("ours", path)(), theirs()
    return (
        Row("ours", ours.wall, ours.cpu, ours.peak),
        Row("theirs", other.wall, other.cpu, other.peak, other.wall / ours.wall, other.cpu / ours.cpu),
    )


def _native(path: Path) -> Path:
    """The same rows as a native DuckDB table."""
    import duckdb

    file = path.with_suffix(".duckdb")
    if not file.exists():
        with duckdb.connect(str(file), config={"memory_limit": "1GB"}) as connection:
            connection.execute(f"create table orders as select * from read_parquet('{path}')")
    return file


def _soda(table: Path) -> list[str]:
    """The command line of soda-core, in an environment of its own."""
    home = STORE / "soda"
    if not (home / "bin" / "soda").exists():
        venv.create(home, with_pip=True)
        subprocess.run([home / "bin" / "python", "-m", "pip", "install", "-q", SODA], check=True)
    source, contract = STORE / "soda_source.yml", STORE / "soda_contract.yml"
    source.write_text(f"type: duckdb\nname: bench\nconnection: {{database: {table}, read_only: true}}\n")
    contract.write_text(SODA_CONTRACT.format(states=STATES, email=EMAIL.replace("\\", "\\\\"), database=table.stem))
    return [str(home / "bin" / "soda"), "contract", "verify", "-ds", str(source), "-c", str(contract)]


SODA_CONTRACT = """dataset: bench/{database}/main/orders
checks:
  - row_count: {{threshold: {{must_be_greater_than: 0}}}}
  - freshness: {{column: event_ts, threshold: {{unit: day, must_be_less_than: 36500}}}}
columns:
  - {{name: order_id, checks: [{{missing: }}, {{duplicate: }}]}}
  - {{name: email, checks: [{{missing: }}, {{invalid: {{valid_format: {{name: email, regex: "{email}"}}}}}}]}}
  - {{name: event_ts, checks: [{{missing: }}]}}
  - {{name: customer_id, checks: [{{missing: {{threshold: {{metric: percent, must_be_less_than: 1}}}}}}]}}
  - {{name: amount, checks: [{{invalid: {{valid_min: 0, valid_max: 10000}}}}]}}
  - {{name: quantity, checks: [{{invalid: {{valid_min: 1, valid_max: 99}}}}]}}
  - {{name: status, checks: [{{invalid: {{valid_values: {states}}}}}]}}
  - {{name: currency, checks: [{{invalid: {{valid_min_length: 3, valid_max_length: 3}}}}]}}
"""
DBT_TESTS = {
    "order_id_is_unique": "select order_id from main.orders group by 1 having count(*) > 1",
    "order_id_is_there": "select 1 from main.orders where order_id is null",
    "email_is_there": "select 1 from main.orders where email is null",
    "event_ts_is_there": "select 1 from main.orders where event_ts is null",
    "customer_is_mostly_there": "select 1 from main.orders having count(customer_id) < 0.99 * count(*)",
    "amount_is_between": "select 1 from main.orders where amount not between 0 and 10000",
    "quantity_is_between": "select 1 from main.orders where quantity not between 1 and 99",
    "status_is_known": f"select 1 from main.orders where status not in ({', '.join(map(repr, STATES))})",
    "email_is_one": f"select 1 from main.orders where not regexp_matches(email, '{EMAIL}')",
    "currency_has_three_letters": "select 1 from main.orders where length(currency) <> 3",
    "rows_are_there": "select 1 from main.orders having count(*) < 1",
    "rows_are_fresh": "select 1 from main.orders having max(event_ts) < timestamptz '2025-12-30 00:00:00+00'",
}


def _dbt(table: Path) -> None:
    from dbt.cli.main import dbtRunner

    project = STORE / "dbt"
    (project / "tests").mkdir(parents=True, exist_ok=True)
    (project / "dbt_project.yml").write_text("name: bench\nversion: 1.0.0\nprofile: bench\n")
    target = f"{{type: duckdb, path: '{table}', threads: 2}}"
    (project / "profiles.yml").write_text(f"bench: {{target: dev, outputs: {{dev: {target}}}}}\n")
    for name, sql in DBT_TESTS.items():
        (project / "tests" / f"{name}.sql").write_text(sql)
    words = ["--quiet", "test", "--project-dir", str(project), "--profiles-dir", str(project)]
    assert dbtRunner().invoke(words).success


def _gx(path: Path) -> None:
    _gx_validation(path)()


def _gx_validation(path: Path) -> Callable[[], Sample]:
    """A call that validates; imports and loading the frame are done before."""
    import great_expectations as gx
    import pandas as pd

    context = gx.get_context(mode="ephemeral")
    batch = (
        context.data_sources.add_pandas("bench")
        .add_dataframe_asset("orders")
        .add_batch_definition_whole_dataframe("all")
    )
    suite = gx.ExpectationSuite("bench")
    for name, kwargs in KWARGS:
        given = {key: datetime.fromisoformat(str(value)) if key == "min_value" and isinstance(value, str) else value
                 for key, value in kwargs.items()}  # fmt: skip
        suite.add_expectation(getattr(gx.expectations, "".join(word.title() for word in name.split("_")))(**given))
    frame = batch.get_batch({"dataframe": pd.read_parquet(path)})

    def validate() -> None:
        found = frame.validate(suite, result_format="BASIC")
        assert found.success, textwrap.shorten(str(found), 2000)

    return lambda: timed(validate)


if __name__ == "__main__":
    kind, place = sys.argv[1], Path(sys.argv[2])
    if kind == "ours":
        assert all(one.success for one in _audit(place))
    else:
        {"dbt": _dbt, "gx": _gx}[kind](place)
