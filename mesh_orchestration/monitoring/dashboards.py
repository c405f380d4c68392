"""Grafana dashboards from contracts: one a domain, and one of the whole mesh."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from hashlib import sha256
from typing import Any

from mesh_orchestration.contract.mesh import Mesh
from mesh_orchestration.contract.model import DataProduct
from mesh_orchestration.monitoring import metrics
from mesh_orchestration.monitoring.panels import GOOD_BELOW_ONE, Panel, Query, Row, Step, arranged
from mesh_orchestration.settings import Settings
from mesh_orchestration.sla.promises import AT_MOST, AVAILABILITY, THROUGHPUT, Promise, promises
from mesh_orchestration.sla.report import target_share
from mesh_orchestration.sla.wording import amount

WRITTEN_BY = "Written by mesh monitoring dashboards; change the contracts instead."
_OPEN_ROWS = 3
_UID_LENGTH = 40
_STAT = (4, 4)
_BUDGET = (Step(None, "red"), Step(0, "green"))


def dashboard_files(settings: Settings, mesh: Mesh) -> dict[str, str]:
    """The dashboards by file name; raises ContractError when a contract is broken."""
    mesh.require()
    files = {"mesh.json": _dashboard("mesh", "Mesh", [_of_mesh(settings), _service()])}
    for domain in mesh.domains:
        products = [one for one in mesh.of(domain) if one.metadata.status in ("active", "deprecated")]
        if products:
            rows = [_glance(settings, domain), *_of_products(settings, products)]
            files[f"domain-{domain}.json"] = _dashboard(f"mesh-{domain}", f"Mesh: {domain}", rows)
    return files


def _of_products(settings: Settings, products: Sequence[DataProduct]) -> Iterator[Row]:
    for product in products:
        yield Row(str(product.address), tuple(_product(settings, product)), folded=len(products) > _OPEN_ROWS)


def _glance(settings: Settings, domain: str) -> Row:
    one = f'{{domain="{domain}"}}'
    return Row(
        f"{domain} at a glance",
        (
            _stat("Products", f"count({metrics.PRODUCT_INFO.name}{one})"),
            _count("Service levels broken", f"sum({metrics.SLA_BROKEN.name}{one}) or vector(0)"),
            _count("Publications refused", f"sum({metrics.REFUSED.name}{one})"),
            _count("Open incidents", f"sum({metrics.INCIDENTS_OPEN.name}{one}) or vector(0)"),
            _compliance("Compliance, 30 days", f"avg({metrics.SLA_COMPLIANCE.name}{one})", target_share(settings)),
            _stat("Rows served", f"sum({metrics.ROWS.name}{one})"),
            _table(one),
            Panel(
                "Error budget left",
                "timeseries",
                (Query(f"min by (address) ({metrics.SLA_BUDGET.name}{one})", "{{address}}"),),
                unit="percentunit",
                description="Of each product the service level with the least left of its last 30 days.",
                steps=_BUDGET,
                size=(8, 8),
                span=(None, 1),
            ),
        ),
    )


def _table(one: str) -> Panel:
    """The products of a domain, each with how it stands."""
    asked = {
        metrics.PRODUCT_INFO.name + one: {"address": "product", "owner": "owner", "status": "status"},
        f"max by (address) ({metrics.SLA_BROKEN.name}{one})": {"Value #B": "broken"},
        f"max by (address) ({metrics.REFUSED.name}{one})": {"Value #C": "refused"},
        f"time() - max by (address) ({metrics.PUBLISHED.name}{one} > 0)": {"Value #D": "age in seconds"},
        f"max by (address) ({metrics.ANOMALIES_OPEN.name}{one})": {"Value #E": "anomalies"},
    }
    return Panel(
        "Products now",
        "table",
        tuple(Query(expr, instant=True) for expr in asked),
        size=(16, 8),
        names={name: shown for names in asked.values() for name, shown in names.items()},
    )


def _product(settings: Settings, product: DataProduct) -> Iterator[Panel]:
    address = str(product.address)
    one = f'{{address="{address}"}}'
    for promise in promises(product.spec.sla).values():
        if promise.threshold is not None:
            yield _promise(address, promise)
    if promises(product.spec.sla):
        yield Panel(
            "Error budgets left",
            "timeseries",
            (Query(f"{metrics.SLA_BUDGET.name}{one}", "{{level}}"),),
            unit="percentunit",
            description=f"Of the last 30 days; the target is {target_share(settings):.6g}, availability has its own.",
            steps=_BUDGET,
            span=(None, 1),
        )
    yield Panel(
        "Checks",
        "state-timeline",
        (Query(f"{metrics.CHECK_PASSED.name}{one}", "{{check}}"),),
        description="Green while the check passes in the newest attempt to publish.",
        steps=(Step(None, "red"), Step(1, "green")),
        span=(0, 1),
    )
    yield Panel("Rows", "timeseries", (Query(f"{metrics.ROWS.name}{one}", "rows"),), span=(0, None))
    yield Panel(
        "Publications and refusals",
        "timeseries",
        (Query(f"increase({metrics.PUBLICATIONS.name}{one}[$__rate_interval])", "{{outcome}}"),),
        span=(0, None),
    )
    yield Panel(
        "Run time", "timeseries", (Query(f"{metrics.RUN_SECONDS.name}{one}", "newest run"),), unit="s", span=(0, None)
    )


def _promise(address: str, promise: Promise) -> Panel:
    """What is measured against what is promised; of availability the share of time, because it is kept or not."""
    level = promise.level
    one = f'{{address="{address}",level="{level}"}}'
    title = f"{level.replace('_', ' ').capitalize()}: {amount(level, promise.threshold)}"
    promised = Query(f"{metrics.SLA_THRESHOLD.name}{one}", "promised")
    if level == AVAILABILITY:
        known = Query(f"{metrics.SLA_COMPLIANCE.name}{one}", "readable, 30 days")
        return _lines(title, known, promised, unit="percentunit", span=(None, 1))
    unit = "s" if level in AT_MOST else "short" if level == THROUGHPUT else "percentunit"
    span = (None, 1) if unit == "percentunit" else (0, None)
    return _lines(title, Query(f"{metrics.SLA_VALUE.name}{one}", level), promised, unit=unit, span=span)


def _of_mesh(settings: Settings) -> Row:
    reads = f"sum by (domain, outcome) (increase({metrics.READS.name}[$__rate_interval]))"
    return Row(
        "The mesh at a glance",
        (
            _stat("Products", f"count({metrics.PRODUCT_INFO.name})"),
            _count("Service levels broken", f"sum({metrics.SLA_BROKEN.name}) or vector(0)"),
            _count("Publications refused", f"sum({metrics.REFUSED.name})"),
            _count("Open incidents", f"sum({metrics.INCIDENTS_OPEN.name}) or vector(0)"),
            _compliance("Compliance, 30 days", f"avg({metrics.SLA_COMPLIANCE.name})", target_share(settings)),
            _stat("Last look at the mesh", f"time() - {metrics.SLA_LOOKED.name}", unit="s"),
            _lines(
                "Compliance by domain",
                Query(f"avg by (domain) ({metrics.SLA_COMPLIANCE.name})", "{{domain}}"),
                unit="percentunit",
                span=(None, 1),
            ),
            _lines(
                "Broken service levels by domain", Query(f"sum by (domain) ({metrics.SLA_BROKEN.name})", "{{domain}}")
            ),
            _lines("Reads by domain", Query(reads, "{{domain}} {{outcome}}")),
        ),
    )


def _service() -> Row:
    requests = f"sum by (route) (rate({metrics.REQUESTS}[$__rate_interval]))"
    late = f"sum by (le, route) (rate({metrics.REQUEST_SECONDS}_bucket[$__rate_interval]))"
    errors = f'sum(rate({metrics.REQUESTS}{{status=~"5.."}}[$__rate_interval])) or vector(0)'
    return Row(
        "The catalog",
        (
            _lines("Requests a second", Query(requests, "{{route}}"), unit="reqps"),
            _lines("Time to answer, 95 of 100", Query(f"histogram_quantile(0.95, {late})", "{{route}}"), unit="s"),
            _lines("Errors", Query(errors, "5xx"), unit="reqps"),
            _lines(
                "Lineage events a second",
                Query(f"rate({metrics.LINEAGE_EVENTS.name}[$__rate_interval])", "events"),
                unit="cps",
            ),
            _lines(
                "Lineage graph",
                Query(metrics.LINEAGE_NODES.name, "{{kind}}s"),
                Query(metrics.LINEAGE_EDGES.name, "edges"),
            ),
            _lines("Time to read each store", Query(metrics.COLLECT_SECONDS.name, "{{source}}"), unit="s"),
        ),
    )


def _lines(
    title: str, *queries: Query, unit: str = "short", span: tuple[float | None, float | None] = (0, None)
) -> Panel:
    return Panel(title, "timeseries", queries, unit=unit, span=span)


def _stat(title: str, expr: str, unit: str = "short") -> Panel:
    return Panel(title, "stat", (Query(expr, instant=True),), unit=unit, size=_STAT)


def _count(title: str, expr: str) -> Panel:
    """A number that should be nought."""
    return Panel(title, "stat", (Query(expr, instant=True),), steps=GOOD_BELOW_ONE, size=_STAT)


def _compliance(title: str, expr: str, target: float) -> Panel:
    steps = (Step(None, "red"), Step(target, "green"))
    return Panel(title, "stat", (Query(expr, instant=True),), unit="percentunit", steps=steps, size=_STAT)


def _dashboard(uid: str, title: str, rows: Sequence[Row]) -> str:
    short = uid if len(uid) <= _UID_LENGTH else f"mesh-{sha256(uid.encode()).hexdigest()[:24]}"
    said: dict[str, Any] = {
        "uid": short,
        "title": title,
        "description": WRITTEN_BY,
        "tags": ["mesh"],
        "schemaVersion": 39,
        "version": 1,
        "editable": False,
        "timezone": "utc",
        "time": {"from": "now-24h", "to": "now"},
        "refresh": "30s",
        "templating": {
            "list": [{"name": "datasource", "label": "Prometheus", "type": "datasource", "query": "prometheus"}]
        },
        "links": [
            {"title": "Other dashboards of the mesh", "type": "dashboards", "tags": ["mesh"], "asDropdown": True}
        ],
        "panels": arranged(rows),
    }
    return json.dumps(said, indent=1, ensure_ascii=False) + "\n"
