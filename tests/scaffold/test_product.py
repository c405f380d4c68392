"""A new product of each pattern: its contract has no findings and what follows from it is generated."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from mesh_orchestration.compile import files
from mesh_orchestration.contract.lint import lint
from mesh_orchestration.contract.loader import dump_product
from mesh_orchestration.contract.mesh import load_mesh
from mesh_orchestration.contract.model import DataProduct
from mesh_orchestration.errors import ContractError, MeshError, SourceError
from mesh_orchestration.scaffold.names import AnswerError
from mesh_orchestration.scaffold.product import new_product
from mesh_orchestration.settings import Settings
from tests.builders import product
from tests.scaffold.meshes import RETURNS, add, empty_mesh, files_in, returns_file


@pytest.fixture
def mesh(tmp_path: Path) -> Settings:
    return empty_mesh(tmp_path / "mesh")


@pytest.fixture(scope="module")
def drafted(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A mesh with a product made of a CSV file; for tests that only look."""
    folder = tmp_path_factory.mktemp("drafted")
    settings = empty_mesh(folder / "mesh")
    add(settings, origin=str(returns_file(folder)), sla="hourly", roles="analyst")
    return settings


def made(settings: Settings, address: str) -> DataProduct:
    """The product as the mesh loads it, once nothing is found in it and nothing generated is stale."""
    loaded = load_mesh(settings)
    assert (lint(settings), files.stale(loaded, settings.root)) == ((), ())
    return loaded.product(address)


def test_a_csv_file_becomes_a_product_with_its_columns_key_and_masks(drafted: Settings) -> None:
    contract = made(drafted, "returns.returned_items")
    assert {field.name: (field.type, field.mask) for field in contract.fields} == {
        "return_id": ("long", None),
        "customer_email": ("string", "hash"),
        "reason": ("string", None),
        "amount": ("double", None),
        "returned_at": ("timestamptz", None),
    }
    assert contract.primary_key == ("return_id",)
    assert (contract.owner, contract.spec.sla.freshness, contract.spec.access.roles) == (
        "team:returns", "1h", ("analyst",)
    )  # fmt: skip


def test_the_file_is_delivered_to_the_landing_folder(drafted: Settings) -> None:
    assert (drafted.landing_dir / "returns" / "returned_items" / "returns.csv").read_text() == RETURNS


@pytest.mark.slow
def test_a_file_that_lies_in_the_landing_folder_stays_where_it_is(mesh: Settings) -> None:
    path = returns_file(mesh.landing_dir / "shop")
    add(mesh, origin=str(path))
    assert made(mesh, "returns.returned_items").inputs[0].options["path"] == "shop/*.csv"
    assert [file.name for file in mesh.landing_dir.rglob("*.csv")] == ["returns.csv"]


def test_the_location_of_a_domain_comes_with_its_first_product(mesh: Settings, drafted: Settings) -> None:
    before, after = ((one.root / "workspace.yaml").read_text() for one in (mesh, drafted))
    assert ("attribute: returns" in before, after.count("attribute: returns")) == (False, 1)


@pytest.mark.slow
def test_names_that_are_no_identifiers_are_spelled_anew(mesh: Settings, tmp_path: Path) -> None:
    table = pa.table({"Return ID": [1, 2], "order": ["a", "b"], "OrderDay": pa.array([1, 2], pa.date32())})
    pq.write_table(table, tmp_path / "odd.parquet")
    add(mesh, "returns.odd", origin=str(tmp_path / "odd.parquet"), key="return_id")
    contract = made(mesh, "returns.odd")
    assert [field.name for field in contract.fields] == ["return_id", "order", "order_day"]
    staging = (mesh.root / "dbt_projects/returns/models/staging/stg_files__odd.sql").read_text()
    assert '        "order",  -- noqa: RF06\n' in staging


@pytest.mark.slow
def test_a_product_of_another_product_takes_its_columns_and_masks(mesh: Settings, tmp_path: Path) -> None:
    add(mesh, origin=str(returns_file(tmp_path)))
    add(mesh, "returns.report", origin="returns.returned_items")
    upstream, report = (made(mesh, name) for name in ("returns.returned_items", "returns.report"))
    assert report.inputs[0].options == {"product": "returns.returned_items.v1"}
    assert {f.name: (f.type, f.mask) for f in report.fields} == {f.name: (f.type, f.mask) for f in upstream.fields}


@pytest.mark.slow
def test_a_second_reader_of_a_product_uses_the_siblings_port(mesh: Settings, tmp_path: Path) -> None:
    add(mesh, fields="id:long")
    add(mesh, "returns.first", origin="returns.returned_items")
    add(mesh, "returns.second", origin="returns.returned_items")
    assert made(mesh, "returns.second").spec.inputs == ("returns_returned_items",)


@pytest.mark.slow
def test_a_changed_table_is_read_by_its_change_log(mesh: Settings) -> None:
    add(mesh, pattern="postgres-cdc", table="shop.returns", fields="id:long, changed_at:timestamptz", pii="id:hash")
    contract = made(mesh, "returns.returned_items")
    assert (contract.inputs[0].type, contract.inputs[0].options["key"]) == ("postgres-cdc", ["id"])


@pytest.mark.slow
@pytest.mark.parametrize(("key", "mode"), [("id", "upsert"), ("", "append")])
def test_a_topic_is_read_by_key_or_message_by_message(mesh: Settings, key: str, mode: str) -> None:
    add(mesh, pattern="kafka", topic="shop.returns", fields="id:long, total:decimal(10,2)", key=key)
    contract = made(mesh, "returns.returned_items")
    assert (contract.inputs[0].options["mode"], contract.primary_key) == (mode, (key,) if key else ())


@pytest.mark.slow
def test_a_contract_lends_its_columns_to_a_new_product(mesh: Settings, tmp_path: Path) -> None:
    path = tmp_path / "contracts" / "orders" / "order_lines" / "v1.yaml"
    path.parent.mkdir(parents=True)
    path.write_text(dump_product(product("orders.order_lines.v1")))
    add(mesh, origin=str(path))
    assert [field.name for field in made(mesh, "returns.returned_items").fields] == ["order_id", "amount", "event_ts"]


@pytest.mark.slow
def test_the_next_major_stands_beside_the_first(mesh: Settings, tmp_path: Path) -> None:
    file = str(returns_file(tmp_path))
    add(mesh, origin=file)
    add(mesh, "returns.returned_items.v2", origin=file)
    assert made(mesh, "returns.returned_items.v2").model == "returned_items_v2"


def test_the_sample_keeps_the_contract_and_the_folder_of_the_port(drafted: Settings) -> None:
    sample = drafted.root / "dbt_projects/returns/sample/returns/returned_items/sample.csv"
    header, *rows = sample.read_text().splitlines()
    assert (header, len(rows)) == (RETURNS.splitlines()[0], 5)


def test_what_was_answered_is_recorded(drafted: Settings) -> None:
    path = drafted.root / "dbt_projects/returns/.copier-answers.returned_items.v1.yml"
    recorded = yaml.safe_load(path.read_text())
    assert recorded["answers"]["description"] == "One row per returned item."
    assert all((drafted.root / name).read_text() == text for name, text in recorded["rendered"].items())


@pytest.mark.slow
@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"pii": "reasn"}, "pii: 'reasn' is not a column; did you mean 'reason'"),
        ({"pii": "reason:hide"}, "pii: 'hide' is not a mask"),
        ({"key": "id"}, "key: 'id' is not a column"),
        ({"sla": "yearly"}, "yearly"),
        ({"description": "Items."}, "begin with the grain"),
        ({"owner": "me"}, "neither an e-mail"),
        ({"pattern": "ftp"}, "ftp"),
    ],
)
def test_a_wrong_answer_is_explained(mesh: Settings, tmp_path: Path, given: dict[str, str], said: str) -> None:
    with pytest.raises(AnswerError, match=said):
        new_product(mesh, "returns.returned_items", {"origin": str(returns_file(tmp_path))} | given)


@pytest.mark.parametrize(
    ("fields", "said"),
    [("id:lng", "did you mean 'long'"), ("Id:long", "is not name:type"), ("a:long, a:long", "a is named twice")],
)
def test_wrong_fields_are_explained(mesh: Settings, fields: str, said: str) -> None:
    with pytest.raises(AnswerError, match=said):
        new_product(mesh, "returns.returned_items", {"fields": fields, "key": ""})


def test_a_file_that_cannot_be_landed_as_drafted_writes_nothing(mesh: Settings, tmp_path: Path) -> None:
    before = files_in(mesh.root)
    broken = tmp_path / "broken.parquet"
    broken.write_bytes(b"PAR1 not parquet PAR1")
    with pytest.raises(SourceError, match="cannot be read"):
        new_product(mesh, "returns.returned_items", {"origin": str(broken)})
    assert files_in(mesh.root) == before


@pytest.mark.slow
def test_a_model_in_the_way_writes_nothing(mesh: Settings) -> None:
    mart = mesh.root / "dbt_projects/returns/models/marts/returned_items.sql"
    mart.parent.mkdir(parents=True)
    mart.write_text("select 1 as ours\n")
    before = files_in(mesh.root)
    with pytest.raises(MeshError, match=r"marts/returned_items\.sql is there already"):
        add(mesh, fields="id:long")
    assert files_in(mesh.root) == before


@pytest.mark.slow
def test_a_domain_with_findings_must_be_mended_first(mesh: Settings) -> None:
    add(mesh, fields="id:long")
    contract = mesh.root / "contracts/returns/returned_items/v1.yaml"
    contract.write_text(contract.read_text().replace("type: long", "type: lng"))
    with pytest.raises(ContractError, match="'lng' is not a type"):
        new_product(mesh, "returns.other", {"fields": "id:long"})
