"""Registering a contract, in any form, and reading what the mesh holds as JSON."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from mesh_orchestration.catalog.project import write_contracts
from mesh_orchestration.catalog.store import open_catalog
from mesh_orchestration.contract.dialects import write
from mesh_orchestration.contract.mesh import load_mesh
from mesh_orchestration.settings import Settings
from tests.builders import contract, contract_text, mesh_at, product
from tests.web.api.client import ELSEWHERE, Visitor, visitor

ORDERS = "orders.order_lines.v1"
POLICIES = Path(__file__).resolve().parents[3] / "policies"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return mesh_at(tmp_path)


@pytest.fixture
def client(settings: Settings) -> Iterator[Visitor]:
    with visitor(settings) as found:
        yield found


def test_a_contract_is_registered_once(client: Visitor) -> None:
    first = client.post("/v1/products", content=contract_text(ORDERS))
    again = client.post("/v1/products", content=contract_text(ORDERS))
    assert (first.status_code, again.status_code) == (201, 200)
    assert {name: first.json()[name] for name in ("address", "version", "created", "dialect", "lost")} == {
        "address": ORDERS, "version": "1.0.0", "created": True, "dialect": "native", "lost": [],
    }  # fmt: skip
    assert again.json() == {**first.json(), "created": False}


@pytest.mark.parametrize("form", ["native", "short", "odcs"])
def test_every_form_of_a_contract_is_taken_with_the_files_it_names(client: Visitor, form: str) -> None:
    written = write(product(ORDERS), form)
    files = {name: (name, text) for name, text in {"contract": written.text, **written.files}.items()}
    answer = client.post("/v1/products", files=files)
    assert (answer.status_code, answer.json()["dialect"]) == (201, form)
    assert client.get(f"/v1/products/{ORDERS}").json()["version"] == "1.0.0"


@pytest.mark.parametrize(
    ("parts", "status"),
    [
        ({"contrct": ("c", contract_text())}, 400),
        ({"contract": ("c", contract_text()), "../escaped": ("e", "x")}, 422),
        ({"contract": ("c", contract_text()), "/tmp/mesh-escaped": ("e", "x")}, 422),
        ({"contract": ("c", contract_text()), "a" * 300: ("e", "x")}, 422),
    ],
)
def test_a_form_that_cannot_be_is_refused(client: Visitor, parts: dict[str, tuple[str, str]], status: int) -> None:
    assert client.post("/v1/products", files=parts).status_code == status


def test_json_is_taken_too(client: Visitor) -> None:
    assert client.post("/v1/products", json=contract(ORDERS)).status_code == 201


def test_a_registered_product_is_listed_and_shown_with_its_contract(client: Visitor) -> None:
    client.post("/v1/products", content=contract_text(ORDERS, tags=["sales"]))
    client.post("/v1/products", content=contract_text("billing.invoices.v1"))
    listed = client.get("/v1/products", params={"tag": "sales"}).json()
    assert ([one["address"] for one in listed["products"]], listed["total"]) == ([ORDERS], 1)
    shown = client.get("/v1/products/orders.order_lines").json()
    assert shown["contract"]["spec"]["owner"] == "team:orders"
    assert [one["name"] for one in shown["columns"]] == ["order_id", "amount", "event_ts"]
    assert [one["version"] for one in shown["versions"]] == ["1.0.0"]


def test_a_new_version_takes_the_place_of_the_old_one(client: Visitor) -> None:
    client.post("/v1/products", content=contract_text(ORDERS))
    answer = client.post("/v1/products", content=contract_text(ORDERS, version="1.0.1", owner="team:sales"))
    assert (answer.status_code, answer.json()["created"]) == (201, False)
    shown = client.get(f"/v1/products/{ORDERS}").json()
    assert (shown["version"], shown["owner"], len(shown["versions"])) == ("1.0.1", "team:sales", 2)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"owner": "team:sales"}, "1.0.0"),
        ({"version": "1.0.1", "fields": {"order_id": "string"}}, "2.0.0"),
        ({"version": "1.2.0", "description": "One row per line."}, ""),
    ],
)
def test_a_version_that_contradicts_what_is_known_is_a_conflict(
    client: Visitor, changed: dict[str, object], said: str
) -> None:
    client.post("/v1/products", content=contract_text(ORDERS))
    answer = client.post("/v1/products", content=contract_text(ORDERS, **changed))
    assert (answer.status_code, said in str(answer.json())) == (409 if said else 201, True)


def test_a_contract_of_this_mesh_is_changed_in_its_file_only(tmp_path: Path) -> None:
    settings = mesh_at(tmp_path, product(ORDERS))
    with open_catalog(settings) as catalog:
        write_contracts(catalog, load_mesh(settings))
    with visitor(settings) as client:
        same = client.post("/v1/products", content=contract_text(ORDERS))
        other = client.post("/v1/products", content=contract_text(ORDERS, version="1.1.0", owner="team:sales"))
    assert (same.status_code, other.status_code) == (200, 409)
    assert "contracts/orders/order_lines/v1.yaml; change it there" in other.json()["message"]


def test_findings_have_the_lines_of_what_was_sent(client: Visitor) -> None:
    text = contract_text(ORDERS).replace("type: string", "type: strng").replace("owner:", "ownr:")
    answer = client.post("/v1/products", content=text)
    lines = text.splitlines()
    found = {one["path"]: lines[one["line"] - 1].strip() for one in answer.json()["problems"]}
    assert (answer.status_code, found["spec.schema.fields[0].type"], found["spec.ownr"]) == (
        422, "type: strng", "ownr: team:orders",
    )  # fmt: skip
    assert client.get("/v1/products").json()["total"] == 0


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 422),
        (b"- a list", 422),
        (b"{", 422),
        (b"a: &a [*a]", 422),
        (b"x: !!python/object:a", 422),
        (b"\xff\xfe", 400),
    ],
)
def test_what_is_no_contract_is_refused(client: Visitor, body: bytes, status: int) -> None:
    assert client.post("/v1/products", content=body).status_code == status


def test_a_contract_that_is_sent_reads_no_file_of_the_service(client: Visitor, settings: Settings) -> None:
    (settings.root / "secret.yaml").write_text("password: hunter2\n")
    sent = json.loads(json.dumps(contract(ORDERS)))
    sent["spec"]["schema"] = {"$ref": "../secret.yaml"}
    answer = client.post("/v1/products", json=sent)
    assert (answer.status_code, "hunter2" in answer.text) == (422, False)


def test_registering_takes_a_right_from_elsewhere(settings: Settings) -> None:
    with visitor(settings, at=ELSEWHERE) as client:
        assert client.post("/v1/products", content=contract_text(ORDERS)).status_code == 401


@pytest.mark.slow
def test_a_contract_that_the_policies_deny_is_refused_with_the_rule(tmp_path: Path) -> None:
    settings = mesh_at(tmp_path)
    shutil.copytree(POLICIES, settings.root / "policies")
    with visitor(settings) as client:
        answer = client.post("/v1/products", content=contract_text(ORDERS))
    assert (answer.status_code, "mesh policy explain" in answer.json()["problems"][0]["message"]) == (422, True)
