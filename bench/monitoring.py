"""What ``/metrics`` costs with many products, against Prometheus' client alone showing as many samples."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from prometheus_client import CollectorRegistry, Gauge
from prometheus_client.exposition import generate_latest
from sqlalchemy import Table, insert

from bench.measure import Result, Row, paired, timed
from mesh_orchestration.catalog.store import Catalog, open_catalog
from mesh_orchestration.catalog.tables_products import CHECK_RESULTS, PRODUCTS, PUBLICATIONS, RUN_COSTS, USAGE
from mesh_orchestration.contract.model import Sla
from mesh_orchestration.monitoring.text import text
from mesh_orchestration.settings import Settings
from mesh_orchestration.sla.course import Course, Interval
from mesh_orchestration.sla.ledger import Standing, open_ledger
from mesh_orchestration.sla.promises import AVAILABILITY, COMPLETENESS, FRESHNESS, LATENCY
from mesh_orchestration.web.measuring import Collector

COUNT, DAYS, CHECKS, LEVELS = 1000, 30, 6, (FRESHNESS, AVAILABILITY, COMPLETENESS, LATENCY)


def run() -> tuple[Result, ...]:
    """An answer with all that ``COUNT`` products have, and the client alone with as many samples."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(root=Path(folder), home=Path(folder))
        addresses = [f"domain{number % 20}.product_{number}.v1" for number in range(COUNT)]
        _fill_ledger(settings, addresses)
        with open_catalog(settings) as catalog:
            _fill_catalog(catalog, addresses)
            collector = Collector(settings, catalog, CollectorRegistry())
            body = text(collector.collect())
            samples = sum(not line.startswith(b"#") for line in body.splitlines())
            alone, ours = paired(
                lambda: timed(lambda: generate_latest(_plain(samples))),
                lambda: timed(lambda: text(collector.collect())),
                pairs=3,
            )
    return (_result(alone, ours, samples, body),)


def _result(alone: Row, ours: Row, samples: int, body: bytes) -> Result:
    parts = (line.removeprefix("mesh_source_read_seconds") for line in body.decode().splitlines())
    reading = [line for line in parts if line.startswith("{")]
    return Result(
        title="Metrics of many products",
        question=f"What does an answer of /metrics cost with {COUNT:,} products?",
        rows=(replace(alone, label="anchor: the client of Prometheus alone"), replace(ours, label="/metrics")),
        aims=(("CPU time against the client alone", 2.0, ours.cpu_ratio),),
        notes=(
            f"{samples:,} samples in {len(body) / 1e6:.1f} MB; {DAYS} days of history",
            f"each product has {len(LEVELS)} service levels and {CHECKS} checks",
            f"seconds to read each source: {'; '.join(reading)}",
        ),
    )


def _plain(lines: int) -> CollectorRegistry:
    """As many samples with three labels, in a registry of their own."""
    registry = CollectorRegistry()
    gauge = Gauge("anchor", "As many samples.", ("address", "domain", "level"), registry=registry)
    for number in range(lines):
        gauge.labels(f"domain{number % 20}.product_{number}.v1", f"domain{number % 20}", "freshness").set(number)
    return registry


def _fill_ledger(settings: Settings, addresses: list[str]) -> None:
    now = datetime.now(UTC)
    with open_ledger(settings) as ledger, ledger.recording() as recording:
        for address in addresses:
            for level in LEVELS:
                terms = (1.0, 0.99 if level == AVAILABILITY else 3600.0, "1.0.0", 1)
                days = [(now - timedelta(days=day + 1), now - timedelta(days=day), day) for day in range(1, DAYS)]
                recording.add(
                    address,
                    [Interval(level, start, end, "kept" if day % 9 else "broken", *terms) for start, end, day in days],
                )
                course = Course(level, now - timedelta(days=1), "kept", terms[1], "1.0.0", 1, value=1.0)
                recording.put(address, level, course)
            recording.stand(address, Standing("t", 1, 1, now, now, now, now, "1.0.0", Sla()))


def _fill_catalog(catalog: Catalog, addresses: list[str]) -> None:
    now = datetime.now(UTC)
    texts = ("title", "description", "hash", "file", "sunset", "problem")
    _add(
        catalog,
        PRODUCTS,
        [
            {"address": one, "domain": one.split(".")[0], "name": one.split(".")[1], "owner": "team:x",
             "status": "active", "version": "1.0.0", "origin": "contract", "document": "{}", "tags": "[]",
             "published": now, "rows": 10, "bytes": 1000, "snapshot": 1, **dict.fromkeys(texts, "")}
            for one in addresses
        ],
    )  # fmt: skip
    _add(catalog, USAGE, [{"address": one, "day": "2026-11-20", "role": "analyst", "reads": 3, "denied": 1}
                          for one in addresses])  # fmt: skip
    for day in range(DAYS):
        at = now - timedelta(days=day)
        same = {"attempt": str(day), "at": at}
        attempt = same | {"run_id": f"run-{day}", "published": day % 7 != 3, "snapshot": day, "branch": "main",
                          "version": "1.0.0", "hash": "", "rows": 10, "bytes": 1000, "passed": CHECKS, "failed": 0,
                          "warned": 0, "reasons": "[]", "inputs": "{}", "rewrite": "", "policy_hash": ""}  # fmt: skip
        check = same | {"passed": True, "severity": "error", "expectation": "", "column": "", "unexpected": 1,
                        "elements": 100, "observed": "", "sample": ""}  # fmt: skip
        _add(catalog, PUBLICATIONS, [{"address": one, **attempt} for one in addresses])
        _add(catalog, CHECK_RESULTS, [{"address": one, "check": f"column_{number}_has_values", **check}
                                      for one in addresses for number in range(CHECKS)])  # fmt: skip
        _add(catalog, RUN_COSTS, [{"address": one, "run_id": f"run-{day}", "seconds": 2.5} for one in addresses])


def _add(catalog: Catalog, table: Table, rows: list[dict[str, Any]]) -> None:
    with catalog.writing() as connection:
        connection.execute(insert(table), rows)
