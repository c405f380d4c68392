"""What does it cost to audit a product: 10 million rows, 8 columns, 12 checks.

The anchor is the least that anybody who reads the data must pay: decoding the same columns. The
rivals answer the same checks with the same verdicts; what differs is said beside the table.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from bench.measure import Result, Row, Sample, paired, process, timed
from mesh_orchestration.audit import ParquetData, audit, plan
from mesh_orchestration.expectations.check import Check, CheckResult

ROWS = 10_000_000
SMALL = 100_000
NOW = datetime(2026, 1, 1, 6, tzinfo=UTC)
EMAIL = r"^[^@\s]+@[^@\s]+\.[a-z]{2,}$"
STATUSES = ["placed", "paid", "shipped", "delivered", "returned"]
RIVALS = Path(__file__).with_name("audit_rivals.py")
SODA = "soda-duckdb==4.28.0"
ORDERS = """
    select
        (hash(i) >> 2)::bigint as order_id,
        (hash(i * 7 + 1) % 500000)::bigint as customer_id,
        case when i % 500 <> 0 then
            substr(md5(i::varchar), 1, (5 + hash(i * 11) % 21)::int)
            || '@' || (['example', 'shop', 'mail', 'contoso', 'northwind'])[(1 + hash(i * 13) % 5)::int]
            || (['.com', '.org', '.co.uk', '.net'])[(1 + hash(i * 17) % 4)::int]
        end as email,
        (['placed', 'paid', 'shipped', 'delivered', 'returned'])[(1 + hash(i * 19) % 5)::int] as status,
        (['DE', 'FR', 'GB', 'US', 'NL', 'ES', 'IT', 'PL', 'SE', 'CZ'])[(1 + hash(i * 23) % 10)::int] as country,
        round((hash(i * 29) % 100000) / 100.0 + 0.01, 2)::double as amount,
        (1 + hash(i * 31) % 20)::int as quantity,
        timestamptz '2026-01-01' + to_microseconds((i * 1000 + hash(i * 37) % 1000000)::bigint) as event_ts
    from range({rows}) t(i)
"""
DECODE = """
    select count(*), sum(order_id), sum(customer_id), sum(strlen(email)), sum(strlen(status)), sum(strlen(country)),
           sum(amount), sum(quantity), max(event_ts)
    from read_parquet('{path}')
"""


def check(name: str, expectation: str, **kwargs: Any) -> Check:
    return Check(name, f"expect_{expectation}", kwargs)


CHECKS = (
    check("order_present", "column_values_to_not_be_null", column="order_id"),
    check("customer_present", "column_values_to_not_be_null", column="customer_id"),
    check("event_present", "column_values_to_not_be_null", column="event_ts"),
    check("email_present", "column_values_to_not_be_null", column="email", mostly=0.99),
    check("order_unique", "column_values_to_be_unique", column="order_id"),
    check("email_format", "column_values_to_match_regex", column="email", regex=EMAIL),
    check("status_known", "column_values_to_be_in_set", column="status", value_set=STATUSES),
    check("country_length", "column_value_lengths_to_be_between", column="country", min_value=2, max_value=2),
    check("amount_range", "column_values_to_be_between", column="amount", min_value=0, max_value=1100),
    check("quantity_range", "column_values_to_be_between", column="quantity", min_value=1, max_value=20),
    check("row_count", "table_row_count_to_be_between", min_value=1000),
    check("freshness", "column_max_to_be_between", column="event_ts", min_value="now - 6h"),
)
BROKEN = (
    *(one for one in CHECKS if one.name not in {"email_format", "status_known", "amount_range", "freshness"}),
    check("email_format", "column_values_to_match_regex", column="email", regex=r"\.com$"),
    check("status_known", "column_values_to_be_in_set", column="status", value_set=STATUSES[:4]),
    check("amount_range", "column_values_to_be_between", column="amount", min_value=0, max_value=900),
    check("freshness", "column_max_to_be_between", column="event_ts", min_value="now"),
)
TRUTH = """
    select count(*) filter (where email is null), count(*) filter (where email not like '%.com'),
           count(*) filter (where status = 'returned'), count(*) filter (where amount > 900)
    from read_parquet('{path}')
"""


def run() -> tuple[Result, ...]:
    """The audit of ten million rows against decoding and against others, and of a small product, warm."""
    with tempfile.TemporaryDirectory(prefix="mesh-bench-audit-") as place:
        large, small = Path(place, "large"), Path(place, "small")
        _write(large, ROWS)
        _write(small, SMALL)
        for folder in (large, small):
            _same_results(folder)
        return _large(large), _small(small)


def _large(folder: Path) -> Result:
    decode, ours = paired(lambda: timed(_decoding(folder)), lambda: timed(_auditing(folder)), pairs=7)
    _, broken = paired(lambda: timed(_auditing(folder)), lambda: timed(_auditing(folder, BROKEN)), pairs=3)
    peak = max(process([sys.executable, "-m", "bench.audit", str(folder)]).peak for _ in range(3))
    rows = [
        _labelled(decode, "decode the 8 columns (DuckDB)"),
        _labelled(ours, "mesh audit, 12 checks", peak=peak),
        _labelled(broken, "mesh audit, 4 of them failing, with samples (ratio to passing)"),
    ]
    notes = [f"Ways: {_ways(folder)}.", "Peak memory is that of a process of its own, imports included."]
    reached = {}
    for name, label, runs in (
        ("soda", "soda 4 on a DuckDB table", 3),
        ("dbt", "dbt test on a DuckDB table, warm", 2),
        ("gx", "Great Expectations on pandas, frame in memory", 1),
    ):
        row, note = _rival(name, folder, runs, ours)
        notes += [note] if note else []
        if row:
            rows.append(_labelled(row, label))
            reached[name] = row.cpu_ratio
    aims = [("CPU of the audit / CPU of decoding", 2.5, ours.cpu_ratio)]
    aims += [(f"CPU of the audit / CPU of {name}", aim, 1 / reached[name]) for name, aim in _AIMS if name in reached]
    aims.append(("peak memory, MiB", 600.0, peak))
    question = (
        f"{ROWS:,} rows, 8 columns, 12 checks, in Parquet as the engines write it; rivals' ratios are to our audit."
    )
    return Result("Audit of 10 M rows", question, tuple(rows), tuple(aims), tuple(notes))


_AIMS = (("soda", 1 / 1.7), ("gx", 0.1))


def _small(folder: Path) -> Result:
    decode, ours = paired(lambda: timed(_decoding(folder)), lambda: timed(_auditing(folder)), pairs=15)
    rows = (_labelled(decode, "decode the 8 columns (DuckDB)"), _labelled(ours, "mesh audit, 12 checks"))
    aims = (("wall, milliseconds", 25.0, ours.wall * 1000),)
    return Result("Audit of 100 k rows, warm", f"{SMALL:,} rows, the same checks, in a warm process.", rows, aims)


def _write(folder: Path, rows: int) -> None:
    """The orders as Parquet, and as the DuckDB table that rivals scan."""
    folder.mkdir()
    with duckdb.connect(str(folder / "orders.duckdb"), config={"memory_limit": "1GB"}) as database:
        database.execute("set TimeZone = 'UTC'")
        path = folder / "orders.parquet"
        database.execute(f"copy ({ORDERS.format(rows=rows)}) to '{path}' (format parquet, compression zstd)")
        database.execute(f"create table orders as from read_parquet('{path}')")


def _decoding(folder: Path) -> Callable[[], Any]:
    query = DECODE.format(path=folder / "orders.parquet")
    database = duckdb.connect(":memory:")
    return lambda: database.execute(query).fetchall()


def _auditing(folder: Path, checks: Sequence[Check] = CHECKS) -> Callable[[], tuple[CheckResult, ...]]:
    return lambda: audit(checks, ParquetData((folder / "orders.parquet",)), now=NOW)


def _same_results(folder: Path) -> None:
    """Every count of the audit is the one that plain SQL finds."""
    path = folder / "orders.parquet"
    with duckdb.connect(":memory:") as database:
        [counts] = database.execute(TRUTH.format(path=path)).fetchall()
    results = {result.check.name: result for result in _auditing(folder)()}
    broken = {result.check.name: result for result in _auditing(folder, BROKEN)()}
    assert all(result.success for result in results.values()), [r for r in results.values() if not r.success]
    assert results["email_present"].unexpected_count == counts[0]
    found = [broken[name].unexpected_count for name in ("email_format", "status_known", "amount_range")]
    assert found == list(counts[1:]), (found, counts)
    assert all(len(broken[name].sample) == 20 for name in ("email_format", "status_known", "amount_range"))


def _ways(folder: Path) -> str:
    ways = list(plan(CHECKS, ParquetData((folder / "orders.parquet",)), now=NOW).ways().values())
    return ", ".join(f"{ways.count(way)} {way}" for way in dict.fromkeys(ways))


def _rival(name: str, folder: Path, runs: int, ours: Row) -> tuple[Row | None, str]:
    """The rival's medians and its ratio to our audit, or why there is none."""
    python = _soda_python(folder) if name == "soda" else sys.executable
    if not python:
        return None, f"soda was not compared: {SODA} could not be installed."
    samples = []
    for _ in range(runs):
        found = _child([python, str(RIVALS), name, str(folder)])
        assert found["passed"] == len(CHECKS), f"{name} passed {found['passed']} of {len(CHECKS)} checks"
        samples.append(Sample(found["wall"], found["cpu"], found["peak"]))
    middle = sorted(samples, key=lambda sample: sample.cpu)[len(samples) // 2]
    peak = max(sample.peak for sample in samples)
    return Row(name, middle.wall, middle.cpu, peak, middle.wall / ours.wall, middle.cpu / ours.cpu, runs), ""


def _child(argv: list[str]) -> dict[str, float]:
    """What a rival's process printed, and its peak memory in MiB."""
    environment = os.environ | {"SODA_CORE_TELEMETRY_ENABLED": "false", "DO_NOT_TRACK": "1"}
    child = subprocess.Popen(argv, env=environment, stdout=subprocess.PIPE, text=True)
    assert child.stdout
    printed = child.stdout.read()
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise subprocess.CalledProcessError(child.returncode, argv)
    found: dict[str, float] = json.loads(printed.strip().splitlines()[-1])
    return found | {"peak": usage.ru_maxrss / 1024}


def _soda_python(folder: Path) -> str:
    """The interpreter of an environment with soda alone; empty when it cannot be installed."""
    home = folder / "soda"
    python = home / "bin" / "python"
    try:
        subprocess.run([sys.executable, "-m", "venv", str(home)], check=True, capture_output=True)
        install = [str(python), "-m", "pip", "install", "--quiet", SODA, f"duckdb=={duckdb.__version__}"]
        subprocess.run(install, check=True, capture_output=True)
    except (subprocess.CalledProcessError, OSError):
        return ""
    return str(python)


def _labelled(row: Row, label: str, peak: float = 0.0) -> Row:
    return Row(label, row.wall, row.cpu, peak or row.peak, row.wall_ratio, row.cpu_ratio, row.runs)


if __name__ == "__main__":
    assert all(result.success for result in _auditing(Path(sys.argv[1]))())
