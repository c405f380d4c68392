"""How fast the catalog takes events, and answers what depends on what.

The mesh is made up: products that read up to five earlier ones, each with a schema and the lineage of its
columns; two events a run. What is measured is the real store in a real file.
"""

from __future__ import annotations

import gc
import random
import socket
import sqlite3
import tempfile
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from http.client import HTTPConnection
from itertools import islice
from pathlib import Path
from threading import Thread
from typing import Any

import orjson
import uvicorn

from bench.measure import Result, Row, Sample, timed
from mesh_orchestration.catalog.graph import column_downstream, downstream_of
from mesh_orchestration.catalog.ingest import ingest, keep
from mesh_orchestration.catalog.lineage_model import NodeKey
from mesh_orchestration.catalog.received import received_body
from mesh_orchestration.catalog.runs import events
from mesh_orchestration.catalog.store import Catalog, open_catalog
from mesh_orchestration.settings import Settings
from mesh_orchestration.web.app import create_app

DATASETS, COLUMNS, READS = 10_000, 20, 5
EVENTS, BATCH, SINGLES = 20_000, 500, 2_000


class Mesh:
    """A made-up mesh: dataset ``n`` is written by job ``n``, which reads ``reads[n]``."""

    def __init__(self, datasets: int, columns: int, *, seed: int = 7) -> None:
        chance = random.Random(seed)
        self.columns = columns
        self.reads = [
            sorted({chance.randrange(max(0, n - 2_000), n) for _ in range(READS)}) if n else [] for n in range(datasets)
        ]
        self._schema = [{"name": f"column_{number}", "type": "string"} for number in range(columns)]

    def events(self, first: int = 0, *, rounds: str = "1") -> Iterator[dict[str, Any]]:
        """Start and end of a run of every job from ``first`` on."""
        for number in range(first, len(self.reads)):
            run = str(uuid.uuid5(uuid.NAMESPACE_OID, f"{rounds}/{number}"))
            yield self.event(number, run, f"2026-01-0{rounds}T{number % 24:02}:00:00Z", state="START")
            yield self.event(number, run, f"2026-01-0{rounds}T{number % 24:02}:00:59Z")

    def event(
        self, number: int, run: str, at: str, *, state: str = "COMPLETE", reads: list[int] | None = None
    ) -> dict[str, Any]:
        """An event of a run of job ``number``, which reads what it always does unless ``reads`` says other."""
        reads = self.reads[number] if reads is None else reads
        output = self._dataset(number)
        output["facets"]["columnLineage"] = _facet(
            fields={
                f"column_{one}": {"inputFields": [_column(source, one) for source in reads[one % READS :][:1]]}
                for one in range(self.columns)
            }
        )
        if state == "COMPLETE":
            output["facets"]["version"] = _facet(datasetVersion=run[:8])
            output["outputFacets"] = {"outputStatistics": _facet(rowCount=number, size=number * 100)}
        return {
            "eventType": state, "eventTime": at, "producer": "urn:bench", "schemaURL": "urn:bench",
            "run": {"runId": run, "facets": {}},
            "job": {"namespace": "bench", "name": f"job_{number}", "facets": {"jobType": _facet(integration="BENCH")}},
            "inputs": [
                {"namespace": "bench", "name": f"dataset_{one}"} for one in reads
            ],
            "outputs": [output],
        }  # fmt: skip

    def _dataset(self, number: int) -> dict[str, Any]:
        facets = {"schema": _facet(fields=self._schema), "ownership": _facet(owners=[{"name": f"team:{number % 40}"}])}
        return {"namespace": "bench", "name": f"dataset_{number}", "facets": facets}


def _facet(**values: Any) -> dict[str, Any]:
    return {"_producer": "urn:bench", "_schemaURL": "urn:bench", **values}


def _column(dataset: int, column: int) -> dict[str, Any]:
    return {"namespace": "bench", "name": f"dataset_{dataset}", "field": f"column_{column}"}


def run() -> tuple[Result, ...]:
    """Events a second into an empty and a filled catalog, and how long questions about the graph take."""
    gc.set_threshold(100_000, 20, 100)  # as the mesh command has it
    with tempfile.TemporaryDirectory(prefix="mesh-bench-catalog-") as place:
        root = Path(place)
        mesh = Mesh(DATASETS, COLUMNS)
        batches = [_batches(mesh, rounds) for rounds in ("1", "2", "3")]
        anchor = timed(lambda: raw(root / "raw.db", batches[0]))
        settings = Settings(root=root, home=root / ".mesh")
        with open_catalog(settings) as catalog:
            samples, sizes = [], []
            for told in batches:
                samples.append(timed(partial(_ingest, catalog, told)))
                sizes.append(Catalog.place.path(settings).stat().st_size)
            kept = _kept(catalog)
            if kept != EVENTS * len(batches):
                raise RuntimeError(f"{kept:,} of {EVENTS * len(batches):,} events were kept")
            return _events(mesh, anchor, samples, sizes), _graph(catalog, mesh), _service(settings, mesh, anchor)


def _events(mesh: Mesh, anchor: Sample, samples: list[Sample], sizes: list[int]) -> Result:
    labels = ("new jobs, datasets and columns", "known ones, second run", "known ones, third run")
    bytes_each = sum(map(len, _batches(mesh, "1"))) / EVENTS
    return Result(
        "Catalog: taking events",
        f"{EVENTS:,} OpenLineage events of {bytes_each / 1000:.1f} kB in batches of {BATCH}, each durable before the "
        f"next begins; {DATASETS:,} datasets with {COLUMNS} columns. The anchor appends the same bytes to a table.",
        (
            Row(f"anchor, {EVENTS / anchor.wall:,.0f} events/s", anchor.wall, anchor.cpu),
            *(
                Row(f"{label}, {EVENTS / one.wall:,.0f} events/s", one.wall, one.cpu, 0.0,
                    one.wall / anchor.wall, one.cpu / anchor.cpu)
                for label, one in zip(labels, samples, strict=True)
            ),
        ),
        (
            ("seconds for 10,000 events, known jobs", 1.0, min(samples[1].wall, samples[2].wall) * 10_000 / EVENTS),
            ("growth of the file by the third run to that by the second", 1.2,
             (sizes[2] - sizes[1]) / (sizes[1] - sizes[0])),
        ),
    )  # fmt: skip


def _graph(catalog: Catalog, mesh: Mesh) -> Result:
    edges = sum(map(len, mesh.reads)) + DATASETS
    asked = [_name(number) for number in range(0, DATASETS, DATASETS // 50)]
    at = "2026-02-01T00:00:00Z"
    changes = [mesh.event(number, str(uuid.uuid4()), at, reads=[0, 1]) for number in (5_000, 7_000)]
    with catalog.reading() as conn:
        first = timed(lambda: downstream_of(conn, asked[0]))
        columns_first = timed(lambda: column_downstream(conn, asked[0], "column_0"))
        impact = sorted(timed(partial(downstream_of, conn, one)).wall for one in asked)
        columns = sorted(timed(partial(column_downstream, conn, one, "column_2")).wall for one in asked)
        refreshed = []
        for change in changes:
            ingest(catalog, [change])
            refreshed.append(timed(lambda: downstream_of(conn, asked[-1])))
    return Result(
        "Catalog: what depends on what",
        f"{2 * DATASETS:,} datasets and jobs with {edges:,} edges, and {DATASETS * COLUMNS:,} columns; {len(asked)} "
        "datasets are asked for all that is downstream, each for the first time.",
        (
            Row("first question: the graph is read and closed", first.wall, first.cpu),
            Row("first question about a column: columns are read", columns_first.wall, columns_first.cpu),
            Row("all downstream of a dataset, median", impact[len(impact) // 2], 0.0),
            Row("all downstream of a column, median", columns[len(columns) // 2], 0.0),
            Row("first answer after a job changed what it reads", refreshed[-1].wall, refreshed[-1].cpu),
        ),
        (
            ("milliseconds for all downstream of a dataset, median", 1.0, impact[len(impact) // 2] * 1e3),
            ("the same of a column", 1.0, columns[len(columns) // 2] * 1e3),
            ("milliseconds to the first answer after a change", 50.0, min(one.wall for one in refreshed) * 1e3),
        ),
    )  # fmt: skip


def _service(settings: Settings, mesh: Mesh, anchor: Sample) -> Result:
    """The same through the service, which knows nothing of the jobs before the first batch."""
    first, known = _batches(mesh, "4"), _batches(mesh, "5")
    singles = [orjson.dumps(one) for one in islice(mesh.events(rounds="6"), SINGLES)]
    with serving(settings) as port:
        samples = [timed(partial(_post, port, "/api/v1/lineage/batch", told)) for told in (first, known)]
        single = timed(partial(_post, port, "/api/v1/lineage", singles))
    labels = ("in batches, first", "in batches, then")
    return Result(
        "Catalog: taking events through the service",
        f"POST /api/v1/lineage/batch with {EVENTS:,} events, {BATCH} in each request, and POST /api/v1/lineage with "
        f"{SINGLES:,} more, each request after the answer to the one before. CPU is that of service and sender.",
        (
            *(
                Row(f"{label}, {EVENTS / one.wall:,.0f} events/s", one.wall, one.cpu, 0.0,
                    one.wall / anchor.wall, one.cpu / anchor.cpu)
                for label, one in zip(labels, samples, strict=True)
            ),
            Row(f"one by one, {SINGLES / single.wall:,.0f} events/s", single.wall, single.cpu),
        ),
        (
            ("seconds for 10,000 events, known jobs, in batches", 1.0, samples[1].wall * 10_000 / EVENTS),
            ("milliseconds for one event", 1.5, single.wall * 1e3 / SINGLES),
        ),
    )  # fmt: skip


@contextmanager
def serving(settings: Settings) -> Iterator[int]:
    """The port of a service that a thread of this process runs."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = uvicorn.Server(uvicorn.Config(create_app(settings), log_level="warning", access_log=False))
        thread = Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            yield listening.getsockname()[1]
        finally:
            server.should_exit = True
            thread.join(30)


def _post(port: int, path: str, bodies: list[bytes]) -> None:
    connection = HTTPConnection("127.0.0.1", port, timeout=60)
    for body in bodies:
        connection.request("POST", path, body, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        said = answer.read()
        if answer.status >= 300 or b'"failed":0' not in (said or b'"failed":0'):
            raise RuntimeError(f"{answer.status}: {said[:500]!r}")
    connection.close()


def _name(number: int) -> NodeKey:
    return NodeKey("dataset", "bench", f"dataset_{number}")


def _batches(mesh: Mesh, rounds: str) -> list[bytes]:
    """The bodies of requests, as a producer sends them."""
    told = list(islice(mesh.events(rounds=rounds), EVENTS))
    return [orjson.dumps(told[start : start + BATCH]) for start in range(0, len(told), BATCH)]


def _ingest(catalog: Catalog, batches: list[bytes]) -> None:
    for body in batches:
        found = keep(catalog, received_body(body))
        if found.refused or found.repeated:
            raise RuntimeError(f"not all were new: {found}")


def raw(path: Path, batches: Iterable[bytes]) -> None:
    """Append the events to a table, each batch durable before the next: what a store that keeps them whole must do."""
    connection = sqlite3.connect(path)
    connection.execute("pragma journal_mode = wal")
    connection.execute("pragma synchronous = full")
    connection.execute("create table events (id integer primary key, body text)")
    for body in batches:
        rows = [(orjson.dumps(one).decode(),) for one in orjson.loads(body)]
        connection.executemany("insert into events (body) values (?)", rows)
        connection.commit()
    connection.close()


def _kept(catalog: Catalog) -> int:
    with catalog.reading() as conn:
        return events(conn, limit=1).total
