"""Dashboards: what Grafana needs of each is there, and nothing lies on top of another."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from mesh_orchestration.contract.mesh import load_mesh
from mesh_orchestration.monitoring.dashboards import dashboard_files
from mesh_orchestration.monitoring.metrics import DEFINITIONS, REQUEST_SECONDS, REQUESTS
from tests.builders import mesh_at, product

SLA = {"freshness": "1h", "availability": 0.99, "throughput": "1000 rows/h"}


@pytest.fixture(scope="module")
def dashboards(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Those of a domain with one product and of one with five, which are folded."""
    many = [product(f"billing.product_{number}.v1", sla=SLA) for number in range(5)]
    settings = mesh_at(tmp_path_factory.mktemp("mesh"), product(sla=SLA), *many)
    return {name: json.loads(text) for name, text in dashboard_files(settings, load_mesh(settings)).items()}


def panels(dashboard: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Every panel and row, those in folded rows too."""
    for panel in dashboard["panels"]:
        yield panel
        yield from panel.get("panels", ())


def test_there_is_one_of_the_mesh_and_one_a_domain(dashboards: dict[str, Any]) -> None:
    assert {name: said["uid"] for name, said in dashboards.items()} == {
        "mesh.json": "mesh",
        "domain-billing.json": "mesh-billing",
        "domain-orders.json": "mesh-orders",
    }


def test_every_panel_has_a_number_of_its_own_and_a_source(dashboards: dict[str, Any]) -> None:
    for said in dashboards.values():
        numbers = [panel["id"] for panel in panels(said)]
        assert len(numbers) == len(set(numbers))
        for panel in panels(said):
            assert panel["type"] == "row" or panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}


def test_no_panel_lies_on_another_or_off_the_page(dashboards: dict[str, Any]) -> None:
    for said in dashboards.values():
        for page in (said["panels"], *(panel["panels"] for panel in said["panels"] if panel.get("panels"))):
            places = [panel["gridPos"] for panel in page]
            assert all(place["x"] + place["w"] <= 24 for place in places)
            assert not [pair for pair in combinations(places, 2) if _overlap(*pair)]


def _overlap(one: dict[str, int], other: dict[str, int]) -> bool:
    return (
        one["x"] < other["x"] + other["w"]
        and other["x"] < one["x"] + one["w"]
        and one["y"] < other["y"] + other["h"]
        and other["y"] < one["y"] + one["h"]
    )


def test_a_domain_of_many_products_is_folded(dashboards: dict[str, Any]) -> None:
    folded = {name: [panel["collapsed"] for panel in said["panels"] if panel["type"] == "row"]
              for name, said in dashboards.items()}  # fmt: skip
    assert folded["domain-orders.json"] == [False, False]
    assert folded["domain-billing.json"] == [False, *[True] * 5]


def test_every_promise_of_a_contract_has_its_panel(dashboards: dict[str, Any]) -> None:
    titles = [panel["title"] for panel in panels(dashboards["domain-orders.json"])]
    assert {"Freshness: 1h", "Availability: 99%", "Throughput: 1,000 rows/h"} <= set(titles)


def test_queries_name_only_metrics_that_there_are(dashboards: dict[str, Any]) -> None:
    known = {*DEFINITIONS, REQUESTS, f"{REQUEST_SECONDS}_bucket"}
    for said in dashboards.values():
        asked = [target["expr"] for panel in panels(said) for target in panel.get("targets", ())]
        assert set(re.findall(r"\bmesh_\w+", " ".join(asked))) <= known


def test_a_domain_with_a_long_name_gets_a_short_uid(tmp_path: Path) -> None:
    settings = mesh_at(tmp_path, product(f"{'a' * 40}.thing.v1"))
    names = {name: json.loads(text)["uid"] for name, text in dashboard_files(settings, load_mesh(settings)).items()}
    assert len(names[f"domain-{'a' * 40}.json"]) <= 40


def test_what_the_example_deploys_follows_from_its_contracts() -> None:
    from mesh_orchestration.monitoring.dashboards import WRITTEN_BY
    from mesh_orchestration.monitoring.rules import HEADER, rule_files
    from mesh_orchestration.monitoring.written import stale
    from mesh_orchestration.settings import Settings

    root = Path(__file__).parents[2]
    settings = Settings(root=root, home=root / ".mesh")
    mesh, deployed = load_mesh(settings), root / "deploy" / "monitoring"
    assert stale(deployed / "rules", rule_files(settings, mesh), mark=HEADER) == ()
    assert stale(deployed / "dashboards", dashboard_files(settings, mesh), mark=WRITTEN_BY) == ()
