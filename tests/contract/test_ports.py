"""What the types of input port may say; reading them is tested in tests/inputs."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from mesh_orchestration.compile.dbt import dbt_properties
from mesh_orchestration.compile.json_schema import contract_schema
from mesh_orchestration.contract.mesh import load_mesh
from mesh_orchestration.contract.model import InputPort
from mesh_orchestration.contract.ports import PORTS, options
from mesh_orchestration.contract.rules import draft_of, rule_findings
from tests.builders import contract, mesh_at, product


def said(**port: Any) -> list[str]:
    findings = rule_findings(draft_of(product(inputs=[{"name": "it", **port}])))
    return [f"{'.'.join(map(str, path[3:]))}: {message}" for path, message in findings]


def test_a_type_is_the_name_of_its_file() -> None:
    assert list(PORTS) == ["batch", "data-product", "kafka", "postgres-cdc"]


@pytest.mark.parametrize("kind", ["postgres-cdc", "kafka"])
def test_name_and_type_are_enough_to_load_a_port_that_follows_a_stream(kind: str) -> None:
    port = {"name": "orders_db", "type": kind}
    assert said(**port) == []
    assert options(InputPort(**port)).declared == {}
    assert list(Draft202012Validator(contract_schema()).iter_errors(contract(inputs=[port]))) == []


@pytest.mark.parametrize(
    ("port", "finding"),
    [
        ({"type": "postgres-cdc", "key": "idd", "columns": {"id": "long"}},
         "key.0: 'idd' is not a column of this input; did you mean 'id'?"),
        ({"type": "postgres-cdc", "key": ["id", "id"], "columns": {"id": "long"}}, "key.1: 'id' is in the key already"),
        ({"type": "postgres-cdc", "tabel": "orders"}, "tabel: 'tabel' is not a key here; did you mean 'table'?"),
        ({"type": "postgres-cdc", "columns": {"_batch": "long"}},
         "columns._batch: '_batch' is a column that landing adds itself; take it out"),
        ({"type": "kafka", "columns": {"__op": "long"}},
         "columns.__op: '__op' begins with __, as the mesh's own columns do; name it otherwise"),
        ({"type": "kafka", "mode": "upsert"}, "mode: 'upsert' needs 'key': the columns whose newest message counts"),
        ({"type": "kafka", "topic": "t", "format": "avro"},
         "format: 'avro' needs 'schema': the .avsc file beside the contract"),
        ({"type": "kafka", "schema": "a.avsc"},
         "schema: a schema belongs to 'format: avro', but the format is json"),
        ({"type": "kafka", "mode": "upsert", "key": "ids", "columns": {"ids": "array<long>"}},
         "key.0: 'ids' is a list, which identifies no row"),
    ],
)  # fmt: skip
def test_what_a_port_contradicts_is_told(port: dict[str, Any], finding: str) -> None:
    assert said(**port) == [finding]


def test_a_password_has_no_place_in_a_port() -> None:
    (finding,) = said(type="postgres-cdc", url="postgresql://reader:s3cret@db/shop")
    assert finding.startswith("url: 'url' is not a key here")
    assert "s3cret" not in finding


def test_dbt_knows_the_columns_of_every_port(tmp_path: Any) -> None:
    ports = [
        {"name": "orders_db", "type": "postgres-cdc", "columns": {"id": "long"}},
        {"name": "payments", "type": "kafka", "columns": {"at": "timestamptz"}},
    ]
    text = dbt_properties(load_mesh(mesh_at(tmp_path, product("orders.lines.v1", inputs=ports))), "orders")
    tables = yaml.safe_load(text)["sources"][0]["tables"]
    assert {table["name"]: [table["columns"][0]["name"], table["columns"][0]["data_type"]] for table in tables} == {
        "orders_db": ["id", "bigint"],
        "payments": ["at", "timestamptz"],
    }


@pytest.mark.parametrize(
    ("port", "kind"),
    [
        ({"type": "batch", "path": "a", "format": "csv", "columns": {"id": "long"}}, "csv"),
        ({"type": "data-product", "product": "orders.orders.v1"}, "iceberg"),
        ({"type": "kafka", "format": "avro"}, "kafka"),
        ({"type": "postgres-cdc"}, "postgres"),
    ],
)
def test_a_port_says_what_its_rows_come_as(port: dict[str, Any], kind: str) -> None:
    assert options(InputPort(name="it", **port)).kind == kind
