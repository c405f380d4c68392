"""The short form: what loads unmodified, and what every mistake in it is answered with."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mesh_orchestration.contract import dialects
from mesh_orchestration.contract.loader import load_product
from mesh_orchestration.contract.mesh import load_mesh
from mesh_orchestration.contract.model import DataProduct
from mesh_orchestration.errors import ContractError
from tests.builders import contract_text, mesh_at, product, settings_at, write_contract
from tests.contract.dialects.products import put

ENRICHED = "commerce.orders_enriched.v1"
PROFILES = "customers.customer_profiles.v1"
SHORT = """\
name: orders-enriched
domain: commerce
owner: commerce-team@company.com
inputs: [{source: orders-db, type: postgres-cdc}, {source: customer-profiles, type: data-product}]
outputs: [{name: orders-enriched-v1, format: parquet, location: "s3://mesh/commerce/orders-enriched/v1/", \
schema: ./schemas/orders-enriched.avsc}]
sla: {freshness: 1h, completeness: 99.5%}
"""
SCHEMA: dict[str, Any] = {
    "type": "record",
    "name": "OrderEnriched",
    "namespace": "com.company.commerce",
    "doc": "One row per order, with the customer's profile.",
    "fields": [
        {"name": "order_id", "type": "string", "doc": "Number of the order.", "constraints": {"primary_key": True}},
        {"name": "ordered_at", "type": {"type": "long", "logicalType": "timestamp-millis"}},
        {"name": "amount", "type": ["null", {"type": "bytes", "logicalType": "decimal", "precision": 12, "scale": 2}]},
        {"name": "state", "type": {"type": "enum", "name": "State", "symbols": ["OPEN", "PAID"]}},
        {"name": "was", "type": ["null", "State"], "default": None, "aliases": ["before"]},
        {"name": "day", "type": {"type": "int", "logicalType": "date"}},
        {"name": "tags", "type": {"type": "array", "items": ["null", "string"]}},
        {"name": "email", "type": ["null", "string"], "pii": True, "masking": "hash"},
    ],
}


def written(root: Path, *, text: str = SHORT, schema: Any = SCHEMA, profiles: tuple[str, ...] = (PROFILES,)) -> Path:
    """A mesh with the short contract ``text`` and what it refers to; returns the contract's path."""
    for address in profiles:
        write_contract(root, contract_text(address), at=address)
    path = write_contract(root, text, at=ENRICHED)
    (path.parent / "schemas").mkdir()
    content = schema if isinstance(schema, str) else json.dumps(schema, indent=2)
    (path.parent / "schemas" / "orders-enriched.avsc").write_text(content)
    return path


def load(root: Path, **parts: Any) -> DataProduct:
    return load_product(written(root, **parts), root=root)


def problems(root: Path, **parts: Any) -> list[str]:
    with pytest.raises(ContractError) as raised:
        load(root, **parts)
    return [str(problem).removeprefix("contracts/commerce/orders_enriched/") for problem in raised.value.problems]


def field(**keys: Any) -> dict[str, Any]:
    return SCHEMA | {"fields": [*SCHEMA["fields"][:1], {"name": "extra"} | keys]}


def test_the_form_loads_unmodified_with_the_fields_of_its_avro_schema(tmp_path: Path) -> None:
    found = load(tmp_path)
    assert (str(found.address), found.owner, found.version) == (ENRICHED, "commerce-team@company.com", "1.0.0")
    assert [(port.name, port.type, port.options) for port in found.inputs] == [
        ("orders_db", "postgres-cdc", {}),
        ("customer_profiles", "data-product", {"product": PROFILES}),
    ]
    assert (found.spec.sla.freshness, found.spec.sla.completeness) == ("1h", 0.995)
    assert found.metadata.description == "One row per order, with the customer's profile."
    assert [(one.name, str(one.logical_type), one.nullable, one.is_instant) for one in found.fields] == [
        ("order_id", "string", False, False),
        ("ordered_at", "timestamp", False, True),
        ("amount", "decimal(12,2)", True, False),
        ("state", "string", False, False),
        ("was", "string", True, False),
        ("day", "date", False, False),
        ("tags", "array<string>", False, False),
        ("email", "string", True, False),
    ]
    assert (found.columns["was"].constraints.enum, found.columns["was"].aliases) == (("OPEN", "PAID"), ("before",))
    assert (found.primary_key, found.columns["email"].mask) == (("order_id",), "hash")


def test_a_native_contract_of_the_same_product_is_equal(tmp_path: Path) -> None:
    short = load(tmp_path)
    native = load_product(put(dialects.write(short, "native"), tmp_path, name=short.source), root=tmp_path)
    assert native == short


def test_the_mesh_knows_what_a_short_contract_reads(tmp_path: Path) -> None:
    written(tmp_path)
    mesh = load_mesh(settings_at(tmp_path))
    assert [str(address) for address in mesh.upstream(mesh.product(ENRICHED))] == [PROFILES]


def test_a_product_nobody_has_is_answered_with_where_it_was_looked_for(tmp_path: Path) -> None:
    (message,) = problems(tmp_path, profiles=())
    assert message == (
        "v1.yaml:4 inputs[1].source: 'customer-profiles' is no data product of this mesh: "
        "there is no contracts/*/customer_profiles/v*.yaml"
    )


def test_a_product_that_several_have_is_answered_with_all_of_them(tmp_path: Path) -> None:
    (message,) = problems(tmp_path, profiles=(PROFILES, "crm.customer_profiles.v2"))
    assert message == (
        "v1.yaml:4 inputs[1].source: 'customer-profiles' is crm.customer_profiles.v2 and "
        "customers.customer_profiles.v1; say which, e.g. product: crm.customer_profiles.v2"
    )
    text = SHORT.replace("type: data-product", f"type: data-product, product: {PROFILES}")
    path = write_contract(tmp_path, text, at=ENRICHED)
    assert load_product(path, root=tmp_path).inputs[1].options == {"product": PROFILES}


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        (
            {"type": "map", "values": "long"},
            "is a map; make a column of each key that matters, or a product with a row per key",
        ),
        (
            {"type": "record", "name": "Inner", "fields": []},
            "is a record in the record; make a column of each of its fields",
        ),
        (["null", "long", "string"], "is long or string; a column has one type, make it a union of null and one type"),
        ("Missing", "is of type 'Missing', which is no Avro type and not defined before it"),
        (
            {"type": "bytes", "logicalType": "decimal", "precision": 50, "scale": 2},
            "is a decimal of precision 50; a column holds 1 to 38 digits",
        ),
        (["null"], "is null alone; a column has one type, make it a union of null and one type"),
        (7, "has the type the number 7, expected an Avro type"),
    ],
    ids=["map", "record", "union", "unknown", "precision", "null", "number"],
)  # fmt: skip
def test_a_type_that_no_column_holds_is_told_at_its_line_of_the_schema(tmp_path: Path, kind: Any, message: str) -> None:
    schema = json.dumps(field(type=kind), indent=2)
    line = next(number for number, text in enumerate(schema.split("\n"), 1) if '"extra"' in text) + 1
    (said,) = problems(tmp_path, schema=schema)
    assert said == f"schemas/orders-enriched.avsc:{line} fields[1].type: 'extra' {message}"


def test_a_contradiction_in_a_column_is_told_at_its_line_of_the_schema(tmp_path: Path) -> None:
    schema = json.dumps(field(type="long", constraints={"min": 9, "max": 1}), indent=2)
    (said,) = problems(tmp_path, schema=schema)
    line = next(number for number, text in enumerate(schema.split("\n"), 1) if '"min"' in text)
    assert said == (
        f"schemas/orders-enriched.avsc:{line} fields[1].constraints.min: min 9 is above max 1; no value can hold both"
    )


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("owner: commerce-team@company.com\n", "", "v1.yaml:1 owner: is missing; expected the e-mail"),
        ("owner:", "ownr:", "v1.yaml:3 ownr: 'ownr' is not a key of the short form; did you mean 'owner'?"),
        ("freshness: 1h", "freshness: soon", "v1.yaml:6 sla.freshness: 'soon' is not a duration"),
        ("freshness: 1h", "freshnes: 1h", "v1.yaml:6 sla.freshnes: 'freshnes' is not a key here"),
        ("postgres-cdc", "postgres-cdx", "v1.yaml:4 inputs[0].type: 'postgres-cdx' is not a type of input port"),
        ("source: orders-db", "sourc: orders-db", "v1.yaml:4 inputs[0]: expected an input such as {source: orders-db"),
        ("orders-enriched-v1", "orders-enriched", "v1.yaml:5 outputs: name no major; let one output's name end in -v1"),
        ("./schemas/orders-enriched.avsc", "./x.avsc", "v1.yaml:5 outputs[0].schema: './x.avsc' cannot be read"),
        ("./schemas/", "../../../../", "v1.yaml:5 outputs[0].schema: '../../../../orders-enriched.avsc' "),
        (", schema: ./schemas/orders-enriched.avsc", "", "v1.yaml:5 outputs: name no schema; write e.g. schema:"),
        ("domain: commerce", "domain: Commerce", "v1.yaml:2 domain: found 'Commerce', expected lower-case letters"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_at_its_own_place(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert any(said.startswith(message) for said in problems(tmp_path, text=SHORT.replace(old, new)))


@pytest.mark.parametrize(
    ("schema", "message"),
    [
        ("{", "is not an Avro schema in JSON: line 1: Expecting property name enclosed in double quotes"),
        ("[" * 100_000, "is not an Avro schema in JSON: it nests too deep"),
        ("\xff", "is not an Avro schema in JSON: line 1: Expecting value"),
    ],
)
def test_a_schema_that_is_no_json_is_told_at_the_output_that_names_it(
    tmp_path: Path, schema: str, message: str
) -> None:
    said = problems(tmp_path, schema=schema)[0]
    assert said.startswith(f"v1.yaml:5 outputs[0].schema: './schemas/orders-enriched.avsc' {message}")


def test_a_schema_that_is_no_record_or_has_no_fields_is_refused(tmp_path: Path) -> None:
    first = "schemas/orders-enriched.avsc:1"
    assert f"{first} found 'string', expected an Avro record such as {{type: record, …}}" in problems(
        tmp_path / "a", schema='"string"'
    )
    assert f"{first} fields: found nothing, expected the list of the record's fields" in problems(
        tmp_path / "b", schema={"type": "record", "name": "X"}
    )


def test_a_type_that_refers_to_itself_is_answered(tmp_path: Path) -> None:
    (said, *_) = problems(tmp_path, schema=field(type={"type": "Loop", "name": "Loop"}))
    assert "nests too deep" in said


def test_what_the_short_form_cannot_hold_is_listed() -> None:
    found = product(
        tags=["a"], retention="30d", checks=[{"assertion": "expect_table_row_count_to_equal", "value": {"value": 1}}]
    )
    written_ = dialects.write(found, "short")
    assert [(one.path, one.reason) for one in written_.lost] == [
        ("metadata.tags", "the short form has no place for it"),
        ("spec.quality.checks[0]", "the short form has no place for it"),
        ("spec.retention", "the short form has no place for it"),
    ]


def test_a_default_and_a_foreign_attribute_of_the_schema_are_listed(tmp_path: Path) -> None:
    path = written(tmp_path, schema=field(type="long", default=7, order="descending"))
    source = dialects.read_file(path, root=tmp_path)
    assert [(one.path, one.value) for one in source.lost] == [
        ("fields[1].default", 7),
        ("fields[1].order", "descending"),
    ]


def test_a_version_and_further_keys_pass_through(tmp_path: Path) -> None:
    text = SHORT.replace("domain: commerce", "domain: commerce\nversion: 1.4.2").replace(
        "type: postgres-cdc", "type: postgres-cdc, table: public.orders, key: [order_id]"
    )
    found = load(tmp_path, text=text)
    assert (found.version, found.inputs[0].options) == ("1.4.2", {"table": "public.orders", "key": ["order_id"]})


def test_an_equal_mesh_is_loaded_from_any_form(tmp_path: Path) -> None:
    one = product("web.visits.v2", sla={"freshness": "1h"})
    settings = mesh_at(tmp_path, one)
    for form in dialects.names():
        put(dialects.write(one, form), tmp_path / "contracts" / "web" / "visits", name="v2.yaml")
        mesh = load_mesh(settings)
        assert (mesh.problems, list(mesh.products.values())) == ((), [one.in_file("contracts/web/visits/v2.yaml")])
