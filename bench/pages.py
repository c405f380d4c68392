"""Pages of a large catalog: how long people wait for them, from the real service over HTTP.

Every page is asked for by one client on one connection. The anchors are answered in the same run: the
service's ``/health``, which does nothing but see that the catalog is there, and an ASGI application that does nothing.
What people wait while the service starts, and finds out what the mesh holds, is compared with what they wait later.
"""

from __future__ import annotations

import os
import random
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
from sqlalchemy import Table, insert, update

from bench import catalog as made_up
from bench.catalog_search import _products
from bench.measure import Result, Row
from mesh_orchestration.catalog import tables_products as tables
from mesh_orchestration.catalog.contracts import behind, document, write_rest, write_some
from mesh_orchestration.catalog.ingest import ingest
from mesh_orchestration.catalog.marks import read_mark
from mesh_orchestration.catalog.standing import PROJECTED
from mesh_orchestration.catalog.store import Catalog, open_catalog
from mesh_orchestration.contract.mesh import load_mesh
from mesh_orchestration.contract.model import DataProduct
from mesh_orchestration.lineage.names import Places
from mesh_orchestration.settings import Settings

PRODUCTS, COLUMNS = 10_000, 20
PUBLISHED, DAYS, CHECKS = 100, 30, 6
CALLS, PATIENCE = 40, 60.0
STARTING, PAUSE = 30.0, 0.02  # seconds
AIMS = {"/health": 20.0, "search": 50.0, "home": 150.0, "product": 150.0}
"""What is asked for while the service starts, and how long that may take (p95, ms)."""
WORDS = "order customer basket amount price store product region campaign invoice payment item".split()
NOTHING = """
import socket, sys, uvicorn
async def app(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
    await send({"type": "http.response.body", "body": b""})
listening = socket.socket(fileno=int(sys.argv[1]))
uvicorn.Server(uvicorn.Config(app, lifespan="off", access_log=False, log_level="warning")).run(sockets=[listening])
"""
SERVICE = """
import gc, socket, sys
gc.set_threshold(100_000, 20, 100)  # as the mesh command has it
from mesh_orchestration.settings import Settings
from mesh_orchestration.web.serve import serve
serve(Settings.load(), socket.socket(fileno=int(sys.argv[1])))
"""


def run() -> tuple[Result, ...]:
    """The pages that people open most, and the questions about lineage, of 10 000 products."""
    with tempfile.TemporaryDirectory(prefix="mesh-bench-pages-") as folder, ExitStack() as stack:
        settings = Settings(root=Path(folder), home=Path(folder, ".mesh"))
        products, edges = _mesh(settings)
        nothing, _ = stack.enter_context(_served(NOTHING, settings))
        with _served(SERVICE, settings) as (service, first), ThreadPoolExecutor(2) as beside:
            question = beside.submit(_asked, service, f"/lineage?node={products[5_000].address}")
            projection = beside.submit(_looked, settings)
            starts = {"the first start": _starting(service, products, settings)}
            early, looked = question.result(), projection.result()
        service, later = stack.enter_context(_served(SERVICE, settings))
        starts["a later start"] = _starting(service, products, settings)
        _asked(service, "/impact")  # which waits for the last of it: who reads what
        notes = (
            f"{edges:,} edges of lineage; {PUBLISHED} products with {DAYS} publications of {CHECKS} checks",
            f"/health answers {first:.1f} s after the first start of the service, {later:.1f} s after a later one",
            f"the first question about lineage, asked at once, waits {early:.1f} s for the graph that is being read",
            f"{looked:.0f} s after its first answer the service has looked up what the mesh holds",
            "wall is the 95th percentile, CPU the service's own for a call on average",
        )
        anchor = _row("anchor: an application that does nothing", nothing, lambda: "/")
        rows = {name: _row(name, service, path, anchor) for name, path in _paths(products, settings)}
        return _quiet(anchor, rows, notes), _begun(starts, rows)


def _mesh(settings: Settings) -> tuple[Sequence[DataProduct], int]:
    """Contracts in files, what was published of some, and the lineage of all; returns how many edges that has."""
    products = list(_products(PRODUCTS, COLUMNS))
    for product in products:
        place = settings.contracts_dir / product.domain / product.name
        place.mkdir(parents=True)
        (place / "v1.yaml").write_text(document(product))
    told = made_up.Mesh(PRODUCTS, COLUMNS)
    with open_catalog(settings) as catalog:
        mesh = load_mesh(settings).require()
        with catalog.writing() as conn:  # what search and edges say of them is for the first look to write
            found = behind(conn, mesh)
            write_some(conn, mesh, found.changed)
            write_rest(conn, mesh, found)
        _publish(settings, catalog, [str(product.address) for product in products[:PUBLISHED]])
        events = (event for event in told.events() if event["eventType"] == "COMPLETE")
        names, columns = _names(settings, products), [list(product.columns) for product in products]
        for batch in iter(lambda: list(islice(events, made_up.BATCH)), []):
            if refused := ingest(catalog, [_renamed(event, names, columns) for event in batch]).refused:
                raise RuntimeError(f"refused: {refused[0]}")
    return products, sum(map(len, told.reads)) + PRODUCTS


def _names(settings: Settings, products: Sequence[DataProduct]) -> Mapping[str, dict[str, str]]:
    """What the made-up datasets are called as products of this mesh."""
    places = Places(settings)
    found = [places.product(product.address) for product in products]
    return {f"dataset_{number}": {"namespace": one.namespace, "name": one.name} for number, one in enumerate(found)}


def _renamed(
    event: dict[str, Any], names: Mapping[str, dict[str, str]], columns: Sequence[Sequence[str]]
) -> dict[str, Any]:
    """The event with products and their columns in place of the made-up datasets."""
    output = event["outputs"][0]
    own = columns[_number(output["name"])]
    output["facets"]["schema"]["fields"] = [{"name": name, "type": "string"} for name in own]
    lineage = output["facets"]["columnLineage"]
    lineage["fields"] = {own[int(name[7:])]: said for name, said in lineage["fields"].items()}
    for said in lineage["fields"].values():
        for source in said["inputFields"]:
            source["field"] = columns[_number(source["name"])][int(source["field"][7:])]
            source |= names[source["name"]]
    for dataset in (output, *event["inputs"]):
        dataset |= names[dataset["name"]]
    return event


def _number(dataset: str) -> int:
    return int(dataset.removeprefix("dataset_"))


def _publish(settings: Settings, catalog: Catalog, addresses: Sequence[str]) -> None:
    now, none = settings.now(), {"version": "1.0.0", "hash": "", "rewrite": "", "policy_hash": "", "inputs": "{}"}
    for day in range(DAYS):
        same = {"attempt": str(day), "at": now - timedelta(days=day)}
        attempt = same | none | {
            "run_id": f"run-{day}", "published": day % 7 != 3, "snapshot": day, "branch": "main", "rows": 1000 + day,
            "bytes": 100_000, "passed": CHECKS, "failed": 0, "warned": 0, "reasons": "[]",
        }  # fmt: skip
        check = same | {"passed": True, "severity": "error", "expectation": "", "column": "", "unexpected": 1,
                        "elements": 100, "observed": "1", "sample": ""}  # fmt: skip
        _add(catalog, tables.PUBLICATIONS, [{"address": one, **attempt} for one in addresses])
        _add(catalog, tables.CHECK_RESULTS, [
            {"address": one, "check": f"column_{number}_has_values", **check}
            for one in addresses for number in range(CHECKS)
        ])  # fmt: skip
        _add(catalog, tables.RUN_COSTS, [{"address": one, "run_id": f"run-{day}", "seconds": 2.5} for one in addresses])
    head = update(tables.PRODUCTS).where(tables.PRODUCTS.c.address.in_(addresses))
    with catalog.writing() as conn:
        conn.execute(head.values(published=now, rows=1000, bytes=100_000, snapshot=1, passed=CHECKS))


def _add(catalog: Catalog, table: Table, rows: list[dict[str, Any]]) -> None:
    with catalog.writing() as conn:
        conn.execute(insert(table), rows)


@contextmanager
def _served(code: str, settings: Settings) -> Iterator[tuple[Server, float]]:
    """What ``code`` serves on a free port of this machine, in a process of its own, and when it answered first."""
    environ = {**os.environ, "MESH_ROOT": str(settings.root), "MESH_HOME": str(settings.home), "MESH_REPLAY": "off"}
    with socket.create_server(("127.0.0.1", 0)) as listening:
        url, number = f"http://127.0.0.1:{listening.getsockname()[1]}", listening.fileno()
        begun = time.perf_counter()
        process = subprocess.Popen([sys.executable, "-c", code, str(number)], env=environ, pass_fds=(number,))
    with httpx.Client(base_url=url, timeout=PATIENCE) as client:
        try:
            client.get("/health").raise_for_status()
            yield Server(client, process.pid), time.perf_counter() - begun
        finally:
            process.terminate()
            process.wait(30)


class Server:
    """A process that answers ``client``."""

    def __init__(self, client: httpx.Client, pid: int) -> None:
        self.client, self._stat = client, Path(f"/proc/{pid}/stat")

    @property
    def cpu(self) -> float:
        """Seconds of CPU time that the process had."""
        user, system = self._stat.read_text().rpartition(")")[2].split()[11:13]
        return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def _asked(server: Server, path: str) -> float:
    """How long the answer takes, in seconds."""
    begun = time.perf_counter()
    server.client.get(path).raise_for_status()
    return time.perf_counter() - begun


def _looked(settings: Settings) -> float:
    """How long it still takes until the service has looked up what the mesh holds."""
    begun = time.perf_counter()
    with open_catalog(settings) as catalog:
        while time.perf_counter() < begun + PATIENCE:
            with catalog.reading() as conn:
                if read_mark(conn, PROJECTED):
                    return time.perf_counter() - begun
            time.sleep(0.2)
    raise RuntimeError(f"the service did not look up the mesh in {PATIENCE:.0f} s")


def _starting(service: Server, products: Sequence[DataProduct], settings: Settings) -> Mapping[str, Sequence[float]]:
    """By page, how long each answer of the first seconds took, the very first ones included."""
    paths = {name: path for name, path in _paths(products, settings) if name in AIMS}
    walls: dict[str, list[float]] = {name: [] for name in paths}
    end = time.perf_counter() + STARTING
    while time.perf_counter() < end:
        for name, path in paths.items():
            walls[name].append(_asked(service, path()))
        time.sleep(PAUSE)
    return walls


def _quiet(anchor: Row, rows: Mapping[str, Row], notes: tuple[str, ...]) -> Result:
    return Result(
        "Pages of a large catalog",
        f"How long does one wait for a page, with {PRODUCTS:,} products and {PRODUCTS * COLUMNS:,} columns? (p95)",
        (anchor, *rows.values()),
        tuple((f"p95 of {name}, ms", 150.0, rows[name].wall * 1000) for name in ("home", "product")),
        notes,
    )


def _begun(starts: Mapping[str, Mapping[str, Sequence[float]]], quiet: Mapping[str, Row]) -> Result:
    rows = {
        (name, start): _wait(f"{name}, {start}", found[name], quiet[name])
        for name in AIMS
        for start, found in starts.items()
    }
    return Result(
        "Pages while the service starts",
        f"How long does one wait for them in its first {STARTING:.0f} seconds? (p95)",
        tuple(rows.values()),
        tuple((f"p95 of {name}, {start}, ms", AIMS[name], row.wall * 1000) for (name, start), row in rows.items()),
        (
            "the ratio is to the same page in the same run when all is known",
            "at the first start nothing of the products can be searched yet; a later one finds nothing new",
        ),
    )


def _wait(label: str, walls: Sequence[float], quiet: Row) -> Row:
    ordered = sorted(walls)
    wall, median = ordered[int(len(ordered) * 0.95)], ordered[len(ordered) // 2]
    said = f"{label}, median {median * 1000:.1f} ms, worst {ordered[-1] * 1000:.0f} ms"
    return Row(said, wall, 0.0, wall_ratio=wall / quiet.wall, runs=len(ordered))


def _paths(products: Sequence[DataProduct], settings: Settings) -> Iterator[tuple[str, Callable[[], str]]]:
    """Each page with what gives the next address of it."""
    chance, places = random.Random(11), Places(settings)

    def one() -> DataProduct:
        return chance.choice(products)

    def column() -> str:
        product = one()
        return f"/impact?product={product.address}&column={chance.choice(list(product.columns))}"

    def everything() -> str:
        product = one()
        name = places.product(product.address)
        field = f"datasetField:{name.namespace}:{name.name}:{chance.choice(list(product.columns))}"
        return f"/api/v1/column-lineage?depth=100&withDownstream=true&nodeId={quote(field)}"

    yield "/health", lambda: "/health"
    yield "home", lambda: "/"
    yield "search", lambda: f"/search?q={chance.choice(WORDS)}"
    yield "product", lambda: f"/products/{one().address}"
    yield "product with publications", lambda: f"/products/{chance.choice(products[:PUBLISHED]).address}"
    yield "domain", lambda: f"/domains/{one().domain}"
    yield "lineage of a product", lambda: f"/lineage?node={one().address}"
    yield "who reads a product", lambda: f"/impact?product={one().address}"
    yield "impact of a column", column
    yield "all that a column reaches, as JSON", everything


def _row(label: str, server: Server, path: Callable[[], str], anchor: Row | None = None) -> Row:
    """The 95th percentile of ``CALLS`` answers; the first one does not count."""
    _asked(server, path())
    before = server.cpu
    walls = sorted(_asked(server, path()) for _ in range(CALLS))
    wall, cpu = walls[int(CALLS * 0.95)], (server.cpu - before) / CALLS
    ratio = wall / anchor.wall if anchor else 0.0
    return Row(f"{label}, median {walls[CALLS // 2] * 1000:.1f} ms", wall, cpu, wall_ratio=ratio, runs=CALLS)
