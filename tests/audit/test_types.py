"""The names that types go by."""

from __future__ import annotations

import pyarrow as pa
import pytest

from mesh_orchestration.audit.types import of_arrow, of_sql


@pytest.mark.parametrize(
    ("kind", "word", "names"),
    [
        (pa.int64(), "integer", {"long", "int64", "bigint", "int"}),
        (pa.int32(), "integer", {"integer", "int32", "int"}),
        (pa.float64(), "float", {"double", "float64", "float"}),
        (pa.decimal128(12, 2), "decimal", {"decimal", "decimal128(12,2)"}),
        (pa.large_string(), "string", {"string", "str", "text"}),
        (pa.dictionary(pa.int32(), pa.string()), "string", {"string"}),
        (pa.timestamp("us"), "timestamp", {"timestamp"}),
        (pa.timestamp("us", tz="UTC"), "instant", {"timestamptz", "datetime64[us,utc]"}),
        (pa.date32(), "date", {"date"}),
        (pa.uuid(), "uuid", {"uuid"}),
        (pa.list_(pa.string()), "other", set()),
    ],
)
def test_arrow_types(kind: pa.DataType, word: str, names: set[str]) -> None:
    found = of_arrow(kind)
    assert (found.kind, names - found.column_type.names) == (word, set())


@pytest.mark.parametrize(
    ("said", "word"),
    [
        ("BIGINT", "integer"),
        ("numeric(12,2)", "decimal"),
        ("double precision", "float"),
        ("character varying(40)", "string"),
        ("timestamp with time zone", "instant"),
        ("TIMESTAMP WITH TIME ZONE", "instant"),
        ("timestamp(6) without time zone", "timestamp"),
        ("bytea", "binary"),
        ("VARCHAR[]", "other"),
    ],
)
def test_sql_types(said: str, word: str) -> None:
    assert of_sql(said).kind == word
