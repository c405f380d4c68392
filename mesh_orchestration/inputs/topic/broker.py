"""A topic read from given offsets to the end it had when reading began; offsets are the caller's to keep.

The consumer joins no group and commits nothing: where a port stands is known to the engine's ledger alone.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from mesh_orchestration.errors import SettingsError, SourceError

PATIENCE = 30  # seconds without an answer of the broker
_AT_ONCE = 1000
_OWN = {
    "enable.auto.commit": "false",
    "enable.auto.offset.store": "false",
    "enable.partition.eof": "true",
    "auto.offset.reset": "error",
    "isolation.level": "read_committed",
    "queued.max.messages.kbytes": "16384",
    # How long the broker may hold back the answer that there is no more.
    "fetch.wait.max.ms": "100",
    "log_level": "0",
}


@dataclass(frozen=True)
class Message:
    """One message; ``value`` is None in a tombstone."""

    partition: int
    offset: int
    key: bytes | None
    value: bytes | None


class Topic:
    """An open topic; close it. ``positions`` is the next offset of each partition, moved on as messages are given;
    ``way_out`` is what to do when it no longer has the messages that come next."""

    def __init__(self, options: Mapping[str, str], name: str, *, client: str, way_out: str) -> None:
        self.name, self.where = name, f"the topic {name} at {options.get('bootstrap.servers', '')}"
        self.way_out, self.positions = way_out, dict[int, int]()
        self._trouble = ""
        try:
            given: dict[str, Any] = {"client.id": client, "group.id": client, **options, **_OWN}
            self._consumer = Consumer(given | {"error_cb": self._note})
        except (KafkaException, TypeError) as error:
            # The client repeats the value that it cannot use, which may be a password.
            named = re.search(r'property:? "([^"]+)"', str(error))
            which = f"{named[1]} is" if named else "one of them is"
            raise SettingsError(
                f"the settings of the Kafka cluster of {name} are not what librdkafka takes: {which} wrong; "
                "correct MESH_KAFKA_OPTIONS"
            ) from None

    def close(self) -> None:
        self._consumer.close()

    def error(self, message: str) -> SourceError:
        return SourceError(f"{self.where} {message}")

    def _note(self, error: KafkaError) -> None:
        self._trouble = error.str()

    def _unanswered(self) -> SourceError:
        why = f": {self._trouble}" if self._trouble else ""
        return self.error(f"gave no answer within {PATIENCE} s{why}; check MESH_KAFKA_BOOTSTRAP and MESH_KAFKA_OPTIONS")

    def oldest(self) -> dict[int, int]:
        """The offset of the oldest message that each partition still has."""
        try:
            found = self._consumer.list_topics(self.name, timeout=PATIENCE).topics[self.name]
            if found.error is not None:
                raise self.error(f"cannot be read: {found.error.str()}; correct `topic:` or create it")
            return {number: self._oldest(number) for number in sorted(found.partitions)}
        except KafkaException as error:
            if error.args and isinstance(error.args[0], KafkaError) and not error.args[0].retriable():
                self._trouble = self._trouble or error.args[0].str()
            raise self._unanswered() from error

    def _oldest(self, partition: int) -> int:
        return self._marks(partition)[0]

    def end(self, partition: int) -> int:
        """The offset behind the newest message of a partition."""
        return self._marks(partition)[1]

    def _marks(self, partition: int) -> tuple[int, int]:
        marks = self._consumer.get_watermark_offsets(TopicPartition(self.name, partition), timeout=PATIENCE)
        if marks is None:
            raise self._unanswered()
        return int(marks[0]), int(marks[1])

    def drain(self, start: Mapping[int, int]) -> Iterator[Message]:
        """Every message from the offsets on that was there when each partition was first read.

        Raises SourceError when a partition no longer has its offset, or the broker no answer.
        """
        self.positions = dict(start)
        ends: dict[int, int] = {}
        waiting, heard = set(start), time.monotonic()
        self._consumer.assign([TopicPartition(self.name, number, offset) for number, offset in start.items()])
        while waiting:
            events = self._consumer.consume(_AT_ONCE, timeout=0.05)
            heard = time.monotonic() if events else heard
            for event in events:
                number = event.partition()
                if event.error() is not None:
                    self._end(event, waiting)
                elif number in waiting:
                    end = ends.setdefault(number, self._end_of(number))
                    if event.offset() < end:
                        self.positions[number] = event.offset() + 1
                        yield Message(number, event.offset(), event.key(), event.value())
                    if event.offset() + 1 >= end:
                        waiting.discard(number)
            self._still_there(waiting)
            if waiting and time.monotonic() - heard > PATIENCE:
                raise self._unanswered()

    def _end(self, event: Any, waiting: set[int]) -> None:
        """Take note that a partition has no more, or raise what is wrong with it."""
        error, number = event.error(), event.partition()
        if error.code() == KafkaError._PARTITION_EOF:
            if number in waiting:
                # Markers of transactions and compacted messages have offsets too, and are never given.
                self.positions[number] = max(self.positions[number], event.offset())
                waiting.discard(number)
        elif error.code() in (KafkaError._AUTO_OFFSET_RESET, KafkaError.OFFSET_OUT_OF_RANGE):
            raise self.gone(number, self.positions[number])
        else:
            raise self.error(f"cannot be read: {error.str()}")

    def _end_of(self, partition: int) -> int:
        """The offset behind the newest message, as the newest answer for the partition said."""
        marks = self._consumer.get_watermark_offsets(TopicPartition(self.name, partition), cached=True)
        return int(marks[1]) if marks and marks[1] >= 0 else 2**63 - 1

    def _still_there(self, waiting: set[int]) -> None:
        """Raise SourceError for a partition that ends before the offset it is to be read from."""
        for number in waiting:
            if self._end_of(number) < self.positions[number]:
                raise self.gone(number, self.positions[number])

    def gone(self, partition: int, offset: int) -> SourceError:
        """The error of a partition that does not have the offset it is to be read from, and how to go on."""
        oldest = "nothing"
        with suppress(KafkaException, SourceError):
            oldest = f"offset {self._oldest(partition)} and later"
        return self.error(
            f"does not have offset {offset} of partition {partition} any more, from where it is to be read; it has "
            f"{oldest}. Messages in between are gone, or the topic was made anew; {self.way_out}"
        )
