"""What the service knows when nothing else runs, and before anybody asks."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import delete

from mesh_orchestration.catalog import tables_lineage as tables
from mesh_orchestration.catalog.ingest import ingest
from mesh_orchestration.catalog.store import open_catalog
from mesh_orchestration.settings import Settings
from mesh_orchestration.web import first_look
from mesh_orchestration.web.app import create_app
from mesh_orchestration.web.pages import environment
from tests.builders import mesh_at, product
from tests.catalog.lineage.told import column_sources, dataset, event
from tests.server.mesh_process import eventually
from tests.web.service import serving

TOLD = event("one", reads=["a"], writes=[dataset("b", columnLineage=column_sources(y=[("a", "x")]))])
A_LINE, A_COLUMN = "/api/v1/lineage?nodeId=dataset:shop:a", "/api/v1/column-lineage?nodeId=datasetField:shop:b:y"


class Client(TestClient):
    app: FastAPI


@contextmanager
def answering(settings: Settings) -> Iterator[Client]:
    """A client of an application beside which nothing goes on."""
    with Client(create_app(settings), base_url="http://127.0.0.1:5000", client=("127.0.0.1", 50_000)) as client:
        yield client


def child_of(process: subprocess.Popen[bytes]) -> int:
    """The process that the service started, 0 while it has none."""
    asked = ["ps", "-o", "pid=", "--ppid", str(process.pid)]
    found = subprocess.run(asked, capture_output=True, text=True, timeout=20).stdout.split()
    return int(found[0]) if found else 0


def gone(pid: int) -> bool:
    state = Path(f"/proc/{pid}/stat")
    try:
        return state.read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


def told(settings: Settings) -> None:
    """Lineage from before the service was started."""
    with open_catalog(settings) as catalog:
        assert not ingest(catalog, [TOLD]).refused


def test_lineage_is_in_memory_before_anybody_asks(tmp_path: Path) -> None:
    settings = mesh_at(tmp_path, product())
    told(settings)
    with answering(settings) as client:
        first_look.read_graph(client.app.state.catalog)
        first_look.read_columns(client.app.state.catalog)
        with open_catalog(settings) as other, other.writing() as conn:
            for table in (tables.facets, tables.edges):
                conn.execute(delete(table))  # without a word of it, so whoever has them goes on having them
        graph, columns = client.get(A_LINE).json()["graph"], client.get(A_COLUMN).json()["graph"]
    assert {node["id"] for node in graph} == {"dataset:shop:a", "dataset:shop:b", "job:jobs:one"}
    assert {node["id"] for node in columns} == {"datasetField:shop:a:x", "datasetField:shop:b:y"}


@pytest.mark.slow
def test_a_mesh_whose_contracts_cannot_be_read_does_not_keep_lineage_from_being_answered(tmp_path: Path) -> None:
    settings = mesh_at(tmp_path, product())
    (settings.contracts_dir / "broken").mkdir()
    (settings.contracts_dir / "broken" / "this.yaml").write_text("metadata: [")
    told(settings)
    with answering(settings) as client:
        first_look.look(client.app, threading.Event())
        assert client.get("/v1/products").json()["total"] == 1
        assert len(client.get(A_LINE).json()["graph"]) == 3


def test_every_template_is_sound() -> None:
    first_look.compile_templates()
    assert environment().cache is not None
    assert len(environment().cache) == len(environment().list_templates())


@pytest.mark.slow
def test_a_service_without_a_daemon_knows_the_products_and_answers_about_lineage(tmp_path: Path) -> None:
    settings = mesh_at(tmp_path, product())
    told(settings)
    with serving(settings) as (url, process):
        assert len(httpx.get(f"{url}{A_LINE}", timeout=20).json()["graph"]) == 3
        assert len(httpx.get(f"{url}{A_COLUMN}", timeout=20).json()["graph"]) == 2
        eventually(lambda: httpx.get(f"{url}/v1/products", timeout=20).json().get("total") == 1)
        eventually(lambda: not child_of(process))
        assert httpx.get(f"{url}/governance", timeout=20).status_code == 200
        process.send_signal(signal.SIGINT)
        process.wait(20)
        assert (settings.home / "serve.log").read_text().split() == [url]


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_service_that_ends_while_it_looks_leaves_no_process(tmp_path: Path, number: signal.Signals) -> None:
    settings = mesh_at(tmp_path, product())
    with serving(settings) as (_, process):
        child = eventually(lambda: child_of(process))
        process.send_signal(number)
        process.wait(20)
        eventually(lambda: gone(child), deadline=20)
        assert "Traceback" not in (settings.home / "serve.log").read_text()


@pytest.mark.slow
def test_a_service_whose_projection_is_killed_says_so_and_answers_on(tmp_path: Path) -> None:
    settings = mesh_at(tmp_path, product())
    with serving(settings) as (url, process):
        os.kill(eventually(lambda: child_of(process)), signal.SIGKILL)
        eventually(lambda: "the catalog may be behind" in (settings.home / "serve.log").read_text())
        assert httpx.get(f"{url}/", timeout=20).status_code == 200
