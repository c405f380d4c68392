from __future__ import annotations

import io
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import fastavro
import pytest
from confluent_kafka import Producer

from mesh_orchestration.contract.mesh import load_mesh
from mesh_orchestration.contract.model import InputPort
from mesh_orchestration.engines import Engine, engine_for
from mesh_orchestration.errors import EngineError, SettingsError, SourceError
from mesh_orchestration.inputs import IngestContext, Ingested, ingest
from mesh_orchestration.inputs.topic import landing
from mesh_orchestration.settings import Settings
from tests import builders
from tests.engines.landing import NOON
from tests.inputs import dying_ingestion
from tests.kafka import Topic

COLUMNS = {"id": "long", "status": "string"}
SCHEMA = {
    "type": "record",
    "name": "Order",
    "fields": [
        {"name": "id", "type": "long"},
        {"name": "status", "type": {"type": "enum", "name": "Status", "symbols": ["new", "paid"]}},
        {"name": "price", "type": {"type": "bytes", "logicalType": "decimal", "precision": 10, "scale": 2}},
        {"name": "at", "type": ["null", {"type": "long", "logicalType": "timestamp-millis"}]},
        {"name": "day", "type": {"type": "int", "logicalType": "date"}},
    ],
}


@dataclass(frozen=True)
class Stream:
    """A topic, the engine it is landed in and the settings of both."""

    topic: Topic
    engine: Engine
    settings: Settings

    def port(self, **given: Any) -> InputPort:
        said = {"name": "order_events", "type": "kafka", "topic": self.topic.name, "columns": COLUMNS}
        return InputPort(**(said | given))

    def ingest(self, *, resync: bool = False, **given: Any) -> Ingested:
        context = IngestContext(self.settings, "run-1", NOON, load_mesh(self.settings), resync=resync)
        return ingest(self.port(**given), self.engine, context=context)

    def landed(self, columns: str = "id, status") -> list[tuple[object, ...]]:
        return self.engine.execute(f"select {columns} from {self.engine.relation('landing__order_events')} order by 1")

    def aside(self) -> list[tuple[object, ...]]:
        return self.engine.execute(
            f"select origin, reason from {self.engine.relation('refused__order_events')} order by 1"
        )

    def counted(self) -> dict[str, int]:
        """The rows of each batch as the landing table has them."""
        table = self.engine.relation("landing__order_events")
        return dict(self.engine.execute(f"select _batch, count(*) from {table} group by 1"))  # type: ignore[arg-type]

    def entered(self) -> dict[str, int]:
        """The rows of each batch as the ledger has them."""
        return {entry.batch: entry.rows for entry in self.engine.ledger("order_events") if entry.rows}


def settings_for(folder: Path, topic: Topic, **environ: str) -> Settings:
    return builders.mesh_at(folder, MESH_KAFKA_BOOTSTRAP=topic.broker.address, **environ)


@pytest.fixture
def stream(tmp_path: Path, topic: Topic) -> Iterator[Stream]:
    found = settings_for(tmp_path, topic)
    with engine_for(found, "orders") as engine:
        yield Stream(topic, engine, found)


@pytest.fixture(params=["duckdb", pytest.param("postgresql", marks=pytest.mark.slow)])
def each(request: pytest.FixtureRequest, tmp_path: Path, topic: Topic) -> Iterator[Stream]:
    """The stream with each engine in turn."""
    environ = {"MESH_ENGINE": request.param}
    if request.param == "postgresql":
        environ["MESH_POSTGRES_URL"] = request.getfixturevalue("postgres").url
    found = settings_for(tmp_path, topic, **environ)
    with engine_for(found, "orders") as engine:
        yield Stream(topic, engine, found)


def order(number: int, status: str = "new") -> dict[str, Any]:
    return {"id": number, "status": status}


def refused(stream: Stream, **given: Any) -> str:
    with pytest.raises(SourceError) as error:
        stream.ingest(**given)
    return str(error.value)


def test_each_run_lands_the_messages_since_the_last_and_ends(each: Stream) -> None:
    each.topic.send(order(1), order(2))
    each.topic.send(order(3), partition=1)
    first = each.ingest()
    assert (first.rows, len(first.batches), first.watermark) == (3, 1, "0:2,1:1")
    assert each.ingest() == Ingested("order_events", watermark="0:2,1:1")
    each.topic.send(order(1), order(4))
    second = each.ingest()
    assert (second.rows, second.watermark) == (2, "0:4,1:1")
    assert each.landed() == [(1, "new"), (1, "new"), (2, "new"), (3, "new"), (4, "new")]
    assert each.entered() == each.counted() == {first.batches[0]: 3, second.batches[0]: 2}


def test_an_empty_topic_is_read_from_its_beginning(stream: Stream) -> None:
    assert stream.ingest() == Ingested("order_events", watermark="0:0,1:0")
    stream.topic.send(order(1))
    assert stream.ingest().rows == 1


def test_the_newest_message_of_a_key_counts_and_a_tombstone_ends_it(each: Stream) -> None:
    options = {"mode": "upsert", "key": "id"}
    each.topic.send(order(1), order(2), order(3), order(1, "paid"))
    each.ingest(**options)
    assert each.landed() == [(1, "paid"), (2, "new"), (3, "new")]
    each.topic.send(order(2, "paid"))
    each.topic.send(None, key="3")
    each.topic.send(None, key='{"id": 1}')
    each.topic.send(order(1, "again"))
    each.ingest(**options)
    assert each.landed() == [(1, "again"), (2, "paid")]
    assert each.entered() == each.counted()


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (b"{", "is not JSON"),
        (b"[1]", "is JSON of list, expected an object"),
        ({"id": 1}, "has no status"),
        ({"id": "one", "status": "new"}, "column id: found 'one', expected long"),
        ({"id": 2**63, "status": "new"}, "expected long"),
        ({"id": True, "status": "new"}, "column id: found True, expected long"),
        (b'{"id": 1, "status": NaN}', "NaN is not a JSON number"),
        (None, "is a tombstone"),
    ],
)
def test_a_message_that_cannot_be_read_refuses_the_batch_and_is_named(stream: Stream, value: Any, reason: str) -> None:
    stream.topic.send(order(1))
    stream.ingest()
    stream.topic.send(order(2), value, partition=1)
    message = refused(stream)
    assert message.startswith(f"topic {stream.topic.name} partition 1 offset 1: the message ")
    assert reason in message
    assert stream.landed() == [(1, "new")]


def test_with_quarantine_such_messages_are_put_aside_in_the_same_transaction(each: Stream) -> None:
    each.topic.send(order(1), b"{", {"id": 2}, order(3))
    done = each.ingest(on_error="quarantine")
    assert each.landed() == [(1, "new"), (3, "new")]
    assert [origin for origin, _ in each.aside()] == [f"{each.topic.name}/0/1", f"{each.topic.name}/0/2"]
    assert each.aside()[1][1] == "has no status"
    assert done.warnings[0].startswith("2 messages were put aside in refused__order_events; the first, ")
    each.topic.send(b"}")
    assert each.ingest(on_error="quarantine").rows == 0
    assert each.ingest(on_error="quarantine").warnings == ()
    assert len(each.aside()) == 3


def test_fields_the_port_does_not_declare_are_told_and_ignored(stream: Stream) -> None:
    stream.topic.send(order(1) | {"extra": 1})
    assert stream.ingest().warnings == ("ignored fields the port does not declare: extra",)


def test_json_values_land_as_the_declared_types(each: Stream) -> None:
    columns = {
        "id": "integer", "share": "double", "price": "decimal(38,10)", "yes": "boolean", "day": "date",
        "at": "timestamptz", "local": "timestamp", "clock": "time", "raw": "binary", "code": "uuid",
        "words": "array<string>",
    }  # fmt: skip
    value = (
        b'{"id": 7, "share": 1, "price": 1234567890123456789012345678.0123456789, "yes": true, "day": "2026-01-31", '
        b'"at": "2026-01-31T12:00:00+02:00", "local": "2026-01-31T12:00:00.5", "clock": "10:11:12", "raw": "eA==", '
        b'"code": "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "words": ["a", null]}'
    )
    each.topic.send(value, json.dumps(dict.fromkeys(columns)).encode())
    each.ingest(columns=columns)
    filled, empty = sorted(
        each.landed("id, share, price, yes, day, local, clock, words"), key=lambda row: row[0] is None
    )
    assert filled[:5] == (7, 1.0, Decimal("1234567890123456789012345678.0123456789"), True, date(2026, 1, 31))
    assert filled[5] == datetime(2026, 1, 31, 12, 0, 0, 500_000)  # noqa: DTZ001
    assert filled[7] == ["a", None]
    assert set(empty) == {None}
    assert each.landed("""count(*) filter (where "at" = '2026-01-31 10:00:00+00')""") == [(1,)]


@pytest.mark.parametrize(
    ("kind", "value", "hint"),
    [
        ("timestamptz", "2026-01-31T12:00:00", "with a zone"),
        ("timestamp", "2026-01-31T12:00:00Z", "without a zone"),
        ("timestamptz", 1769860800000, "as ISO 8601 text"),
        ("decimal(5,2)", "1.234", "expected decimal(5,2)"),
        ("decimal(5,2)", 12345, "expected decimal(5,2)"),
        ("string", 5, "expected string"),
        ("date", "31.1.2026", "expected date"),
        ("binary", "?", "expected binary"),
    ],
)
def test_values_are_never_rounded_or_guessed(stream: Stream, kind: str, value: Any, hint: str) -> None:
    stream.topic.send({"it": value})
    assert hint in refused(stream, columns={"it": kind})


# Avro


def avro(value: dict[str, Any]) -> bytes:
    out = io.BytesIO()
    fastavro.schemaless_writer(out, fastavro.parse_schema(SCHEMA), value)
    return out.getvalue()


@pytest.fixture
def with_schema(stream: Stream) -> Stream:
    """The stream, with the port declared in a contract that has the schema beside it."""
    port = stream.port(format="avro", schema="schemas/order.avsc").model_dump()
    product = builders.product("orders.order_lines.v1", inputs=[port | {"columns": {}}])
    builders.mesh_at(stream.settings.root, product)
    folder = stream.settings.root / "contracts" / "orders" / "order_lines" / "schemas"
    folder.mkdir()
    (folder / "order.avsc").write_text(json.dumps(SCHEMA))
    return stream


def test_avro_messages_are_read_by_the_schema_beside_the_contract(with_schema: Stream) -> None:
    noon = datetime(2026, 1, 31, 12, tzinfo=UTC)
    value = {"id": 1, "status": "paid", "price": Decimal("9.90"), "at": noon, "day": date(2026, 1, 31)}
    with_schema.topic.send(avro(value), b"\0\0\0\0\7" + avro(value | {"id": 2, "at": None}))
    with_schema.ingest(format="avro", schema="schemas/order.avsc", columns={})
    assert with_schema.landed("id, status, price, day") == [
        (1, "paid", Decimal("9.90"), date(2026, 1, 31)),
        (2, "paid", Decimal("9.90"), date(2026, 1, 31)),
    ]
    assert with_schema.landed('count("at")') == [(1,)]


def test_avro_that_is_not_of_the_schema_is_refused(with_schema: Stream) -> None:
    with_schema.topic.send(b"\x01\x02garbage")
    options = {"format": "avro", "schema": "schemas/order.avsc"}
    assert "is not Avro of the port's schema" in refused(with_schema, **options, columns={})
    assert "column idd is not in the schema" in refused(with_schema, **options, columns={"idd": "long"})
    assert "No such file" in refused(with_schema, format="avro", schema="none.avsc")
    assert "is outside the mesh" in refused(with_schema, format="avro", schema="../../../../../etc/passwd")


# Exactly once


@pytest.mark.slow
@pytest.mark.parametrize("where", ["within", "between"])
def test_a_killed_run_loses_and_repeats_nothing(tmp_path: Path, topic: Topic, where: str) -> None:
    found = settings_for(tmp_path, topic)
    with engine_for(found, "orders") as engine:
        stream = Stream(topic, engine, found)
        stream.ingest()
    topic.send_many([json.dumps(order(number)).encode() for number in range(1000)])
    assert dying_ingestion.run(found, where, stream.port()) == -9
    topic.send(order(5000), partition=1)
    with engine_for(found, "orders") as engine:
        stream = Stream(topic, engine, found)
        stream.ingest()
        assert [row[0] for row in stream.landed("id")] == [*range(1000), 5000]
        assert stream.entered() == stream.counted()


@pytest.mark.slow
def test_many_messages_are_landed_in_several_batches_of_several_steps(stream: Stream) -> None:
    count = landing.BATCH_MESSAGES + 10
    half = count // 2
    stream.topic.send_many([b'{"id": %d, "status": "new"}' % number for number in range(half)])
    stream.topic.send_many([b'{"id": %d, "status": "new"}' % number for number in range(half, count)], partition=1)
    done = stream.ingest()
    assert (done.rows, len(done.batches)) == (count, 2)
    assert stream.landed("count(*), count(distinct id)") == [(count, count)]
    assert stream.entered() == stream.counted()


def test_somebody_elses_landing_in_between_is_refused(stream: Stream) -> None:
    stream.topic.send(order(1))
    stream.ingest()
    with pytest.raises(EngineError, match="another run has landed order_events meanwhile"):
        stream.engine.advance("order_events", stream.ingest().watermark, "0:9", expected=())


# What a topic may do


def test_a_topic_made_anew_is_told_and_a_resync_goes_on(stream: Stream) -> None:
    stream.topic.send(*(order(number) for number in range(5)))
    stream.ingest()
    stream.topic.broker.delete(stream.topic.name)
    stream.topic.broker.create(stream.topic.name, 2)
    stream.topic.send(order(10))
    message = refused(stream)
    assert "does not have offset 5 of partition 0 any more" in message
    assert "mesh resync orders.order_events" in message
    done = stream.ingest(resync=True)
    assert done.rows == 1
    assert [row[0] for row in stream.landed()] == [0, 1, 2, 3, 4, 10]
    stream.topic.send(order(11))
    assert stream.ingest().rows == 1
    assert stream.entered() == stream.counted()


def test_a_resync_of_the_newest_by_key_holds_what_the_topic_holds(stream: Stream) -> None:
    options = {"mode": "upsert", "key": "id"}
    stream.topic.send(order(1), order(2))
    stream.ingest(**options)
    stream.topic.broker.delete(stream.topic.name)
    stream.topic.broker.create(stream.topic.name, 2)
    stream.topic.send(order(2, "paid"))
    done = stream.ingest(resync=True, **options)
    assert (done.rows, stream.landed()) == (1, [(2, "paid")])
    assert stream.entered() == stream.counted()


def test_a_resync_that_nothing_called_for_repeats_nothing(stream: Stream) -> None:
    stream.topic.send(order(1), order(2))
    stream.ingest()
    stream.topic.send(order(3))
    assert stream.ingest(resync=True).rows == 1
    assert [row[0] for row in stream.landed()] == [1, 2, 3]


def test_messages_that_the_broker_no_longer_keeps_are_told_and_never_passed_over(
    tmp_path: Path,
) -> None:
    # librdkafka's own broker keeps the newest 5 MB of a partition, which the other one does not limit.
    server = Producer({"bootstrap.servers": "unused", "test.mock.num.brokers": 1, "linger.ms": 0, "log_level": 0})
    (broker,) = server.list_topics("events", timeout=10).brokers.values()
    found = builders.mesh_at(tmp_path, MESH_KAFKA_BOOTSTRAP=f"{broker.host}:{broker.port}")

    def send(first: int, last: int, size: int) -> None:
        for number in range(first, last):
            server.produce("events", json.dumps({"id": number, "status": "x" * size}).encode(), partition=0)
            assert server.flush(10) == 0

    with engine_for(found, "orders") as engine:
        port = InputPort(name="events", type="kafka", topic="events", columns=COLUMNS)
        context = IngestContext(found, "run-1", NOON)
        send(0, 3, 10)
        assert ingest(port, engine, context=context).rows == 3
        send(3, 60, 200_000)
        with pytest.raises(SourceError, match="does not have offset 3 of partition 0 any more"):
            ingest(port, engine, context=context)
        done = ingest(port, engine, context=IngestContext(found, "run-2", NOON, resync=True))
        assert done.warnings[0].startswith("partition 0: messages 3 to ")
        landed = engine.execute(
            f"select min(id), max(id), count(*) from {engine.relation('landing__events')} where id > 2"
        )
        assert landed == [(60 - done.rows, 59, done.rows)]


# What the set-up may lack


def test_what_a_port_does_not_say_is_asked_for_by_name(stream: Stream) -> None:
    assert (
        refused(stream, topic=None) == "order_events: the port names no topic; add `topic: name` to it in the contract"
    )
    assert "says no `columns:`" in refused(stream, columns={})
    assert "says no `schema:`" in refused(stream, format="avro")
    assert "cannot be read: Broker: Unknown topic or partition" in refused(stream, topic="nowhere")


def test_settings_that_lack_or_are_wrong_are_named_without_their_text(tmp_path: Path, topic: Topic) -> None:
    for environ, said in (
        ({"MESH_KAFKA_BOOTSTRAP": ""}, "MESH_KAFKA_BOOTSTRAP is not set"),
        ({"MESH_KAFKA_OPTIONS": '{"sasl.password": "s3cret"'}, "MESH_KAFKA_OPTIONS is not a JSON object"),
        ({"MESH_KAFKA_OPTIONS": '{"security.protocol": "s3cret"}'}, "security.protocol is wrong"),
    ):
        found = builders.mesh_at(tmp_path, **({"MESH_KAFKA_BOOTSTRAP": topic.broker.address} | environ))
        with engine_for(found, "orders") as engine, pytest.raises(SettingsError) as error:
            Stream(topic, engine, found).ingest()
        assert said in str(error.value)
        assert "s3cret" not in f"{error.value!r}{error.value.__cause__!r}"


def test_a_connection_has_settings_of_its_own(tmp_path: Path, topic: Topic) -> None:
    found = builders.mesh_at(tmp_path, MESH_KAFKA_BOOTSTRAP_SHOP_EVENTS=topic.broker.address)
    topic.send(order(1))
    with engine_for(found, "orders") as engine:
        assert Stream(topic, engine, found).ingest(connection="shop-events").rows == 1


def test_a_run_takes_no_longer_than_its_messages(stream: Stream) -> None:
    stream.topic.send(order(1))
    began = time.monotonic()
    stream.ingest()
    assert time.monotonic() - began < 10
