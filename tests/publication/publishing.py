"""Publishing in tests: real Parquet, a real lake, and an audit of one question."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import duckdb

from mesh_orchestration.contract.address import Address
from mesh_orchestration.contract.model import DataProduct
from mesh_orchestration.expectations.check import Check, CheckResult
from mesh_orchestration.publication.publish import publish
from mesh_orchestration.publication.request import Export, Publication, PublishRequest
from mesh_orchestration.quoting import literal
from mesh_orchestration.storage.catalog import Lake
from mesh_orchestration.storage.scan import scan
from mesh_orchestration.storage.snapshots import Snapshot, published
from tests.builders import product

NOW = datetime(2026, 11, 20, 6, tzinfo=UTC)
ORDERS = product()
POSITIVE = Check("positive_amount", "expect_column_values_to_be_between", {"column": "amount", "min_value": 0})


def exported(*amounts: float | None, columns: str = "", files: int = 1) -> Export:
    """An export of one order an amount into ``files`` files; ``columns`` is SQL for further columns."""

    def export(directory: Path) -> Sequence[Path]:
        paths = []
        for number in range(files):
            rows = ", ".join(f"({i}, {'null' if a is None else a})" for i, a in list(enumerate(amounts))[number::files])
            source = f"(values {rows}) as rows(i, amount)" if rows else "(select 1 i, 1.0 amount where false)"
            paths.append(directory / f"part-{number}.parquet")
            copy_to(
                paths[-1],
                f"select 'o' || i as order_id, amount::decimal(12,2) as amount, "
                f"timestamptz '2026-11-20 05:00:00+00' as event_ts{columns} from {source}",
            )
        return paths

    return export


@cache
def _database() -> duckdb.DuckDBPyConnection:
    """Opened once, because opening costs more than what is asked; each question takes a cursor of its own."""
    return duckdb.connect(":memory:")


def copy_to(path: Path, query: str) -> None:
    """Write a DuckDB query's rows as zstd Parquet."""
    with _database().cursor() as connection:
        connection.execute("set timezone = 'UTC'")
        connection.execute(f"copy ({query}) to {literal(str(path))} (format parquet, compression zstd)")


def no_negative_amounts(product: DataProduct, paths: Sequence[Path], now: datetime) -> tuple[CheckResult, ...]:
    """One check of severity ``error``: no amount is negative."""
    with _database().cursor() as connection:
        names = [str(path) for path in paths]
        query = "select count(*), count(*) filter (amount < 0), min(amount)::text from read_parquet(?)"
        rows, bad, least = connection.execute(query, [names]).fetchall()[0]
    found = CheckResult(POSITIVE, success=not bad, element_count=rows, unexpected_count=bad, observed_value=least)
    return (found,)


def publish_orders(lake: Lake, *amounts: float | None, run: str, **said: Any) -> Publication:
    """Publish orders with these amounts; ``export``, ``contract`` and the request's fields may be given."""
    export, contract = said.pop("export", exported(*amounts)), said.pop("contract", ORDERS)
    request = PublishRequest(**{"lake": lake, "run_id": run, "now": NOW, "audit": no_negative_amounts} | said)
    return publish(contract, export, request=request)


def amounts_of(lake: Lake, snapshot: Snapshot | None) -> list[float]:
    """The amounts of a snapshot, read as a consumer reads them."""
    assert snapshot is not None
    with _database().cursor() as connection:
        rows = connection.execute(f"select amount from ({scan(lake, snapshot).sql()}) order by 1").fetchall()
    return [float(amount) for (amount,) in rows]


def served(lake: Lake, address: Address = ORDERS.address) -> list[float]:
    """The amounts that consumers read now."""
    return amounts_of(lake, published(lake, address))


def files_on_disk(lake: Lake, address: Address = ORDERS.address) -> set[Path]:
    """Every file below the table's folder."""
    table = lake.table(address)
    assert table is not None
    return {path for path in Path(table.location().removeprefix("file://")).rglob("*") if path.is_file()}
