from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mesh_orchestration.compile.data_schema import data_schema
from mesh_orchestration.contract.loader import load_product
from mesh_orchestration.contract.types import SCALARS
from mesh_orchestration.errors import ContractError, SourceError
from mesh_orchestration.settings import Settings
from tests.builders import contract_text, product, write_contract
from tests.drafts.drafting import comments, constraints, drafted, fields, finished


def written(path: Path, value: Any) -> Path:
    path.write_text(value if isinstance(value, str) else json.dumps(value), encoding="utf-8")
    return path


def row(**properties: Any) -> dict[str, Any]:
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "type": "object", "properties": properties}


def test_the_mesh_s_own_json_schema_comes_back_as_the_fields_it_was_made_of(tmp_path: Path, settings: Settings) -> None:
    types = {f"a_{kind}": kind for kind in SCALARS if kind not in {"decimal", "float"}}
    types |= {"price": "decimal(12,2)", "tags": "array<string>"}
    said: dict[str, Any] = {
        "qty": {"type": "long", "unit": "pieces", "constraints": {"min": 1, "max": 9, "null": False}},
        "code": {"type": "string", "constraints": {"pattern": "^[A-Z]+$", "min_length": 1, "max_length": 3}},
        "state": {"type": "string", "constraints": {"enum": ["open", "closed"]}},
        "at": {"type": "timestamp", "constraints": {"timezone": "UTC"}},
    }
    original = product("shop.things.v1", fields=types | said)
    found = drafted(written(tmp_path / "things.v1.json", data_schema(original)), settings)
    assert fields(found) == types | {"qty": "long", "code": "string", "state": "string", "at": "timestamptz"}
    assert constraints(found) == {name: said[name]["constraints"] for name in ("qty", "code", "state")}
    assert found.product["metadata"]["name"] == "things"
    assert [field.description for field in finished(found, settings).fields] == [
        field.description for field in original.fields
    ]


def test_json_schemas_of_others_are_read_with_references_nulls_and_bounds(tmp_path: Path, settings: Settings) -> None:
    schema = row(
        status={"enum": ["a", "b"]},
        price={"anyOf": [{"type": "number", "minimum": 0}, {"type": "null"}]},
        qty={"$ref": "#/$defs/count"},
        mail={"type": "string", "format": "email", "default": "-"},
        share={"type": "number", "exclusiveMinimum": 0},
        address={"type": "object"},
        mixed={"type": ["string", "integer"]},
        anything={},
    )
    schema |= {"required": ["qty", "price"], "description": "One row per sale."}
    schema["$defs"] = {"count": {"allOf": [{"type": "integer", "exclusiveMinimum": 0, "title": "How many."}]}}
    found = drafted(written(tmp_path / "Sales-v2.schema.json", schema), settings)
    assert fields(found) == {"status": "string", "price": "double", "qty": "long", "mail": "string", "share": "double"}
    assert constraints(found) == {
        "status": {"enum": ["a", "b"]}, "price": {"min": 0}, "qty": {"min": 1, "null": False},
    }  # fmt: skip
    assert comments(found, "mail")[:2] == ["format: email", "not taken over: default '-'"]
    assert comments(found, "share") == ["not taken over: exclusiveMinimum 0"]
    assert found.to_decide[:3] == (
        "left out address: is object, which no column is; make a column of each of its properties",
        "left out mixed: is string or integer; a column has one type",
        "left out anything: is of any type, which no column is; say its type",
    )
    assert (found.product["metadata"]["name"], found.product["metadata"]["description"]) == (
        "sales", "One row per sale.",
    )  # fmt: skip
    assert finished(found, settings).fields[2].description == "How many."


def test_an_avro_schema_gives_types_nulls_enumerations_and_meaning(tmp_path: Path, settings: Settings) -> None:
    record = {
        "type": "record", "name": "OrderLine", "doc": "One row per line.",
        "fields": [
            {"name": "id", "type": "long", "doc": "Its number.", "aliases": ["no"]},
            {"name": "state", "type": {"type": "enum", "name": "State", "symbols": ["OPEN", "DONE"]}},
            {"name": "note", "type": ["null", "string"], "default": None},
            {"name": "at", "type": {"type": "long", "logicalType": "timestamp-millis"}},
            {"name": "price", "type": {"type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 2}},
            {"name": "place", "type": {"type": "record", "name": "Place", "fields": []}},
            {"name": "count", "type": "int", "default": 5},
        ],
    }  # fmt: skip
    found = drafted(written(tmp_path / "x.avsc", record), settings)
    assert fields(found) == {
        "id": "long", "state": "string", "note": "string", "at": "timestamp", "price": "decimal(9,2)",
        "count": "integer",
    }  # fmt: skip
    assert constraints(found)["state"] == {"null": False, "enum": ["OPEN", "DONE"]}
    assert found.to_decide[0] == "left out place: is a record in the record; make a column of each of its fields"
    assert "not taken over: fields[6].default: 5 (a contract has no default values)" in found.to_decide
    assert found.product["metadata"]["name"] == "order_line"
    line = finished(found, settings).fields[0]
    assert (line.description, line.aliases, line.nullable) == ("Its number.", ("no",), False)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.avsc", "{", "line 1: is not JSON"),
        ("a.avsc", "[]", "is no JSON object"),
        ("a.avsc", {"type": "enum"}, "expected an Avro record"),
        ("a.avsc", {"type": "record", "name": "A", "fields": [{"name": "m", "type": {"type": "map"}}]}, "no column"),
        ("a.avsc", "[" * 100_000, "nests deeper|is not JSON"),
        ("a.json", row(), "has no 'properties'"),
        ("a.json", row(x={"$ref": "#/$defs/y"}), "refers to '#/\\$defs/y', which is not in the file"),
        ("a.json", row(x={"$ref": "other.json"}), "refers to 'other.json', which is not in the file"),
        ("a.json", row(x={"$ref": "#/properties/x"}), "refers to itself"),
        ("a.json", row(x={"type": "object"}), "no column that a contract can hold"),
    ],
)
def test_a_schema_that_says_no_columns_is_refused(
    name: str, content: Any, said: str, tmp_path: Path, settings: Settings
) -> None:
    with pytest.raises(SourceError, match=said):
        drafted(written(tmp_path / name, content), settings)


def test_a_json_file_is_told_by_what_is_in_it(tmp_path: Path, settings: Settings) -> None:
    record = {"type": "record", "name": "A", "fields": [{"name": "x", "type": "int"}]}
    assert drafted(written(tmp_path / "a.json", record), settings).kind == "avro"
    assert drafted(written(tmp_path / "b.json", row(x={"type": "integer"})), settings).kind == "json-schema"
    with pytest.raises(SourceError, match="is of no kind that is known by its name"):
        drafted(written(tmp_path / "c.json", {"x": 1}), settings)


def test_a_contract_in_the_short_form_becomes_a_native_one(tmp_path: Path, settings: Settings) -> None:
    (tmp_path / "schemas").mkdir()
    record = {
        "type": "record",
        "name": "Orders",
        "doc": "One row per order.",
        "fields": [{"name": "id", "type": "long"}],
    }
    written(tmp_path / "schemas" / "orders.avsc", record)
    short = (
        "name: orders\ndomain: shop\nowner: team@shop.example\n"
        "outputs: [{name: orders-v2, schema: ./schemas/orders.avsc}]\nsla: {freshness: 1h}\n"
    )
    found = drafted(written(tmp_path / "orders.yaml", short), settings)
    assert (found.kind, found.to_fill_in, found.to_decide) == ("short", (), ())
    assert fields(found) == {"id": "long"}
    path = write_contract(settings.root, found.text(freshness="2h"), at="shop.orders.v2")
    loaded = load_product(path, root=settings.root)
    assert (str(loaded.address), loaded.spec.sla.freshness) == ("shop.orders.v2", "2h")


def test_of_an_odcs_contract_what_has_no_place_and_what_is_missing_is_listed(
    tmp_path: Path, settings: Settings
) -> None:
    odcs = """
        apiVersion: v3.1.0
        kind: DataContract
        id: 1c2
        name: sales
        version: 1.0.0
        status: active
        schema:
          - name: sales
            properties:
              - {name: id, logicalType: integer, primaryKey: true, primaryKeyPosition: 1, businessName: Number}
    """
    found = drafted(written(tmp_path / "sales.odcs.yaml", odcs), settings)
    assert found.kind == "odcs"
    assert found.to_fill_in == ("metadata.domain", "spec.owner")
    assert any("businessName" in line for line in found.to_decide)
    assert finished(found, settings).fields[0].constraints.primary_key


def test_a_native_contract_from_elsewhere_loses_nothing(tmp_path: Path, settings: Settings) -> None:
    path = written(tmp_path / "x.yaml", contract_text("orders.order_lines.v1"))
    found = drafted(path, settings)
    assert (found.kind, found.to_fill_in, found.to_decide) == ("native", (), ())


def test_yaml_that_is_no_contract_is_refused(tmp_path: Path, settings: Settings) -> None:
    with pytest.raises(ContractError):
        drafted(written(tmp_path / "x.yaml", "- 1\n"), settings)
    with pytest.raises(ContractError):
        drafted(written(tmp_path / "y.yaml", "services: {web: {image: x}}\n"), settings)
    with pytest.raises(SourceError, match="does not exist"):
        drafted(tmp_path / "z.yaml", settings)
