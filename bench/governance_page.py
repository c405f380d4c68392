"""The governance page of a mesh in which every product breaks rules: how long people wait, and what it costs to find.

A thousand products with the policies of this repository; all have the same columns, so each but the first counts as
built twice, and none promises or supports what the rules ask for. Some were published before there were rules.
The anchor is answered in the same run: an ASGI application that does nothing.
"""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from statistics import median

import duckdb

from bench.measure import Result, Row, Sample, process, timed
from bench.pages import NOTHING, SERVICE, Server, _asked, _looked, _row, _served
from bench.synthetic import build
from mesh_orchestration.compliance.collect import collect
from mesh_orchestration.compliance.report import ComplianceReport
from mesh_orchestration.contract.mesh import load_mesh
from mesh_orchestration.publication.publish import publish
from mesh_orchestration.publication.request import PublishRequest
from mesh_orchestration.settings import Settings
from mesh_orchestration.storage.catalog import open_lake

ROOT = Path(__file__).resolve().parent.parent
DOMAINS, PER_DOMAIN, PUBLISHED = 20, 50, 100
PRODUCTS = DOMAINS * PER_DOMAIN
RUNS = 3
LONG, PAUSE = 40.0, 0.1
"""For how many seconds the page is asked for, and how long between: the report is found anew in that time."""
ROWS = "select i::bigint as item_id, 'item ' || i as label, i::double as amount from range(3) as items(i)"
MESH = (sys.executable, "-m", "mesh_orchestration.cli")


def run() -> tuple[Result, ...]:
    """The page, its filters, and the report behind it as the command line and the service find it."""
    with tempfile.TemporaryDirectory(prefix="mesh-bench-governance-") as folder, ExitStack() as stack:
        settings = Settings(root=Path(folder), home=Path(folder, ".mesh"))
        _mesh(settings)
        report = collect(settings)
        inside = _middle("the report, in a process that is up", [timed(lambda: collect(settings)) for _ in range(RUNS)])
        commands = [_command(settings, *argv) for argv in (("compliance", "--json"), ("lint", "--json"))]
        nothing, _ = stack.enter_context(_served(NOTHING, settings))
        service, _ = stack.enter_context(_served(SERVICE, settings))
        first = _asked(service, "/governance")
        _looked(settings)
        anchor = _row("anchor: an application that does nothing", nothing, lambda: "/")
        pages = [_row(name, service, path, anchor) for name, path in _paths(report)]
        pages.append(_over_time(service, anchor))
    findings = sum(len(product.verdicts) for product in report.products)
    return (
        Result(
            "The governance page of a mesh that breaks its rules",
            f"How long does one wait, with {PRODUCTS:,} products that all break rules: {findings:,} findings? (p95)",
            (anchor, *pages, inside, *commands),
            (
                ("p95 of the slowest page, ms", 150.0, max(page.wall for page in pages) * 1000),
                ("findings a product", 5.0, findings / PRODUCTS),
                ("lint, s", 2.0, commands[-1].wall),
            ),
            (
                f"{PUBLISHED} of the products are published; the contracts are those of a git repository",
                f"the first page, asked for as soon as the service answers at all, takes {first:.1f} s",
                "of pages wall is the 95th percentile, CPU the service's own for a call with what it finds beside",
            ),
        ),
    )


def _mesh(settings: Settings) -> None:
    build(settings.root, domains=DOMAINS, products=PER_DOMAIN)
    _publish(settings)
    shutil.copytree(ROOT / "policies", settings.root / "policies")
    who = ("-c", "user.name=bench", "-c", "user.email=bench@example.com", "-c", "commit.gpgsign=false")
    for command in (("init", "--quiet"), ("add", "contracts", "policies"), (*who, "commit", "--quiet", "-m", "All")):
        subprocess.run(["git", "-C", str(settings.root), *command], check=True, timeout=60)


def _publish(settings: Settings) -> None:
    """As people did before there were rules, which would refuse it."""

    def export(folder: Path) -> Sequence[Path]:
        path = folder / "rows.parquet"
        duckdb.sql(ROWS).write_parquet(str(path))
        return [path]

    with open_lake(settings) as lake:
        for product in list(load_mesh(settings).require().products.values())[:: PRODUCTS // PUBLISHED]:
            request = PublishRequest(lake, "before-the-rules", settings.now(), audit=lambda *_: ())
            if not publish(product, export, request=request).published:
                raise RuntimeError(f"{product.address} was not published")


def _paths(report: ComplianceReport) -> Iterator[tuple[str, Callable[[], str]]]:
    """Each page with what gives the next address of it."""
    chance, rules = random.Random(11), [rule.code for rule in report.rules if rule.broken]

    def domain() -> str:
        return chance.choice(report.domains)

    yield "all findings", lambda: "/governance"
    yield "one domain and rule", lambda: f"/governance?domain={domain()}&rule={chance.choice(rules)}"
    yield "words", lambda: f"/governance?q={domain()}+columns"
    yield "any page of the list", lambda: f"/governance?offset={chance.randrange(PRODUCTS)}"
    yield "products of a domain", lambda: f"/governance/products?domain={domain()}"


def _over_time(service: Server, anchor: Row) -> Row:
    """The page as it is asked for now and then, while the report and the line over time are found anew beside."""
    begun, before, walls = time.monotonic(), service.cpu, []
    while time.monotonic() < begun + LONG:
        walls.append(_asked(service, "/governance"))
        time.sleep(PAUSE)
    walls.sort()
    wall, label = walls[int(len(walls) * 0.95)], f"all findings, asked for during {LONG:.0f} s"
    cpu = (service.cpu - before) / len(walls)
    return Row(
        f"{label}, median {median(walls) * 1000:.1f} ms", wall, cpu, wall_ratio=wall / anchor.wall, runs=len(walls)
    )


def _command(settings: Settings, *argv: str) -> Row:
    """A whole process, which must have told the findings."""
    environ = {**os.environ, "MESH_ROOT": str(settings.root), "MESH_HOME": str(settings.home), "MESH_REPLAY": "off"}

    told = ("sh", "-c", '"$@" | grep -c DUP-001', "sh", *MESH, *argv)
    return _middle(f"`mesh {' '.join(argv)}`", [process(told, env=environ) for _ in range(RUNS)])


def _middle(label: str, samples: Sequence[Sample]) -> Row:
    wall, cpu = (median(getattr(one, what) for one in samples) for what in ("wall", "cpu"))
    return Row(label, wall, cpu, max(one.peak for one in samples), runs=len(samples))
