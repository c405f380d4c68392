"""Does the lineage sensor keep up: from Dagster's event log to a receiver on this machine that keeps every event."""

from __future__ import annotations

import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import dagster as dg

from bench.measure import Result, Row, Sample, timed
from bench.synthetic import build
from mesh_orchestration.contract.mesh import load_mesh
from mesh_orchestration.orchestration.instance import open_instance
from mesh_orchestration.orchestration.platform_lineage import lineage_sensor
from mesh_orchestration.settings import Settings

RUNS = 40
PRODUCTS = 20
CHECKS = 5
NEEDED = 500  # Dagster events a second


def run() -> tuple[Result, ...]:
    """Events a second with one event a request and in batches."""
    with tempfile.TemporaryDirectory(prefix="mesh-bench-lineage-") as place, _receiver() as (url, kept):
        root = Path(place)
        build(root, domains=1, products=PRODUCTS)
        settings = Settings(root=root, home=root / ".mesh")
        with open_instance(settings) as instance:
            events = _fill(settings, instance)
            rows = [_measure(settings, instance, kept, url, kind) for kind in ("http", "http_batch")]
        if len({count for _, count in rows}) != 1:
            raise RuntimeError(f"the transports sent different numbers of events: {[count for _, count in rows]}")
        sent = rows[0][1]
        samples = [sample for sample, _ in rows]
        return (
            Result(
                "Lineage",
                f"{events:,} events of {RUNS} Dagster runs ({PRODUCTS} products with {CHECKS} checks each) become "
                f"{sent:,} OpenLineage events, built, sent over HTTP and kept by a receiver on the same machine.",
                tuple(
                    Row(f"{label}, {events / one.wall:,.0f} Dagster events/s", one.wall, one.cpu)
                    for label, one in zip(("one event a request", "batches"), samples, strict=True)
                ),
                tuple(
                    (f"seconds for 500 Dagster events, {label}", 1.0, one.wall * NEEDED / events)
                    for label, one in zip(("one a request", "batches"), samples, strict=True)
                ),
            ),
        )


def _measure(
    settings: Settings, instance: dg.DagsterInstance, kept: list[int], url: str, kind: str
) -> tuple[Sample, int]:
    environ = {
        "OPENLINEAGE__TRANSPORT__TYPE": kind,
        "OPENLINEAGE__TRANSPORT__URL": url,
        "MESH_LINEAGE_TICK_SECONDS": "600",
    }
    sensor = lineage_sensor(Settings(root=settings.root, home=settings.home, environ=environ), settle=0.0)
    if sensor is None:
        raise RuntimeError("the sensor is off")
    kept.clear()
    return timed(lambda: sensor(dg.build_sensor_context(instance=instance))), sum(kept)


def _fill(settings: Settings, instance: dg.DagsterInstance) -> int:
    """One real run, and copies of its events under other run ids; returns how many events there are."""

    def asset(key: dg.AssetKey) -> dg.AssetsDefinition:
        names = [f"check_{number}" for number in range(CHECKS)]

        @dg.asset(key=key, check_specs=[dg.AssetCheckSpec(name, asset=key) for name in names])
        def made() -> Iterator[Any]:
            said = {"expectation": "expect_column_values_to_not_be_null", "column": "item_id", "rows": 1000}
            for name in names:
                yield dg.AssetCheckResult(asset_key=key, check_name=name, passed=True, metadata=said)
            yield dg.MaterializeResult(asset_key=key, metadata={"dagster/row_count": 1000, "mesh/snapshot_id": "1"})

        return made

    keys = [dg.AssetKey(list(address.asset_key)) for address in load_mesh(settings).products]
    first = dg.materialize([asset(key) for key in keys], instance=instance).run_id
    entries = [record.event_log_entry for record in instance.get_records_for_run(first).records]
    for _ in range(RUNS - 1):
        copy = str(uuid.uuid4())
        for entry in entries:
            instance.event_log_storage.store_event(entry._replace(run_id=copy))
    return len(entries) * RUNS


@contextmanager
def _receiver() -> Iterator[tuple[str, list[int]]]:
    """A server that appends what it gets to a file before it answers; ``kept`` counts the events of each request."""
    kept: list[int] = []
    with tempfile.TemporaryFile() as file:

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                file.write(body)
                file.flush()
                kept.append(body.count(b'"eventTime"'))
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *args: Any) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", kept
        finally:
            server.shutdown()
            server.server_close()
