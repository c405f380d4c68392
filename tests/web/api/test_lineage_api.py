"""Sending lineage: with OpenLineage's own client to a running service, one by one, in batches, from many at once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from openlineage.client import OpenLineageClient
from openlineage.client.event_v2 import Dataset, DatasetEvent, Job, JobEvent, OutputDataset, Run, RunEvent, RunState
from openlineage.client.facet_v2 import schema_dataset
from openlineage.client.uuid import generate_new_uuid

from mesh_orchestration.lineage.transport import EmissionError, Emitter
from mesh_orchestration.settings import Settings
from tests.builders import mesh_at, settings_at
from tests.cli.mesh import mesh
from tests.web.api.client import Visitor, visitor
from tests.web.api.shop import event, events
from tests.web.service import service


@pytest.fixture
def client(tmp_path: Path) -> Iterator[Visitor]:
    with visitor(mesh_at(tmp_path)) as found:
        yield found


def stored(client: Visitor | httpx.Client) -> int:
    """How many events the catalog has."""
    total: int = client.get("/api/v1/events/lineage", params={"limit": 0}).json()["totalCount"]
    return total


def test_one_event_is_answered_as_marquez_answers(client: Visitor) -> None:
    answer = client.post("/api/v1/lineage", json=events()[0])
    assert (answer.status_code, answer.content, stored(client)) == (201, b"", 1)


def test_an_event_counts_once_however_often_it_comes(client: Visitor) -> None:
    answers = [client.post("/api/v1/lineage", json=events()[1]).status_code for _ in range(3)]
    assert (answers, stored(client)) == ([201, 201, 201], 1)


def test_of_a_batch_the_sound_events_are_taken_and_the_others_named(client: Visitor) -> None:
    good = events()
    sent = [good[0], {**good[1], "eventTime": "yesterday"}, good[2], "no event", {**good[3], "run": {"runId": "7"}}]
    said = client.post("/api/v1/lineage/batch", json=sent).json()
    assert (said["status"], said["summary"]["successful"], stored(client)) == ("partial_success", 2, 2)
    assert [one["index"] for one in said["failed_events"]] == [1, 3, 4]
    assert "yesterday" in said["failed_events"][0]["reason"]


def test_pages_are_answered_while_more_senders_wait_than_there_are_threads(client: Visitor) -> None:
    body = json.dumps([{**events()[0], "more": f"{number}{'x' * 2_000}"} for number in range(60)])
    kind = {"Content-Type": "application/json"}
    with ThreadPoolExecutor(60) as threads:
        with client.app.state.inbox.turn:  # type: ignore[attr-defined]
            sent = [threads.submit(client.post, "/api/v1/lineage/batch", content=body, headers=kind) for _ in range(50)]
            assert threads.submit(stored, client).result(timeout=20) == 0
        assert [one.result(timeout=60).json()["summary"]["successful"] for one in sent] == [60] * 50
    assert stored(client) == 60


@pytest.mark.parametrize("body", ['"text"', "[]", "{}", '{"eventType": "START"}', "17"])
def test_what_is_no_event_is_refused_with_a_reason(client: Visitor, body: str) -> None:
    answer = client.post("/api/v1/lineage", content=body, headers={"Content-Type": "application/json"})
    assert (answer.status_code, len(answer.json()["message"]) > 10, stored(client)) == (400, True, 0)


def test_hostile_names_come_back_as_they_were_and_run_nowhere(client: Visitor) -> None:
    name = "<script>alert(1)</script>'; drop table lineage_events; --"
    client.post("/api/v1/lineage", json=event("COMPLETE", name, events()[0]["run"]["runId"], 1))
    answer = client.get("/api/v1/jobs", headers={"Accept": "text/html"})
    assert (answer.json()["jobs"][0]["name"], answer.headers["Content-Type"]) == (name, "application/json")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Settings]]:
    """A service that demands tokens, and its settings with a token that may send lineage."""
    settings = mesh_at(tmp_path_factory.mktemp("mesh"), MESH_AUTH="token")
    secret = mesh(settings, "token", "create", "sender", "--role", "engineer", "--may", "lineage").out.strip()
    with service(settings) as url:
        yield url, settings_at(settings.root, TOKEN=secret)


@pytest.fixture
def reading(running: tuple[str, Settings]) -> Iterator[httpx.Client]:
    url, settings = running
    with httpx.Client(base_url=url, headers={"Authorization": f"Bearer {settings.get('TOKEN')}"}, timeout=60) as client:
        yield client


def config(running: tuple[str, Settings], kind: str = "http", **more: Any) -> dict[str, Any]:
    """OpenLineage's settings of a transport to the running service."""
    url, settings = running
    return {"type": kind, "url": url, "auth": {"type": "api_key", "apiKey": settings.get("TOKEN")}, **more}


def run_event(number: int, state: RunState = RunState.COMPLETE) -> RunEvent:
    facets = {"schema": schema_dataset.SchemaDatasetFacet([schema_dataset.SchemaDatasetFacetFields("id", "int")])}
    return RunEvent(
        eventType=state,
        eventTime=f"2026-11-21T10:00:{number % 60:02d}Z",
        run=Run(str(generate_new_uuid())),
        job=Job("client", f"job_{number}"),
        outputs=[OutputDataset("client", f"table_{number}", facets=facets)],
        producer="https://example.org/test",
    )


@pytest.mark.slow
@pytest.mark.parametrize("more", [{}, {"compression": "gzip"}], ids=["plain", "gzip"])
def test_the_stock_client_sends_events_of_every_kind(
    running: tuple[str, Settings], reading: httpx.Client, more: dict[str, str]
) -> None:
    before, word = stored(reading), "packed" if more else "plain"
    client = OpenLineageClient(config={"transport": config(running, **more)})
    client.emit(run_event(1))
    client.emit(JobEvent(eventTime="2026-11-21T10:00:00Z", job=Job(word, "a/b"), producer="https://example.org/test"))
    table = Dataset(word, "c:d")
    client.emit(DatasetEvent(eventTime="2026-11-21T10:00:00Z", dataset=table, producer="https://example.org/test"))
    client.close()
    assert stored(reading) == before + 3
    assert reading.get(f"/api/v1/namespaces/{word}/jobs/a%2Fb").json()["name"] == "a/b"
    assert reading.get(f"/api/v1/namespaces/{word}/datasets/c%3Ad").json()["name"] == "c:d"


@pytest.mark.slow
def test_our_own_batches_arrive_and_a_refusal_is_raised(running: tuple[str, Settings], reading: httpx.Client) -> None:
    settings = settings_at(running[1].root, OPENLINEAGE__TRANSPORT=json.dumps(config(running, "http_batch")))
    emitter = Emitter.of(settings)
    assert emitter is not None
    before = stored(reading)
    emitter.send(events())
    assert stored(reading) == before + 4
    with pytest.raises(EmissionError, match="1 of 1 events"):
        emitter.send([{**events()[0], "inputs": [{"namespace": "", "name": ""}]}])
    emitter.close()


@pytest.mark.slow
def test_no_event_of_many_senders_at_once_is_lost(running: tuple[str, Settings], reading: httpx.Client) -> None:
    before = stored(reading)

    def send(sender: int) -> None:
        client = OpenLineageClient(config={"transport": config(running)})
        for number in range(40):
            client.emit(run_event(1000 * sender + number))
        client.close()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(send, range(1, 9)))
    assert stored(reading) == before + 320


@pytest.mark.slow
def test_what_was_acknowledged_survives_the_end_of_the_service(tmp_path: Path) -> None:
    settings = mesh_at(tmp_path)
    with service(settings) as url:
        assert httpx.post(f"{url}/api/v1/lineage/batch", json=events()).json()["status"] == "success"
    with service(settings) as url:
        assert httpx.get(f"{url}/api/v1/jobs").json()["totalCount"] == 2
