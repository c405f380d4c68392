"""Columns told from the text of the models, against Dagster's own lineage of what dbt compiled and built."""

from __future__ import annotations

from pathlib import Path

import dagster as dg
import pytest

from mesh_orchestration.contract.mesh import Mesh, load_mesh
from mesh_orchestration.contract.ports import options, upstream
from mesh_orchestration.engines.base import engine_for
from mesh_orchestration.engines.columns import Column
from mesh_orchestration.impact.domain import DomainReading
from mesh_orchestration.orchestration import dbt
from mesh_orchestration.orchestration.columns import ColumnLineage, read_relations
from mesh_orchestration.orchestration.dbt_assets import DomainTranslator
from mesh_orchestration.orchestration.manifest import ensure_manifest
from mesh_orchestration.settings import Settings
from tests.orchestration.shop import REPOSITORY

pytestmark = pytest.mark.slow
DOMAINS = ("billing", "customers", "engagement", "inventory", "orders", "products")
BESIDE_THE_LEDGER = {"orders": {"stg_pos__transactions"}, "engagement": {"stg_marketing__promotions"}}
"""Models that read the landing ledger, which dbt does not know: Dagster tells no columns of these."""
Lineage = dict[str, dict[str, set[tuple[str, str]]]]


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return Settings(REPOSITORY, tmp_path_factory.mktemp("home"))


def land_nothing(settings: Settings, mesh: Mesh, domain: str) -> None:
    """Create the domain's landing tables and its ledger, without a row."""
    with engine_for(settings, domain) as engine:
        for name, port in mesh.ports(domain).items():
            source = upstream(port)
            fields = mesh.products[source].fields if source else ()
            declared = [Column.parse(*column) for column in options(port).declared.items()]
            engine.prepare(name, [Column.of(field) for field in fields] or declared)


def by_dagster(settings: Settings, mesh: Mesh, domain: str, target: Path) -> Lineage:
    """What Dagster says of every model of the domain, once dbt has built it from empty tables."""
    land_nothing(settings, mesh, domain)
    project = ensure_manifest(settings, domain)
    outcome = dbt.invoke(settings, project, ["run"], target=target, listen=lambda _: None)
    assert outcome.success, outcome.error
    nodes = {key: node for key, node in project.manifest()["nodes"].items() if node["resource_type"] == "model"}
    with engine_for(settings, domain) as engine:
        relations = read_relations(engine, [node["alias"] for node in nodes.values()])
    reading = ColumnLineage(project, DomainTranslator(domain, mesh.of(domain)), relations)
    found: Lineage = {}
    for key, node in nodes.items():
        lineage = reading.metadata(key, target).get("dagster/column_lineage", dg.TableColumnLineage({}))
        found[node["name"]] = {
            column: {(relation(dep.asset_key), dep.column_name) for dep in deps}
            for column, deps in lineage.deps_by_column.items()
        }
    return found


def relation(key: dg.AssetKey) -> str:
    _, kind, name = key.path
    return f"landing__{name}" if kind == "input" else name


def by_text(settings: Settings, mesh: Mesh, domain: str) -> Lineage:
    """The same from the text alone; the ledger and the model itself are no assets to Dagster."""
    models = DomainReading(mesh, settings.root, domain, None).models
    own = {*models, *(f"landing__{name}" for name in mesh.ports(domain))}
    return {
        name: {
            column: {(one.relation, one.column) for one in origins if one.relation in own - {name}}
            for column, origins in model.columns.named.items()
        }
        for name, model in models.items()
    }


@pytest.mark.parametrize("domain", DOMAINS)
def test_both_find_the_same_columns_behind_every_column_of_every_model(
    example: Settings, tmp_path: Path, domain: str
) -> None:
    mesh = load_mesh(example)
    text, dagster = by_text(example, mesh, domain), by_dagster(example, mesh, domain, tmp_path)
    assert {name for name, columns in dagster.items() if not columns} == BESIDE_THE_LEDGER.get(domain, set())
    assert text == dagster | {name: text[name] for name in BESIDE_THE_LEDGER.get(domain, ())}
