"""Who reads a product is told alike wherever somebody asks: also within a domain, where no port says so."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from mesh_orchestration.catalog.project import project
from mesh_orchestration.catalog.store import open_catalog
from mesh_orchestration.contract.mesh import load_mesh
from mesh_orchestration.settings import Settings
from tests.builders import mesh_at, product
from tests.cli.mesh import mesh
from tests.impact.meshes import files
from tests.web.api.client import Visitor, visitor
from tests.web.pages2.reading import markup, read

LINES, BASKETS, REVENUE = "orders.order_lines.v1", "orders.baskets.v1", "billing.revenue.v1"
BOARD = """exposures:
  - name: weekly
    type: dashboard
    url: https://bi.example.com/weekly
    owner: {email: ann@example.com}
    depends_on: ["ref('order_lines')"]
"""
PORT = {"name": "lines", "type": "data-product", "product": LINES}


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Baskets are made of lines by a model of their domain, revenue through a port of another one; a board reads
    them too."""
    root = tmp_path_factory.mktemp("readers")
    settings = mesh_at(root, product(LINES), product(BASKETS), product(REVENUE, inputs=[PORT]))
    files(
        root,
        "orders",
        models__order_lines___sql="select '1' as order_id, 1 as amount, now() as event_ts",
        models__baskets___sql="select * from {{ ref('order_lines') }}",
        models__boards___yml=BOARD,
    )
    files(root, "billing", models__revenue___sql="select * from {{ source('landing', 'lines') }}")
    with open_catalog(settings) as catalog:
        project(settings, catalog, load_mesh(settings))
    return settings


@pytest.fixture(scope="module")
def pages(shop: Settings) -> Iterator[Visitor]:
    with visitor(shop) as client:
        client.headers["Accept"] = "text/html"
        yield client


def test_the_command_names_all_and_says_who_is_inside(shop: Settings) -> None:
    board = "orders.weekly (dashboard)"
    assert f"Read by: {REVENUE}, {BASKETS} (inside the domain), {board}." in mesh(shop, "show", LINES).out


def test_pages_and_the_interface_name_all(pages: Visitor) -> None:
    shown = pages.get(f"/v1/products/{LINES}").json()
    assert (shown["read_by"], [one["name"] for one in shown["exposures"]]) == ([REVENUE, BASKETS], ["orders.weekly"])
    said = read(pages, f"/products/{LINES}")
    assert f"baskets inside the domain {BASKETS}" in said
    assert f"revenue {REVENUE}" in said
    assert "orders.weekly dashboard ann@example.com" in said
    assert 'href="https://bi.example.com/weekly"' in markup(pages, f"/products/{LINES}")
    assert f"{REVENUE}, {BASKETS} inside the domain" in read(pages, f"/impact?product={LINES}")
    counted = re.search(rf'href="/products/{LINES}".*?</tr>', markup(pages, "/"), re.DOTALL)
    assert counted
    assert "2 products" in counted[0]


def test_the_map_of_products_connects_them(pages: Visitor) -> None:
    page = markup(pages, "/lineage")
    for reader in (BASKETS, REVENUE):
        assert f'data-source="dataset:mesh:{LINES}" data-target="dataset:mesh:{reader}"' in page
