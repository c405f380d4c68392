"""A million events: what a catalog of 10 000 datasets takes in day after day, over HTTP, and whether it stays fast.

The service runs in a process of its own, two senders in this one. Every round is a run of every job, in another order;
a sender sends a batch when the one before it was acknowledged, which is when it is durable.
"""

from __future__ import annotations

import gc
import random
import sqlite3
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from threading import Lock
from urllib.parse import quote

import httpx
import orjson
from sqlalchemy import select

from bench.catalog import Mesh, raw
from bench.measure import Result, Row, Sample, timed
from bench.pages import PATIENCE, SERVICE, Server, _asked, _served
from mesh_orchestration.catalog import tables_lineage as tables
from mesh_orchestration.catalog.store import Catalog, open_catalog
from mesh_orchestration.catalog.texts import documents
from mesh_orchestration.settings import Settings

DATASETS, COLUMNS, BATCH = 10_000, 20, 2_000
ROUNDS = 50  # of two events a job
SENDERS = 2
TENTHS, ASKED, KEPT = 10, 40, 5_003
_RUN, _AT = "11111111-2222-4333-8444-555555555555", "2001-01-01T01:01:01Z"
_BEGIN = datetime(2026, 1, 1, tzinfo=UTC)


def run() -> tuple[Result, ...]:
    """A million events into one service; every one is there afterwards, as it was sent."""
    gc.set_threshold(100_000, 20, 100)  # as the mesh command has it
    with tempfile.TemporaryDirectory(prefix="mesh-bench-million-") as folder, ExitStack() as stack:
        settings = Settings(root=Path(folder), home=Path(folder, ".mesh"))
        settings.contracts_dir.mkdir()
        told = _Told(Mesh(DATASETS, COLUMNS))
        service, _ = stack.enter_context(_served(SERVICE, settings))
        parts = [_sent(service, settings, told.batches(rounds), len(rounds) * DATASETS * 2) for rounds in _tenths()]
        lost = _lost(settings, told)
        anchor = timed(lambda: raw(Path(folder, "raw.db"), told.batches(range(ROUNDS, ROUNDS + 5))))
        waits = {name: _waits(service, paths) for name, paths in _questions(told).items()}
        return _taken(parts, anchor, lost, told.size), _answered(waits)


def _tenths() -> Iterator[range]:
    size = ROUNDS // TENTHS
    return (range(start, start + size) for start in range(0, ROUNDS, size))


class _Told:
    """The events of the mesh, made from two texts a job; some are remembered as they were sent."""

    def __init__(self, mesh: Mesh) -> None:
        self._texts = [
            [orjson.dumps(mesh.event(number, _RUN, _AT, state=state)) for state in ("START", "COMPLETE")]
            for number in range(DATASETS)
        ]
        self.size = sum(len(text) for texts in self._texts for text in texts) / (2 * DATASETS)
        self.sample: dict[str, bytes] = {}
        self.count = 0
        self._chance = random.Random(3)

    def batches(self, rounds: Sequence[int]) -> Iterator[bytes]:
        """The bodies of requests with the start and end of a run of every job, in any order."""
        for number in rounds:
            jobs = self._chance.sample(range(DATASETS), DATASETS)
            for first in range(0, DATASETS, BATCH // 2):
                told = [self._event(job, number, state) for job in jobs[first : first + BATCH // 2] for state in (0, 1)]
                yield b"[" + b",".join(told) + b"]"

    def _event(self, job: int, number: int, state: int) -> bytes:
        run = f"{number:08x}-0000-4000-8000-{job:012x}"
        at = f"{_BEGIN + timedelta(hours=number, seconds=job % 3_600 + 59 * state):%Y-%m-%dT%H:%M:%SZ}"
        text = self._texts[job][state].replace(_RUN.encode(), run.encode()).replace(_AT.encode(), at.encode())
        text = text.replace(f'"{_RUN[:8]}"'.encode(), f'"{number:08x}"'.encode())
        if state and number < ROUNDS and self.count % KEPT == 0:
            self.sample[run] = text
        self.count += state
        return text


@dataclass(frozen=True)
class _Part:
    """A tenth of the events: how long the requests took, what the service did for them, how the file grew."""

    events: int
    wall: float
    cpu: float
    grown: int


def _sent(service: Server, settings: Settings, batches: Iterator[bytes], events: int) -> _Part:
    file, turn = Catalog.place.path(settings), Lock()
    size, cpu, begun = _size(file), service.cpu, time.perf_counter()

    def send() -> None:
        with httpx.Client(base_url=service.client.base_url, timeout=PATIENCE) as client:
            while body := _next(batches, turn):
                answer = client.post(
                    "/api/v1/lineage/batch", content=body, headers={"Content-Type": "application/json"}
                )
                found = answer.raise_for_status().json()["summary"]
                if found["successful"] != BATCH:
                    raise RuntimeError(f"not all were taken: {found}")

    with ThreadPoolExecutor(SENDERS) as pool:
        for done in [pool.submit(send) for _ in range(SENDERS)]:
            done.result()
    return _Part(events, time.perf_counter() - begun, service.cpu - cpu, _size(file) - size)


def _next(batches: Iterator[bytes], turn: Lock) -> bytes:
    with turn:
        return next(batches, b"")


def _size(file: Path) -> int:
    """Of the database with what was not copied into it yet."""
    return sum(one.stat().st_size for one in (file, file.with_name(f"{file.name}-wal")) if one.exists())


def _lost(settings: Settings, told: _Told) -> int:
    """How many events are not there, or not as they were sent."""
    with sqlite3.connect(f"file:{Catalog.place.path(settings)}?mode=ro", uri=True) as raw:
        (events,) = raw.execute("select count(distinct digest) from lineage_events").fetchone()
        (ended,) = raw.execute("select count(*) from lineage_runs where state = 'COMPLETE'").fetchone()
    if ended != ROUNDS * DATASETS:
        raise RuntimeError(f"{ended:,} of {ROUNDS * DATASETS:,} runs ended")
    changed = sum(not _is_kept(settings, run, text) for run, text in told.sample.items())
    return ROUNDS * DATASETS * 2 - int(events) + changed


def _is_kept(settings: Settings, run: str, text: bytes) -> bool:
    """Whether the event is there, as it was sent."""
    with open_catalog(settings) as catalog, catalog.reading() as conn:
        of_run = select(tables.events.c.body).join(tables.runs, tables.runs.c.id == tables.events.c.run_id)
        bodies = conn.execute(of_run.where(tables.runs.c.run == run)).scalars().all()
        return orjson.loads(text) in documents(conn, bodies)


def _questions(told: _Told) -> dict[str, list[str]]:
    runs = list(told.sample)[:ASKED]
    jobs = [int(run.rpartition("-")[2], 16) for run in runs]
    return {
        "a run with all that was said of it": [f"/api/v1/jobs/runs/{run}/facets?type=run" for run in runs],
        "the runs of a job": [f"/api/v1/namespaces/bench/jobs/job_{job}/runs" for job in jobs],
        "a dataset": [f"/api/v1/namespaces/bench/datasets/dataset_{job}" for job in jobs],
        "its versions": [f"/api/v1/namespaces/bench/datasets/dataset_{job}/versions" for job in jobs],
        "the newest events": ["/api/v1/events/lineage?limit=20"] * ASKED,
        "its lineage": [f"/api/v1/lineage?depth=1&nodeId={quote(f'dataset:bench:dataset_{job}')}" for job in jobs],
    }


def _waits(service: Server, paths: Sequence[str]) -> Row:
    _asked(service, paths[0])
    before = service.cpu
    walls = sorted(_asked(service, path) for path in paths)
    return Row("", walls[int(len(walls) * 0.95)], (service.cpu - before) / len(walls), runs=len(walls))


def _taken(parts: Sequence[_Part], anchor: Sample, lost: int, size: float) -> Result:
    total, wall, cpu = (sum(getattr(part, name) for part in parts) for name in ("events", "wall", "cpu"))
    each = anchor.wall / (5 * DATASETS * 2)
    labels = ("first tenth", "second tenth", "last tenth")
    grown = [part.grown / part.events for part in parts]
    return Result(
        "Catalog: a million events",
        f"POST /api/v1/lineage/batch with {total:,} OpenLineage events of {size / 1000:.1f} kB, {BATCH:,} in each "
        f"request: {ROUNDS} rounds of all {DATASETS:,} jobs in any order, {DATASETS * COLUMNS:,} columns. Two senders "
        "run beside the service, each waits for its answers. The anchor parses the same bytes in one process and "
        "appends them to a table; ratios are a single event's to an event's there.",
        (
            Row(f"anchor, {1 / each:,.0f} events/s", anchor.wall, anchor.cpu),
            Row(f"all, {total / wall:,.0f} events/s", wall, cpu, 0.0, wall / total / each,
                cpu / total / (anchor.cpu / (5 * DATASETS * 2))),
            *(
                Row(f"{label}, {one.events / one.wall:,.0f} events/s, {one.grown / one.events / 1000:.2f} kB each",
                    one.wall, one.cpu, 0.0, one.wall / one.events / each)
                for label, one in zip(labels, (parts[0], parts[1], parts[-1]), strict=True)
            ),
        ),
        (
            ("events lost", 0.0, float(lost)),
            ("seconds for 10,000 events", 1.0, wall * 10_000 / total),
            ("growth of the file by the last tenth to that by the median", 1.2, grown[-1] / median(grown)),
            ("time of the last tenth to that of the second", 1.2, parts[-1].wall / parts[1].wall),
        ),
    )  # fmt: skip


def _answered(waits: dict[str, Row]) -> Result:
    return Result(
        "Catalog: questions to a million events",
        "How long does one wait for what Marquez' clients ask, with all of them in the store? (p95 over HTTP)",
        tuple(Row(name, row.wall, row.cpu, runs=row.runs) for name, row in waits.items()),
        tuple((f"p95 of {name}, ms", 150.0, row.wall * 1000) for name, row in waits.items()),
    )
