"""How a product's columns may change from one publication to the next."""

from __future__ import annotations

from typing import Any

import duckdb
import pytest

from mesh_orchestration.contract.model import DataProduct
from mesh_orchestration.storage.catalog import Lake
from mesh_orchestration.storage.scan import scan, snapshot_schema
from mesh_orchestration.storage.snapshots import history, published, rejected
from tests.builders import FIELDS, product
from tests.publication.publishing import ORDERS, copy_to, exported, publish_orders, served


def with_fields(version: str = "1.1.0", **fields: Any) -> DataProduct:
    return product(version=version, fields={**FIELDS, **fields})


def columns_of(lake: Lake, index: int = 0) -> dict[str, str]:
    """The columns consumers see in a published snapshot, newest first."""
    with duckdb.connect(":memory:") as connection:
        query = scan(lake, history(lake, ORDERS.address)[index]).sql()
        return {name: kind for name, kind, *_ in connection.execute(f"describe {query}").fetchall()}


def test_an_added_column_evolves_by_itself(lake: Lake) -> None:
    publish_orders(lake, 1, run="r1")
    wider = with_fields(note="string")
    publication = publish_orders(lake, run="r2", contract=wider, export=exported(2, columns=", 'hi' as note"))

    assert publication.published
    assert list(columns_of(lake)) == ["order_id", "amount", "event_ts", "note"]
    assert list(columns_of(lake, 1)) == ["order_id", "amount", "event_ts"]
    table = lake.table(ORDERS.address)
    assert table is not None
    assert table.schema().find_column_name(4) == "note"


def test_a_refused_branch_does_not_show_its_added_column_to_consumers(lake: Lake) -> None:
    publish_orders(lake, 1, run="r1")
    wider = with_fields(note="string")
    refused = publish_orders(lake, run="r2", contract=wider, export=exported(-2, columns=", 'hi' as note"))

    table = lake.table(ORDERS.address)
    assert table is not None
    assert not refused.published
    assert list(columns_of(lake)) == ["order_id", "amount", "event_ts"]
    assert [field.name for field in table.schema().fields] == ["order_id", "amount", "event_ts"]
    assert table.scan().to_arrow().column_names == ["order_id", "amount", "event_ts"]
    kept = rejected(lake, ORDERS.address)[0]
    assert list(scan(lake, kept).columns) == ["order_id", "amount", "event_ts", "note"]


def test_a_refused_column_may_be_taken_back(lake: Lake) -> None:
    publish_orders(lake, 1, run="r1")
    wider = with_fields(note="string")
    publish_orders(lake, run="r2", contract=wider, export=exported(-2, columns=", 'hi' as note"))

    assert publish_orders(lake, 3, run="r3").published
    assert served(lake) == [3]


def test_a_refused_column_keeps_its_field_id_when_it_is_published_later(lake: Lake) -> None:
    publish_orders(lake, 1, run="r1")
    wider = with_fields(note="string")
    publish_orders(lake, run="r2", contract=wider, export=exported(-2, columns=", 'hi' as note"))
    publish_orders(lake, run="r3", contract=wider, export=exported(2, columns=", 'hi' as note"))

    table = lake.table(ORDERS.address)
    assert table is not None
    assert len(table.metadata.schemas) == 2
    assert table.scan().to_arrow().column("note").to_pylist() == ["hi"]


def test_a_wider_type_evolves_by_itself(lake: Lake) -> None:
    publish_orders(lake, run="r1", contract=with_fields("1.0.0", n="integer"), export=exported(1, columns=", 7 as n"))
    wider = with_fields(n="long")
    export = exported(2, columns=", 7::bigint as n")
    publication = publish_orders(lake, run="r2", contract=wider, export=export)

    assert publication.published
    assert columns_of(lake)["n"] == "BIGINT"
    assert columns_of(lake, 1)["n"] == "INTEGER"


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        (
            {"amount": "string"},
            (
                "column amount is published as decimal(12,2) under v1 but the contract says string; version 1.1.0 "
                "may only add columns and widen types; give the change its own contract orders.order_lines.v2 "
                "(metadata.version: 2.0.0)"
            ),
        ),
        ({"amount": "decimal(10,2)"}, "column amount is published as decimal(12,2) under v1"),
        ({"event_ts": "timestamp"}, "column event_ts is published as timestamptz under v1"),
        ({"tags": "array<long>"}, "column tags is published as array<string> under v1"),
    ],
)
def test_a_change_of_type_needs_a_new_major(lake: Lake, fields: dict[str, Any], reason: str) -> None:
    export = exported(1, columns=", ['a'] as tags")
    publish_orders(lake, run="r1", contract=with_fields("1.0.0", tags="array<string>"), export=export)
    changed = with_fields(**{"tags": "array<string>"} | fields)
    publication = publish_orders(lake, run="r2", contract=changed, export=export)

    assert not publication.published
    assert publication.reasons[0].startswith(reason)
    assert served(lake) == [1]


def test_a_removed_column_needs_a_new_major(lake: Lake) -> None:
    publish_orders(lake, 1, run="r1")
    narrow = product(version="1.1.0", fields={name: said for name, said in FIELDS.items() if name != "event_ts"})
    publication = publish_orders(lake, 2, run="r2", contract=narrow)

    assert not publication.published
    assert publication.reasons[0].startswith("column event_ts (timestamptz) is published under v1 but the contract")
    assert served(lake) == [1]


def test_before_anything_is_published_every_change_is_allowed(lake: Lake) -> None:
    publish_orders(lake, -1, run="r1")

    def export(directory: Any) -> Any:
        query = "select 'o' as order_id, 2.5::double as amount, timestamptz '2026-11-20 05:00+00' as event_ts"
        copy_to(directory / "part.parquet", query)
        return (directory / "part.parquet",)

    publication = publish_orders(lake, run="r2", contract=with_fields("1.0.0", amount="double"), export=export)

    assert publication.published
    assert columns_of(lake)["amount"] == "DOUBLE"
    assert served(lake) == [2.5]


def test_a_new_description_reaches_the_table(lake: Lake) -> None:
    publish_orders(lake, 1, run="r1")
    described = with_fields("1.0.1", amount={"type": "decimal(12,2)", "description": "What was paid, in euro."})
    publish_orders(lake, 2, run="r2", contract=described)

    table, snapshot = lake.table(ORDERS.address), published(lake, ORDERS.address)
    assert table is not None
    assert snapshot is not None
    assert snapshot_schema(table, snapshot.snapshot_id).find_field("amount").doc == "What was paid, in euro."
