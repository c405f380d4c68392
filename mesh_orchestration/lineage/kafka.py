"""Kafka's answer to each event: the client's transport only logs that a message was not delivered."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from mesh_orchestration.errors import MeshError

if TYPE_CHECKING:
    from openlineage.client.transport.kafka import KafkaTransport


def confirm(transport: KafkaTransport) -> None:
    """Make ``transport`` raise when the broker does not confirm a message."""
    transport.producer = _Confirming(transport.producer)


class _Confirming:
    """A producer whose ``flush`` raises what the delivery of a message ended in."""

    def __init__(self, producer: Any) -> None:
        self._producer = producer
        self._failed: list[str] = []

    def produce(self, *, on_delivery: Callable[[Any, Any], None], **message: Any) -> None:
        def delivered(error: Any, sent: Any) -> None:
            if error:
                self._failed.append(str(error))
            on_delivery(error, sent)

        self._producer.produce(**message, on_delivery=delivered)

    def flush(self, timeout: float = -1) -> int:
        left = int(self._producer.flush(timeout=timeout))
        failed, self._failed = self._failed, []
        if failed:
            raise MeshError(f"Kafka did not take {len(failed)} of the events: {failed[0]}")
        return left
