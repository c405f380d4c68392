"""Traces arrive at a real collector, and only when OpenTelemetry is set."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from mesh_orchestration.settings import Settings
from tests.builders import mesh_at
from tests.cli.mesh import Answer, mesh
from tests.orchestration.shop import land, shop_at
from tests.telemetry.collector import Collector, collector

ORDERS = ("model stg_till__lines", "model order_lines", "test lines_have_numbers")
BILLING = ("model revenue", "test revenue_is_positive")
CALLER = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@dataclass(frozen=True)
class Traced:
    """The spans of one run of the shop, of a read of it, and of a second run that was refused."""

    run: Collector
    read: Collector
    refused: Collector
    answers: tuple[Answer, Answer, Answer]


@pytest.fixture(scope="module")
def traced(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Traced]:
    settings = shop_at(tmp_path_factory.mktemp("shop"))
    with collector() as run, collector() as read, collector() as refused:
        first = mesh(settings, "run", **run.environ, TRACEPARENT=CALLER)
        asked = mesh(settings, "query", "select * from billing.revenue", **read.environ, TRACEPARENT=CALLER)
        land(settings, "day2", "4,\n5,\n")
        _fail_unless_called_by_the_step(settings)
        second = mesh(settings, "run", "orders", **refused.environ, MESH_DBT="subprocess", TRACEPARENT=CALLER)
        yield Traced(run, read, refused, (first, asked, second))


def _fail_unless_called_by_the_step(settings: Settings) -> None:
    """Make dbt's test of orders find a row unless TRACEPARENT is that of another span of the same trace."""
    found, trace = '\'{{ env_var("TRACEPARENT", "") }}\'', CALLER.rsplit("-", 2)[0]
    (settings.root / "dbt_projects" / "orders" / "tests" / "lines_have_numbers.sql").write_text(
        f"select * from {{{{ ref('stg_till__lines') }}}} where {found} = '{CALLER}' or {found} not like '{trace}-%'\n"
    )


@pytest.mark.slow
def test_a_run_is_one_trace_below_its_caller(traced: Traced) -> None:
    assert traced.answers[0].code == 0, traced.answers[0].err
    assert {(span.trace, span.service) for span in traced.run.spans} == {(CALLER.split("-")[1], "mesh")}
    assert traced.run.one("mesh run").parent == CALLER.split("-")[2]


@pytest.mark.slow
def test_every_step_of_a_run_has_its_place_in_the_trace(traced: Traced) -> None:
    assert {traced.run.path(span) for span in traced.run.spans} == {
        ("mesh run",),
        *(
            ("mesh run", *path)
            for domain, port, product, nodes in (
                ("orders", "till", "order_lines", ORDERS),
                ("billing", "order_lines", "revenue", BILLING),
            )
            for path in (
                (f"run {domain}",),
                (f"run {domain}", f"land {domain}.{port}"),
                (f"run {domain}", f"dbt build {domain}"),
                *((f"run {domain}", f"dbt build {domain}", node) for node in nodes),
                *(
                    (f"run {domain}", f"publish {domain}.{product}.v1", *stage)
                    for stage in ((), ("prepare",), ("export",), ("write",), ("audit",), ("publish",), ("tidy",))
                ),
            )
        ),
    }


@pytest.mark.slow
def test_spans_say_what_was_read_and_published(traced: Traced) -> None:
    published = traced.run.one("publish orders.order_lines.v1").said
    assert (published["mesh.published"], published["mesh.rows"]) == (True, 3)
    assert traced.run.one("land billing.order_lines").said["mesh.input_snapshot"] == published["mesh.snapshot"]


@pytest.mark.slow
def test_a_read_continues_the_trace_of_its_caller_and_names_the_run_it_reads(traced: Traced) -> None:
    read, run = traced.read.one("read"), traced.run.one("run billing")
    assert (read.trace, read.parent) == tuple(CALLER.split("-")[1:3])
    assert read.said["mesh.run_ids"] == [run.said["dagster.run_id"]]


@pytest.mark.slow
def test_models_and_tests_of_dbt_have_their_own_times(traced: Traced) -> None:
    build, model = traced.run.one("dbt build orders"), traced.run.one("model order_lines")
    assert build.start < model.start < model.end < build.end
    assert model.said["dbt.status"] == "success"


@pytest.mark.slow
def test_dbt_as_a_subprocess_gets_the_context_of_its_step(traced: Traced) -> None:
    assert traced.refused.one("test lines_have_numbers").said["dbt.status"] == "pass"


@pytest.mark.slow
def test_a_refusal_marks_the_spans_above_it(traced: Traced) -> None:
    assert traced.answers[2].code == 1
    assert {span.name: span.failure for span in traced.refused.spans if span.failure} == {
        "publish orders.order_lines.v1": "refused",
        "run orders": "failed",
    }


@pytest.mark.slow
def test_a_collector_that_does_not_answer_neither_fails_nor_holds_up_a_read(tmp_path: Path) -> None:
    settings = mesh_at(tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        endpoint = f"http://127.0.0.1:{silent.getsockname()[1]}"
        begun = time.monotonic()
        answer = mesh(settings, "run", OTEL_EXPORTER_OTLP_ENDPOINT=endpoint, OTEL_EXPORTER_OTLP_TIMEOUT="1")
        assert (answer.code, time.monotonic() - begun < 30) == (0, True), answer.err
