"""Events as they are sent: a body is read event by event, and what was parsed of one is dropped before the next.

A batch that is parsed as a whole lies all over the memory, and to find it there again takes most of the time.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec
import orjson

from mesh_orchestration.catalog.collection import no_collection
from mesh_orchestration.catalog.envelope import NotAnEvent
from mesh_orchestration.catalog.openlineage import Event, read_event

Received = Event | str
"""An event, or why a document is none."""

_parts = msgspec.json.Decoder(list[msgspec.Raw]).decode


class NoList(ValueError):
    """The body is JSON, but no list."""


def received(documents: Iterable[Any]) -> list[Received]:
    """Each document as the event that it is."""
    with no_collection():
        return [_document(one) for one in documents]


def received_body(body: bytes) -> list[Received]:
    """The events of a JSON list; raises JSONDecodeError, and NoList for other JSON."""
    with no_collection():
        try:
            return [_read(bytes(part)) for part in _parts(body)]
        except msgspec.ValidationError:
            orjson.loads(body)
            raise NoList from None
        except msgspec.DecodeError:
            return received(orjson.loads(body))


def _document(document: Any) -> Received:
    try:
        return _read(orjson.dumps(document))
    except orjson.JSONEncodeError as error:
        return f"it cannot be kept as JSON: {error}"


def _read(raw: bytes) -> Received:
    try:
        return read_event(raw)
    except NotAnEvent as error:
        return str(error)
