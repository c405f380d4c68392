"""``mesh catalog`` as a person runs it, on a mesh that ran once well and once badly."""

from __future__ import annotations

import shutil
from pathlib import Path

import dagster as dg
import pytest

from mesh_orchestration.catalog.publications import publications
from mesh_orchestration.catalog.store import Catalog, open_catalog
from mesh_orchestration.orchestration.instance import open_instance
from mesh_orchestration.orchestration.platform_catalog import catalog_sensor
from mesh_orchestration.orchestration.run import run
from mesh_orchestration.settings import Settings
from tests.builders import settings_at
from tests.catalog.products.held import everything
from tests.cli.mesh import mesh, mesh_each
from tests.orchestration.shop import land

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def ran(parsed_shop: Path, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A shop that published once, whose second batch then broke the contract of orders, and was read once."""
    settings = settings_at(shutil.copytree(parsed_shop, tmp_path_factory.mktemp("catalog") / "shop"))
    with open_instance(settings) as instance:
        assert run(settings, instance=instance).ok
        land(settings, "day2", "4,\n5,\n6,\n")
        assert not run(settings, ["orders"], instance=instance).ok
    assert mesh(settings, "query", "select count(*) from orders.order_lines").code == 0
    return settings


@pytest.fixture
def own(ran: Settings, tmp_path: Path) -> Settings:
    """The same mesh with a catalog of its own."""
    shutil.copytree(ran.root / "contracts", tmp_path / "contracts")
    (tmp_path / "workspace.yaml").touch()
    shutil.copy(ran.root / "dagster.yaml", tmp_path)
    settings = settings_at(tmp_path)
    for folder in ("decisions", "dagster"):
        shutil.copytree(ran.home / folder, settings.home / folder)
    lake = {f"PYICEBERG_CATALOG__MESH__{name.upper()}": value for name, value in ran.catalog_properties.items()}
    return settings_at(tmp_path, **lake)


def test_the_sensor_brings_in_publications_their_cost_and_the_reads(own: Settings) -> None:
    with open_instance(own) as instance:
        first = catalog_sensor(own)(dg.build_sensor_context(instance=instance))
        second = catalog_sensor(own)(dg.build_sensor_context(instance=instance))
    assert first.skip_message == ("2 contracts, 3 publications, 1 reads, 3 run times and 2 things to find are new")
    assert second.skip_message.startswith("0 contracts, 0 publications, 0 reads, 0 run times and 0 things")
    with open_catalog(own) as catalog, catalog.reading() as conn:
        attempts = publications(conn, "orders.order_lines.v1").publications
    assert [one.published for one in attempts] == [False, True]
    assert all(one.seconds for one in attempts)


def test_a_rebuilt_catalog_says_what_the_deleted_one_said(own: Settings) -> None:
    first = mesh(own, "catalog", "rebuild", "--json")
    assert first.code == 0, first.err
    told = first.json
    assert (told["projected"]["attempts"], told["timed"]) == (3, 3)
    assert told["events"] == told["new_events"] > 10
    with open_catalog(own) as catalog:
        before = everything(catalog)
        assert {row[0] for row in before["search_document"]} == {"dataset", "job", "product"}
    shutil.rmtree(Catalog.place.path(own).parent)
    again = mesh(own, "catalog", "rebuild")
    assert again.code == 0, again.err
    assert again.out.startswith("2 contracts, 3 publications, 1 reads, 3 run times")
    with open_catalog(own) as catalog:
        assert everything(catalog) == before
    third = mesh(own, "catalog", "rebuild", "--json")
    assert third.json["new_events"] == 0
    with open_catalog(own) as catalog:
        assert everything(catalog) == before


def test_people_find_products_and_see_how_the_catalog_stands(own: Settings) -> None:
    behind, _, found, typo, nothing, wrong, standing = mesh_each(
        own,
        ("catalog", "status"),
        ("catalog", "rebuild"),
        ("catalog", "search", "amount", "--domain", "billing", "--json"),
        ("catalog", "search", "revnue"),
        ("catalog", "search", "zzzzzz"),
        ("catalog", "search", "amount", "--kind", "table"),
        ("catalog", "status", "--json"),
    )
    assert (behind.code, "behind billing.revenue.v1" in behind.out) == (1, True)
    assert [hit["key"] for hit in found.json["hits"]] == ["billing.revenue.v1"]
    assert typo.out.startswith("nothing is called revnue; found for revenue:")
    assert (nothing.code, nothing.out) == (1, "nothing found\n")
    assert wrong.code == 2
    assert "product, dataset, job" in wrong.err
    assert (standing.code, standing.json["counts"]["products"]) == (0, 2)
