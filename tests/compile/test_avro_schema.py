"""The Avro schema of a row, held against two Avro implementations."""

from __future__ import annotations

import io
from typing import Any
from uuid import UUID

import avro.io
import avro.schema
import fastavro
from hypothesis import given, settings
from hypothesis import strategies as st

from mesh_orchestration.compile.avro import avro_schema
from mesh_orchestration.contract.model import DataProduct
from tests.builders import product
from tests.compile.rows import columns, every_type, row

LINES = "orders.order_lines.v1"


def through(schema: Any, content: dict[str, Any], reader: Any = None) -> Any:
    """The row after fastavro wrote it under ``schema`` and read it under ``reader``."""
    buffer = io.BytesIO()
    fastavro.schemaless_writer(buffer, fastavro.parse_schema(schema), content)
    buffer.seek(0)
    return fastavro.schemaless_reader(buffer, fastavro.parse_schema(schema), reader and fastavro.parse_schema(reader))


def field(said: str | dict[str, Any], name: str = "amount") -> dict[str, Any]:
    """The Avro field of a contract's one field."""
    (found,) = avro_schema(product(LINES, fields={name: said}))["fields"]
    return dict(found)


@given(st.data())
@settings(max_examples=60)
def test_any_row_survives_being_written_and_read(data: st.DataObject) -> None:
    found = product(LINES, fields=data.draw(columns))
    content = data.draw(row(found.fields))
    assert through(avro_schema(found), content) == content


@given(st.data())
@settings(max_examples=40)
def test_the_reference_implementation_reads_what_another_wrote(data: st.DataObject) -> None:
    found = product(LINES, fields=data.draw(columns))
    content = data.draw(row(found.fields))
    schema = avro.schema.make_avsc_object(avro_schema(found))
    buffer = io.BytesIO()
    fastavro.schemaless_writer(buffer, fastavro.parse_schema(avro_schema(found)), content)
    buffer.seek(0)
    read = avro.io.DatumReader(schema).read(avro.io.BinaryDecoder(buffer))
    assert {key: as_avro_reads(found, key, value) for key, value in content.items()} == as_text(read)


def as_avro_reads(found: DataProduct, name: str, value: Any) -> Any:
    """The value as the ``avro`` package hands it over: it leaves wall-clock timestamps as microseconds."""
    kind = found.columns[name].logical_type
    while kind.item:
        kind = kind.item
    return micros(value) if kind.name == "timestamp" and not found.columns[name].is_instant else as_text(value)


def micros(value: Any) -> Any:
    if isinstance(value, list):
        return [micros(item) for item in value]
    if value is None:
        return None
    since = value - type(value)(1970, 1, 1)
    return (since.days * 86400 + since.seconds) * 1_000_000 + since.microseconds


def as_text(value: Any) -> Any:
    """UUIDs as text in any nesting, because the ``avro`` package may hand over either."""
    if isinstance(value, list):
        return [as_text(item) for item in value]
    if isinstance(value, dict):
        return {key: as_text(item) for key, item in value.items()}
    return str(value) if isinstance(value, UUID) else value


def test_the_schema_is_the_same_whenever_it_is_made() -> None:
    assert repr(avro_schema(product(LINES, fields=every_type))) == repr(avro_schema(product(LINES, fields=every_type)))


def test_a_product_is_a_record_of_its_domain_without_the_major() -> None:
    schema = avro_schema(product("orders.order_lines.v2", description="One row per line."))
    assert {key: schema[key] for key in ("type", "name", "namespace", "doc")} == {
        "type": "record",
        "name": "order_lines",
        "namespace": "orders",
        "doc": "One row per line.",
    }


def test_a_qualified_name_with_dashes_is_a_legal_name() -> None:
    said = product(LINES).model_dump(by_alias=True, exclude_unset=True)
    said["metadata"]["name"] = "orders-domain.order-lines"
    assert avro_schema(DataProduct.model_validate(said))["name"] == "order_lines"


def test_a_nullable_column_defaults_to_null() -> None:
    assert field("long") == {
        "name": "amount",
        "type": ["null", "long"],
        "default": None,
        "doc": "The amount.",
    }


def test_a_key_is_never_null() -> None:
    assert field({"type": "long", "constraints": {"primary_key": True}})["type"] == "long"


def test_an_instant_and_a_wall_clock_time_are_two_types() -> None:
    never_null = {"null": False}
    instant = field({"type": "timestamp", "constraints": never_null | {"timezone": "UTC"}})["type"]
    wall_clock = field({"type": "timestamp", "constraints": never_null})["type"]
    assert (instant["logicalType"], wall_clock["logicalType"]) == ("timestamp-micros", "local-timestamp-micros")


def test_a_renamed_column_keeps_the_rows_written_under_its_old_name() -> None:
    old = product(LINES, fields={"qty": "long"})
    new = product(LINES, fields={"quantity": {"type": "long", "aliases": ["qty"]}})
    assert through(avro_schema(old), {"qty": 3}, avro_schema(new)) == {"quantity": 3}


def test_only_legal_and_free_names_become_aliases() -> None:
    said = {"quantity": {"type": "long", "aliases": ["qty", "order qty", "amount", "qty"]}, "amount": "long"}
    schema = avro_schema(product(LINES, fields=said))
    assert schema["fields"][0]["aliases"] == ["qty"]
    avro.schema.make_avsc_object(schema)


def test_a_new_nullable_column_is_null_in_old_rows() -> None:
    old, new = product(LINES, fields={"a": "long"}), product(LINES, fields={"a": "long", "b": "string"})
    assert through(avro_schema(old), {"a": 1}, avro_schema(new)) == {"a": 1, "b": None}


def test_two_majors_can_be_resolved_against_each_other() -> None:
    first, second = (
        product("orders.lines.v1", fields={"a": "integer"}),
        product("orders.lines.v2", fields={"a": "long"}),
    )
    assert through(avro_schema(first), {"a": 1}, avro_schema(second)) == {"a": 1}


def test_personal_data_is_marked() -> None:
    assert field({"type": "string", "pii": True})["pii"] is True
    assert "pii" not in field("string")
