"""OpenLineage's settings as its client reads them, and transports that tell whether an event arrived."""

from __future__ import annotations

import json
import logging
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mesh_orchestration.contract.mesh import load_mesh
from mesh_orchestration.errors import SettingsError
from mesh_orchestration.lineage.atlas import Atlas
from mesh_orchestration.lineage.events import Document, Parent, Task, run_event, task_events
from mesh_orchestration.lineage.transport import EmissionError, Emitter, client_config
from tests.builders import mesh_at, product, settings_at
from tests.kafka import Topic
from tests.lineage.receiver import Receiver, event_id, receiver


@pytest.fixture
def sink(tmp_path: Path) -> Iterator[Receiver]:
    with receiver(tmp_path) as made:
        yield made


@pytest.fixture
def documents(tmp_path: Path) -> list[Document]:
    """Three events: a run begins, and a task of it begins and ends."""
    settings = mesh_at(tmp_path / "mesh", product("orders.orders.v1"))
    atlas = Atlas(settings, load_mesh(settings), lambda domain: {})
    parent = Parent("6b1f0a52-93a4-4a8e-9d9e-0b1f6f6f5a11", "orders.assets", "1.13")
    return [
        run_event(atlas, parent, "START", at=1.0),
        *task_events(atlas, Task(("orders", "orders", "v1"), parent, "s", 1, 2)),
    ]


def emitter(root: Path, transport: dict[str, Any]) -> Emitter:
    made = Emitter.of(settings_at(root, OPENLINEAGE__TRANSPORT=json.dumps(transport)))
    assert made is not None
    return made


@pytest.mark.parametrize(
    ("environ", "transport"),
    [
        ({}, None),
        ({"OPENLINEAGE_URL": "http://a", "OPENLINEAGE_DISABLED": "True"}, None),
        ({"OPENLINEAGE_NAMESPACE": "shop"}, None),
        ({"OPENLINEAGE_URL": "http://a"}, {"type": "http", "url": "http://a"}),
        (
            {"OPENLINEAGE_URL": "http://a", "OPENLINEAGE_ENDPOINT": "x", "OPENLINEAGE_API_KEY": "k"},
            {"type": "http", "url": "http://a", "endpoint": "x", "auth": {"type": "api_key", "apiKey": "k"}},
        ),
        ({"OPENLINEAGE__TRANSPORT__TYPE": "console"}, {"type": "console"}),
        (
            {"OPENLINEAGE__TRANSPORT__TYPE": "http", "OPENLINEAGE__TRANSPORT__TIMEOUT": "2"},
            {"type": "http", "timeout": 2},
        ),
    ],
)  # fmt: skip
def test_the_environment_is_read_as_the_client_reads_it(
    tmp_path: Path, environ: dict[str, str], transport: Any
) -> None:
    config = client_config(settings_at(tmp_path, **environ))
    assert (config["transport"] if config else None) == transport


def test_a_file_is_found_in_the_root_and_wins_over_the_environment(tmp_path: Path) -> None:
    (tmp_path / "openlineage.yml").write_text("transport: {type: http, url: http://file}\nfilters: []\n")
    config = client_config(settings_at(tmp_path, OPENLINEAGE__TRANSPORT__URL="http://environment", HOME="/nowhere"))
    assert config == {"transport": {"type": "http", "url": "http://file"}, "filters": []}


@pytest.mark.parametrize(
    ("text", "said"),
    [("transport: [", "cannot be read"), ("- a", "are not a mapping"), ("transport: {type: async_http}", "use http"),
     ("transport: {type: http}", "does not take its settings"), ("transport: {type: no.Where}", "does not take")],
)  # fmt: skip
def test_settings_that_cannot_work_are_told(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "ol.yml").write_text(text)
    with pytest.raises(SettingsError, match=said):
        Emitter.of(settings_at(tmp_path, OPENLINEAGE_CONFIG=str(tmp_path / "ol.yml")))


def test_in_a_composite_a_failure_of_one_is_a_failure(
    tmp_path: Path, sink: Receiver, documents: list[Document]
) -> None:
    file = {"type": "file", "log_file_path": str(tmp_path / "copy.ndjson"), "append": True}
    http = {"type": "http", "url": sink.url, "retry": {"total": 0}}
    made = emitter(tmp_path, {"type": "composite", "transports": {"copy": file, "sink": http}})
    sink.status = 500
    with pytest.raises(EmissionError, match="500"):
        made.send(documents)
    sink.status = 200
    made.send(documents)
    assert sink.ids == [event_id(one) for one in documents]


def test_a_batch_inside_a_composite_is_sent_too(tmp_path: Path, sink: Receiver, documents: list[Document]) -> None:
    made = emitter(tmp_path, {"type": "composite", "transports": [{"type": "http_batch", "url": sink.url}]})
    assert made.batches
    made.send(documents)
    assert (sink.ids, sink.requests) == ([event_id(one) for one in documents], 1)


def test_a_batch_that_was_taken_in_part_is_a_failure(tmp_path: Path, sink: Receiver, documents: list[Document]) -> None:
    made = emitter(tmp_path, {"type": "http_batch", "url": sink.url})
    sink.answer = {"status": "partial_success", "summary": {"received": 3, "successful": 1, "failed": 2}}
    with pytest.raises(EmissionError, match="2 of 3 events"):
        made.send(documents)


def test_the_console_prints_each_event(
    tmp_path: Path, documents: list[Document], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        emitter(tmp_path, {"type": "console"}).send(documents)
    said = [record.getMessage() for record in caplog.records if record.name.endswith("transport.console")]
    assert [event_id(json.loads(text)) for text in said] == [event_id(one) for one in documents]


@pytest.mark.slow
def test_kafka_gets_the_events_of_a_run_under_one_key(tmp_path: Path, topic: Topic, documents: list[Document]) -> None:
    import confluent_kafka

    made = emitter(
        tmp_path, {"type": "kafka", "topic": topic.name, "config": {"bootstrap.servers": topic.broker.address}}
    )
    made.send(documents)
    made.close()
    group = {"bootstrap.servers": topic.broker.address, "group.id": "t", "auto.offset.reset": "earliest"}
    consumer = confluent_kafka.Consumer(group)
    consumer.assign([confluent_kafka.TopicPartition(topic.name, place, 0) for place in range(2)])
    messages, deadline = [], time.monotonic() + 20
    while len(messages) < 3 and time.monotonic() < deadline:
        messages += [one for one in consumer.consume(10, timeout=0.2) if one.error() is None]
    consumer.close()
    assert [event_id(json.loads(one.value())) for one in messages] == [event_id(one) for one in documents]
    assert {one.key() for one in messages} == {b"run:mesh/orders.assets"}


@pytest.mark.slow
def test_kafka_that_does_not_confirm_is_a_failure(tmp_path: Path, documents: list[Document]) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        config = {
            "bootstrap.servers": f"127.0.0.1:{nobody.getsockname()[1]}",
            "message.timeout.ms": 1000,
            "log_level": 0,
        }
        made = emitter(tmp_path, {"type": "kafka", "topic": "lineage", "config": config})
        with pytest.raises(EmissionError, match="Kafka did not take 1 of the events"):
            made.send(documents)
