"""A contract as an Iceberg schema, and which changes one major version allows."""

from __future__ import annotations

from typing import Any

import pytest
from pyiceberg.schema import Schema

from mesh_orchestration.compile.iceberg import SchemaChange, iceberg_schema, refusals, schema_changes
from tests.builders import product


def changes(before: dict[str, Any], after: dict[str, Any]) -> list[tuple[str, str, str, str]]:
    found = schema_changes(iceberg_schema(product(fields=before)), product(fields=after))
    return [(one.kind, one.column, one.before, one.after) for one in found]


@pytest.mark.parametrize(
    ("word", "kind"),
    [
        ("string", "string"),
        ("integer", "int"),
        ("long", "long"),
        ("float", "float"),
        ("double", "double"),
        ("decimal(12,2)", "decimal(12, 2)"),
        ("boolean", "boolean"),
        ("date", "date"),
        ("time", "time"),
        ("timestamp", "timestamp"),
        ("timestamptz", "timestamptz"),
        ("binary", "binary"),
        ("uuid", "uuid"),
        ("array<string>", "list<string>"),
        ("array<array<decimal(5,1)>>", "list<list<decimal(5, 1)>>"),
    ],
)
def test_every_type_has_its_iceberg_type(word: str, kind: str) -> None:
    [field] = iceberg_schema(product(fields={"x": word})).fields

    assert (str(field.field_type), field.required) == (kind, False)


def test_a_utc_timestamp_is_an_instant() -> None:
    said = {"type": "timestamp", "constraints": {"timezone": "UTC"}}

    assert str(iceberg_schema(product(fields={"x": said})).find_type("x")) == "timestamptz"


def test_descriptions_become_docs() -> None:
    said = {"type": "string", "description": "What it is."}

    assert iceberg_schema(product(fields={"x": said})).find_field("x").doc == "What it is."


def test_field_ids_are_unique_also_within_arrays() -> None:
    schema = iceberg_schema(product(fields={"a": "array<array<long>>", "b": "long"}))

    ids = schema.field_ids
    assert len(ids) == len(set(ids)) == 4


def test_living_columns_keep_their_ids_and_new_ones_never_reuse_one() -> None:
    old = iceberg_schema(product(fields={"a": "array<integer>", "b": "integer"}))
    new = iceberg_schema(product(fields={"c": "long", "b": "long", "a": "array<long>"}), old, last_column_id=9)

    assert {name: new.find_field(name).field_id for name in ("a", "b", "c")} == {
        "a": old.find_field("a").field_id,
        "b": old.find_field("b").field_id,
        "c": 10,
    }
    assert new.find_field("a.element").field_id == old.find_field("a.element").field_id


def test_a_column_of_another_type_is_another_column() -> None:
    old = iceberg_schema(product(fields={"a": "long"}))
    new = iceberg_schema(product(fields={"a": "string"}), old, last_column_id=1)

    assert new.find_field("a").field_id == 2


def test_the_same_contract_changes_nothing() -> None:
    contract = product(fields={"a": "array<string>", "b": "decimal(9,2)"})

    assert schema_changes(iceberg_schema(contract), contract) == ()


@pytest.mark.parametrize(
    ("before", "after", "kind"),
    [
        ("integer", "long", "widened"),
        ("float", "double", "widened"),
        ("decimal(9,2)", "decimal(12,2)", "widened"),
        ("array<integer>", "array<long>", "widened"),
        ("long", "integer", "retyped"),
        ("integer", "double", "retyped"),
        ("decimal(9,2)", "decimal(12,3)", "retyped"),
        ("decimal(9,2)", "decimal(8,2)", "retyped"),
        ("string", "uuid", "retyped"),
        ("timestamp", "timestamptz", "retyped"),
        ("date", "timestamp", "retyped"),
        ("array<string>", "string", "retyped"),
        ("array<string>", "array<long>", "retyped"),
    ],
)
def test_only_types_that_iceberg_promotes_may_change(before: str, after: str, kind: str) -> None:
    assert changes({"x": before}, {"x": after}) == [(kind, "x", before, after)]


def test_added_removed_and_moved_columns_are_told_apart() -> None:
    assert changes({"a": "string", "b": "string", "c": "long"}, {"b": "string", "a": "string", "d": "date"}) == [
        ("added", "d", "", "date"),
        ("removed", "c", "long", ""),
        ("moved", "b", "", ""),
        ("moved", "a", "", ""),
    ]


def test_a_refusal_names_column_from_to_and_the_major_it_needs() -> None:
    contract = product("orders.order_lines.v3", version="3.2.0", fields={"a": "string"})
    found = schema_changes(iceberg_schema(product(fields={"a": "long", "b": "date"})), contract)

    cure = (
        "version 3.2.0 may only add columns and widen types; give the change its own contract "
        "orders.order_lines.v4 (metadata.version: 4.0.0)"
    )
    assert refusals(found, contract) == (
        f"column a is published as long under v3 but the contract says string; {cure}",
        f"column b (date) is published under v3 but the contract no longer has it; {cure}",
    )


def test_allowed_changes_are_no_refusal() -> None:
    allowed = tuple(SchemaChange(kind, "x") for kind in ("added", "widened", "described", "moved"))

    assert refusals(allowed, product()) == ()


def test_a_foreign_type_is_named_as_iceberg_names_it() -> None:
    from pyiceberg.types import FixedType, NestedField

    foreign = Schema(NestedField(1, "x", FixedType(4)))
    [change] = schema_changes(foreign, product(fields={"x": "binary"}))

    assert (change.kind, change.before) == ("retyped", "fixed[4]")
