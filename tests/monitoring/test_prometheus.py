"""The whole of it: a mesh that ran, the service that tells of it, a Prometheus that reads it, and every panel."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from mesh_orchestration.contract.model import DataProduct, Sla
from tests.cli.mesh import mesh_each
from tests.monitoring.prometheus import Prometheus, prometheus
from tests.orchestration.shop import LINES, REVENUE, shop_at
from tests.web.service import service

pytestmark = pytest.mark.slow
SLA = Sla(freshness="1h", availability=0.99, completeness=0.9, accuracy=0.9)
COUNTED = SLA.model_copy(update={"accuracy": None})  # revenue has no check that counts rows


@dataclass(frozen=True)
class Watched:
    """A service, the Prometheus that scrapes it, and the dashboards of its mesh."""

    url: str
    prometheus: Prometheus
    dashboards: dict[str, Any]


def _promising(product: DataProduct, sla: Sla) -> DataProduct:
    return product.model_copy(update={"spec": product.spec.model_copy(update={"sla": sla})})


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    root = tmp_path_factory.mktemp("watched")
    settings = shop_at(root / "mesh", products=[_promising(LINES, SLA), _promising(REVENUE, COUNTED)])
    answers = mesh_each(
        settings,
        ("run",),
        ("query", "select count(*) from orders.order_lines"),
        ("sla",),
        ("sla",),
        ("catalog", "rebuild"),
        ("monitoring", "rules", "-o", str(root / "rules")),
        ("monitoring", "dashboards", "-o", str(root / "dashboards")),
    )
    assert [answer.code for answer in answers] == [0] * 7, answers
    rules = sorted((root / "rules").glob("*.yml"))
    with (
        service(settings, MESH_METRICS_SECONDS="0") as url,
        prometheus(root / "prometheus", url, *rules) as server,
    ):
        httpx.get(f"{url}/nothing/here")
        server.wait("count_over_time(mesh_source_up[1m]) >= 4")
        server.wait("rate(mesh_http_request_seconds_count[1m]) > 0")
        dashboards = {path.name: json.loads(path.read_text()) for path in (root / "dashboards").glob("*.json")}
        yield Watched(url, server, dashboards)


def test_every_query_of_every_panel_finds_something(watched: Watched) -> None:
    assert set(watched.dashboards) == {"mesh.json", "domain-orders.json", "domain-billing.json"}
    queries = [
        (name, panel["title"], target["expr"].replace("$__rate_interval", "1m"))
        for name, dashboard in watched.dashboards.items()
        for panel in dashboard["panels"]
        for target in panel.get("targets", ())
    ]
    assert len(queries) > 50
    assert [query for query in queries if not watched.prometheus.query(query[2])] == []


def test_prometheus_evaluates_every_rule_and_a_sound_mesh_is_silent(watched: Watched) -> None:
    watched.prometheus.wait("mesh_sla_broken == 0")
    rules = [rule for group in watched.prometheus.get("rules")["groups"] for rule in group["rules"]]
    assert {(rule["health"], rule.get("lastError", "")) for rule in rules} == {("ok", "")}
    assert [alert["labels"] for alert in watched.prometheus.get("alerts")["alerts"]] == []


def test_what_prometheus_reads_is_what_was_published(watched: Watched) -> None:
    rows = watched.prometheus.query('mesh_product_rows{domain="orders"}')
    assert [(one["metric"]["address"], one["value"][1]) for one in rows] == [("orders.order_lines.v1", "3")]
    reads = watched.prometheus.query('mesh_product_reads_total{address="orders.order_lines.v1",outcome="allowed"}')
    assert [one["value"][1] for one in reads] == ["1"]


def test_requests_are_counted_by_route_and_never_by_path(watched: Watched) -> None:
    found = watched.prometheus.query("mesh_http_requests_total")
    routes = {one["metric"]["route"] for one in found}
    assert {"/metrics", "none"} <= routes
    assert "/nothing/here" not in routes


def test_the_answer_is_what_promtool_asks_of_metrics(watched: Watched) -> None:
    text = httpx.get(f"{watched.url}/metrics", headers={"Accept": "text/plain"}).text
    done = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True, timeout=30)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")
