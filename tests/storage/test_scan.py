"""Reading a snapshot: plain files at the price of reading them, everything else through pyiceberg."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pytest
from pyiceberg.types import DoubleType, LongType

from mesh_orchestration.errors import StorageError
from mesh_orchestration.storage.catalog import Lake, open_lake
from mesh_orchestration.storage.scan import Scan, scan
from mesh_orchestration.storage.snapshots import published
from tests.builders import product, settings_at
from tests.publication.publishing import ORDERS, copy_to, exported, publish_orders

EVERY_TYPE = {
    "s": "string", "i": "integer", "l": "long", "f": "float", "d": "double", "m": "decimal(12,2)", "b": "boolean",
    "dt": "date", "t": "time", "ts": "timestamp", "tz": {"type": "timestamp", "constraints": {"timezone": "UTC"}},
    "bi": "binary", "u": "uuid", "a": "array<string>", "aa": "array<array<long>>",
}  # fmt: skip
ONE_OF_EACH = """
    'x' s, 1::integer i, 2::bigint l, 1.5::float f, 2.5::double d, 1.25::decimal(12,2) m, true b, date '2026-01-02' dt,
    time '10:11:12' t, timestamp '2026-01-02 03:04:05.000006' ts, timestamptz '2026-01-02 03:04:05.000006+00' tz,
    'ab'::blob bi, 'aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee'::uuid u, ['p', null] a, [[1::bigint], []] aa
"""


def read(planned: Scan) -> list[tuple[Any, ...]]:
    with duckdb.connect(":memory:") as connection:
        connection.execute("set timezone = 'UTC'")
        planned.attach(connection, "orders", "order_lines_v1")
        return connection.execute("select * from orders.order_lines_v1 order by all").fetchall()


def planned(lake: Lake, contract: Any = ORDERS) -> Scan:
    snapshot = published(lake, contract.address)
    assert snapshot is not None
    return scan(lake, snapshot)


def test_every_type_of_a_contract_survives_the_round_trip(lake: Lake) -> None:
    wide = product(fields=EVERY_TYPE)

    def export(directory: Path) -> tuple[Path, ...]:
        copy_to(directory / "part.parquet", f"select {ONE_OF_EACH} union all select {'null, ' * 14} null")
        return (directory / "part.parquet",)

    assert publish_orders(lake, run="r1", contract=wide, export=export, audit=lambda *_: ()).reasons == ()
    with duckdb.connect(":memory:") as connection:
        connection.execute("set timezone = 'UTC'")
        expected = connection.execute(f"select {ONE_OF_EACH}").fetchall()[0]
        kinds = [kind for _, kind, *_ in connection.execute(f"describe select {ONE_OF_EACH}").fetchall()]

    found = planned(lake, wide)
    assert found.direct
    assert list(found.columns.values()) == kinds
    assert read(found) == [expected, (None,) * 15]
    assert found.batches().read_all().num_rows == 2


def test_an_empty_snapshot_has_columns_and_no_rows(lake: Lake) -> None:
    publish_orders(lake, run="r1")

    assert read(planned(lake)) == []
    assert list(planned(lake).columns) == ["order_id", "amount", "event_ts"]


def test_the_sql_of_a_plain_snapshot_is_a_plain_read(lake: Lake) -> None:
    publish_orders(lake, 1, run="r1")

    found = planned(lake)
    expected = f"""from read_parquet(['{found.paths[0]}'], hive_partitioning = false)"""
    typed = '"order_id"::VARCHAR as "order_id", "amount"::DECIMAL(12,2) as "amount", '
    typed += '"event_ts"::TIMESTAMP WITH TIME ZONE as "event_ts"'
    assert found.sql() == f"select {typed} {expected}"
    with duckdb.connect(":memory:") as connection:
        [(_, plan)] = connection.execute(f"explain {found.sql()}").fetchall()
    assert "CAST" not in plan.upper()


@pytest.mark.parametrize("folder", ["it's here", "a[b]*c", "ü ß"])
def test_a_path_with_odd_characters_is_read(tmp_path: Path, folder: str) -> None:
    with open_lake(settings_at(tmp_path / folder)) as lake:
        publish_orders(lake, 1, run="r1")
        assert len(read(planned(lake))) == 1


def test_files_older_than_a_column_or_a_wider_type_read_as_the_snapshots_schema(lake: Lake) -> None:
    narrow = product(fields={"order_id": "string", "n": "integer", "x": "float"})

    def export(directory: Path) -> tuple[Path, ...]:
        copy_to(directory / "part.parquet", "select 'a' order_id, 1::integer n, 0.5::float x")
        return (directory / "part.parquet",)

    publish_orders(lake, run="r1", contract=narrow, export=export, audit=lambda *_: ())
    table = lake.table(narrow.address)
    assert table is not None
    with table.update_schema() as update:
        update.add_column("note", DoubleType())
        update.update_column("n", LongType())
    rows = table.scan().to_arrow().slice(0, 1)
    table.append(rows)

    found = planned(lake, narrow)
    assert found.direct
    assert found.columns == {"order_id": "VARCHAR", "n": "BIGINT", "x": "FLOAT", "note": "DOUBLE"}
    assert read(found) == [("a", 1, 0.5, None), ("a", 1, 0.5, None)]


def test_all_files_older_than_a_column_read_as_nulls(lake: Lake) -> None:
    publish_orders(lake, 1, run="r1")
    table = lake.table(ORDERS.address)
    assert table is not None
    with table.update_schema() as update:
        update.add_column("note", DoubleType())
    table.delete("amount < 0")
    table.append(table.scan().to_arrow().slice(0, 0))

    assert [row[3] for row in read(planned(lake))] == [None]


def test_batches_give_the_columns_asked_for(lake: Lake) -> None:
    publish_orders(lake, run="r1", export=exported(1, 2, files=2))

    found = planned(lake).batches(["amount"]).read_all()
    assert found.column_names == ["amount"]
    assert sorted(found.column("amount").to_pylist()) == [1, 2]


def test_a_scan_that_is_not_direct_fills_a_table(lake: Lake) -> None:
    publish_orders(lake, 1, 2, run="r1")
    found = planned(lake)

    indirect = Scan(found.table, found.snapshot_id, found.columns, found.files, direct=False)

    assert read(indirect) == read(found)
    with pytest.raises(StorageError, match=r"read it with batches\(\)"):
        indirect.sql()


def test_an_expired_snapshot_says_so(lake: Lake) -> None:
    publish_orders(lake, 1, run="r1")
    snapshot = published(lake, ORDERS.address)
    assert snapshot is not None
    publish_orders(lake, 2, run="r2")
    table = lake.table(ORDERS.address)
    assert table is not None
    table.maintenance.expire_snapshots().by_id(snapshot.snapshot_id).commit()

    with pytest.raises(StorageError, match="has expired or was never written"):
        scan(lake, snapshot)
