"""Documents from plain facts: names, facets and states, each held against the schemas."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from mesh_orchestration.contract.mesh import load_mesh
from mesh_orchestration.contract.model import DataProduct
from mesh_orchestration.lineage.atlas import Atlas
from mesh_orchestration.lineage.events import Parent, Task, audit_events, run_event, task_events
from mesh_orchestration.lineage.facets import OWN_FACETS, own_schema
from mesh_orchestration.lineage.names import Name, Places, parent_id, task_id
from mesh_orchestration.lineage.quality import Checked
from tests.builders import mesh_at, product, settings_at
from tests.lineage.spec import facets, problems

KEY, PORT = ("orders", "orders", "v1"), ("orders", "input", "till")
PARENT = Parent("6b1f0a52-93a4-4a8e-9d9e-0b1f6f6f5a11", "orders.assets", "1.13", "2026-11-21T06:00:00+00:00")
FILES = {"type": "batch", "path": "till/*.csv", "format": "csv", "columns": {"id": "long"}, "names": {"id": "Line ID"}}
PEOPLE = {"id": {"type": "string", "pii": "email", "masking": "hash"}, "age": "integer"}


def atlas(root: Path, *products: DataProduct, **environ: str) -> Atlas:
    settings = mesh_at(root, *products, **environ)
    return Atlas(settings, load_mesh(settings), lambda domain: {})


def task(key: tuple[str, ...] = KEY, **said: Any) -> Task:
    return Task(key, PARENT, "step", 1.0, 2.0, **said)


def by_word(document: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    return {where.rsplit(".", 1)[-1]: facet for where, facet in facets(document)}


def test_ids_are_uuids_that_repeat_and_differ_by_run_step_asset_and_role() -> None:
    assert parent_id(PARENT.run_id) == PARENT.run_id
    assert parent_id("nightly") == parent_id("nightly")
    assert task_id("r", "s", KEY) == task_id("r", "s", KEY)
    ids = {
        task_id(run, step, key, role=role) for run in "ab" for step in "st" for key in (KEY, PORT) for role in ("", "x")
    }
    assert len(ids) == 16


def test_a_purged_run_and_a_scheduled_one_are_told_by_what_is_known(tmp_path: Path) -> None:
    made = atlas(tmp_path, product("orders.orders.v1"))
    started = run_event(made, PARENT, "START", at=1.0)
    failed = run_event(made, Parent("gone", "assets", "1.13"), "FAIL", at=2.0, error="the disk is full")
    assert [problems(one) for one in (started, failed)] == [[], []]
    assert by_word(started)["nominalTime"]["nominalStartTime"] == PARENT.scheduled
    assert by_word(failed)["errorMessage"]["message"] == "the disk is full"


@pytest.mark.parametrize("state", ["COMPLETE", "FAIL", "ABORT"])
def test_a_publication_names_mart_and_product_in_every_state(tmp_path: Path, state: Any) -> None:
    made = atlas(tmp_path, product("orders.orders.v1", fields=PEOPLE, sla={"freshness": "1h", "availability": "99%"}))
    for document in task_events(made, task(state=state, error="" if state == "COMPLETE" else "no")):
        assert problems(document) == []
        assert [one["name"] for one in document["inputs"]] == ["orders_engine.orders.orders"]
        assert [one["name"] for one in document["outputs"]] == ["orders.orders.v1"]
        assert set(document["outputs"][0]["facets"]["columnLineage"]["fields"]) == {"id", "age"}


def test_personal_columns_are_tagged_with_their_masks(tmp_path: Path) -> None:
    started, _ = task_events(atlas(tmp_path, product("orders.orders.v1", fields=PEOPLE)), task())
    tags = [tag for tag in by_word(started)["tags"]["tags"] if tag.get("field") == "id"]
    assert [(tag["key"], tag["value"]) for tag in tags] == [("pii", "email"), ("mask", "hash")]


def test_a_publication_is_believed_about_the_contract_and_policies_it_ran_under(tmp_path: Path) -> None:
    said = {
        "mesh/contract_version": "1.4.0",
        "mesh/contract_hash": "ab",
        "mesh/policy_hash": "cd",
        "mesh/decision": "7",
    }
    _, ended = task_events(atlas(tmp_path, product("orders.orders.v1")), task(said=said))
    found = by_word(ended)
    assert problems(ended) == []
    assert (found["mesh_contract"]["contractVersion"], found["mesh_contract"]["contractHash"]) == ("1.4.0", "ab")
    assert (found["mesh_policy"]["policyHash"], found["mesh_policy"]["decision"]) == ("cd", "7")


def test_an_ingestion_reads_files_under_the_names_they_use(tmp_path: Path) -> None:
    made = atlas(tmp_path, product("orders.orders.v1", inputs=[{"name": "till", **FILES}]))
    said = {"mesh/rows_landed": 3, "mesh/batches": ["till/a.csv", "till/b.csv"]}
    _, ended = task_events(made, task(PORT, said=said))
    (read,), (written,) = ended["inputs"], ended["outputs"]
    assert problems(ended) == []
    assert (read["namespace"], read["name"]) == ("file", str(made.settings.landing_dir / "till/*.csv"))
    assert read["inputFacets"]["inputStatistics"]["rowCount"] == 3
    assert read["inputFacets"]["subset"]["inputCondition"]["locations"] == ["till/a.csv", "till/b.csv"]
    assert written["facets"]["columnLineage"]["fields"]["id"]["inputFields"][0]["field"] == "Line ID"


def test_sources_are_named_by_where_they_are_and_never_by_who_reads_them(tmp_path: Path) -> None:
    ports = [
        {"name": "clicks", "type": "kafka", "topic": "web.clicks", "connection": "web"},
        {"name": "crm", "type": "postgres-cdc", "table": "people"},
    ]
    environ = {
        "MESH_KAFKA_BOOTSTRAP_WEB": "broker:9092,other:9092",
        "MESH_SOURCE_CRM_URL": "postgresql://reader:secret@db.example.org/crm",
        "MESH_ENGINE": "postgresql",
        "MESH_POSTGRES_URL": "postgresql://mesh:secret@127.0.0.1:5433/lake",
        "PYICEBERG_CATALOG__MESH__URI": "https://user:secret@lake.example.org/catalog?token=secret",
        "OPENLINEAGE_NAMESPACE": "shop",
    }
    contract = product("orders.orders.v1", inputs=ports)
    places = Places(settings_at(tmp_path, **environ))
    clicks, crm = contract.inputs
    assert places.source(clicks) == Name("kafka://broker:9092", "web.clicks")
    assert places.source(crm) == Name("postgres://db.example.org:5432", "crm.public.people")
    assert places.relation("orders", "orders") == Name("postgres://127.0.0.1:5433", "lake.orders.orders")
    assert places.table(contract.address) == Name("https://lake.example.org/catalog", "orders.orders_v1")
    assert places.product(contract.address) == Name("shop", "orders.orders.v1")
    unset = Places(settings_at(tmp_path, MESH_ENGINE="postgresql"))
    assert unset.source(clicks) == Name("kafka://web", "web.clicks")
    assert unset.source(crm) == Name("postgres://crm", "public.people")
    assert unset.relation("orders", "orders") == Name("postgres", "orders.orders.orders")


def test_an_audit_tells_verdicts_and_measures_but_no_personal_value(tmp_path: Path) -> None:
    checks = (
        Checked("lowest", True, "error", 1.5, {"expectation": "expect_column_min_to_be_between", "column": "age",
                "observed_value": 18, "rows": 9}),
        Checked("longest", True, "warn", 1.6, {"expectation": "expect_column_max_to_be_between", "column": "id",
                "observed_value": 77, "rows": 9, "sample": ["ann@example.com"]}),
        Checked("present", False, "error", 1.7, {"expectation": "expect_column_values_to_not_be_null", "column": "id",
                "unexpected_count": 2, "threshold": 0.99, "observed_value": float("nan")}),
    )  # fmt: skip
    made = atlas(tmp_path, product("orders.orders.v1", fields=PEOPLE))
    for document in audit_events(made, task(), checks):
        assert problems(document) == []
    found = by_word(document)
    assert found["dataQualityMetrics"]["columnMetrics"] == {"age": {"min": 18}, "id": {"nullCount": 2}}
    assert (found["mesh_verdicts"]["passed"], found["mesh_verdicts"]["failed"], found["mesh_verdicts"]["blocked"]) == (
        2,
        1,
        True,
    )
    assert "ann@example.com" not in json.dumps(document)
    assert "77" not in json.dumps(document["inputs"][0]["inputFacets"])


def test_the_schemas_of_our_facets_are_published_with_the_docs() -> None:
    docs = Path(__file__).parents[2] / "docs" / "lineage"
    published = {path.name: json.loads(path.read_text()) for path in docs.glob("*.json")}
    assert published == {f"{next(iter(own_schema(word)['$defs']))}.json": own_schema(word) for word in OWN_FACETS}


def test_the_check_against_the_schemas_finds_what_is_wrong(tmp_path: Path) -> None:
    started, _ = task_events(atlas(tmp_path, product("orders.orders.v1")), task())
    started["run"]["runId"] = 7
    started["outputs"][0]["facets"]["mesh_contract"].pop("contractHash")
    assert [found.split(":")[0] for found in problems(started)] == ["event", "outputs[0].facets.mesh_contract"]
