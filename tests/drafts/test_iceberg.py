from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest
from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.schema import Schema
from pyiceberg.types import (
    DecimalType,
    ListType,
    LongType,
    MapType,
    NestedField,
    StringType,
    StructType,
    TimestamptzType,
)

from mesh_orchestration.errors import SourceError, StorageError
from mesh_orchestration.settings import Settings
from mesh_orchestration.storage.catalog import open_lake
from tests.drafts.drafting import comments, constraints, drafted, fields, finished

SCHEMA = Schema(
    NestedField(1, "order_id", LongType(), required=True, doc="Its number."),
    NestedField(2, "price", DecimalType(12, 2), required=False),
    NestedField(3, "at", TimestamptzType(), required=False),
    NestedField(4, "tags", ListType(10, StringType(), element_required=False), required=False),
    NestedField(5, "place", StructType(NestedField(11, "lat", LongType(), required=False)), required=False),
    NestedField(6, "labels", MapType(12, StringType(), 13, StringType()), required=False),
    identifier_field_ids=[1],
)


def rows(count: int) -> pa.Table:
    schema = pa.schema([pa.field("order_id", pa.int64(), nullable=False), pa.field("tags", pa.list_(pa.string()))])
    return pa.table({"order_id": list(range(count)), "tags": [["a"]] * count}, schema=schema)


@pytest.fixture
def lake(settings: Settings) -> Settings:
    """The mesh's lake with a product's table and another one."""
    with open_lake(settings) as opened:
        for namespace, table in (("orders", "order_lines_v1"), ("ops", "raw")):
            opened.catalog.create_namespace(namespace)
            created = opened.catalog.create_table(
                (namespace, table), SCHEMA, properties={"comment": "One row per order."}
            )
            created.append(rows(30))
    return settings


def test_a_table_of_the_lake_drafts_with_the_product_as_its_input(lake: Settings) -> None:
    found = drafted("iceberg", lake, table="orders.order_lines_v1")
    assert fields(found) == {"order_id": "long", "price": "decimal(12,2)", "at": "timestamptz", "tags": "array<string>"}
    assert constraints(found) == {"order_id": {"primary_key": True}}
    assert comments(found, "order_id")[0] == "observed: 0 … 29, no nulls in 30 rows, 30 distinct"
    assert comments(found, "price") == ["observed: nothing but nulls in 30 rows"]
    assert found.port == {"name": "order_lines", "type": "data-product", "product": "orders.order_lines.v1"}
    assert found.to_decide[:3] == (
        "left out place: a struct is no type of a contract; make a column of each part",
        "left out labels: a map is no type of a contract; make a column of each key that matters",
        "primary key order_id: the identifier fields of the table",
    )
    assert finished(found, lake).fields[0].description == "Its number."
    assert found.product["metadata"]["description"] == "One row per order."


def test_of_a_large_table_the_first_rows_are_looked_at(lake: Settings) -> None:
    found = drafted("iceberg", lake, table="ops.raw", rows=10)
    assert (found.rows, found.port) == (30, None)
    assert "distinct values, sets and keys are those of the first 10 of 30 rows" in found.to_decide


def test_a_table_that_is_not_there_is_answered_with_those_that_are(lake: Settings) -> None:
    with pytest.raises(SourceError, match=r"the catalog mesh: has 2 tables; choose one with --table: ops\.raw, orders"):
        drafted("iceberg", lake)
    with pytest.raises(SourceError, match=r"has no table 'ops\.row'; did you mean 'ops\.raw'\?"):
        drafted("iceberg", lake, table="ops.row")


def test_a_catalog_that_nobody_described_is_said_so(settings: Settings) -> None:
    with pytest.raises(StorageError, match="PYICEBERG_CATALOG__NOWHERE__URI"):
        drafted("iceberg", settings, table="a.b", catalog="nowhere")


def test_a_table_without_rows_still_has_types(settings: Settings, tmp_path: Path) -> None:
    with open_lake(settings) as opened:
        assert isinstance(opened.catalog, SqlCatalog)
        opened.catalog.create_namespace("ops")
        opened.catalog.create_table(("ops", "empty"), SCHEMA)
    found = drafted("iceberg", settings)
    assert (found.rows, comments(found, "at")) == (0, ["observed: no rows"])
