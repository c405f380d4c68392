"""Events as they are sent: a body is read event by event, and what was parsed of one is dropped before the next.

A batch that is parsed as a whole lies all over the memory, and to find it there again takes most of the time.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

import orjson

from mesh_orchestration.catalog.collection import no_collection
from mesh_orchestration.catalog.openlineage import Event, NotAnEvent, read_event

Received = Event | str
"""An event, or why a document is none."""

_FIRST = re.compile(rb'\s*\[\s*(\{\s*"[^"\\]*")')


class NoList(ValueError):
    """The body is JSON, but no list."""


def received(documents: Iterable[Any]) -> list[Received]:
    """Each document as the event that it is."""
    with no_collection():
        return [_read(one) for one in documents]


def received_body(body: bytes) -> list[Received]:
    """The events of a JSON list; raises JSONDecodeError, and NoList for other JSON."""
    with no_collection():
        try:
            return [_read(orjson.loads(part)) for part in _parts(body)]
        except orjson.JSONDecodeError:  # it cannot be cut there
            documents = orjson.loads(body)
    if not isinstance(documents, list):
        raise NoList
    return received(documents)


def _parts(body: bytes) -> Iterator[bytes]:
    """The items of a list, cut wherever an object begins as the first one does. If each of them is JSON, so is the
    list, and they are its items: JSON can be read in one way only. If one is not, the body must be read as a whole."""
    found = _FIRST.match(body)
    end = body.rstrip(b" \t\r\n")
    if not found or not end.endswith(b"]"):
        yield b""  # no JSON
        return
    begin = found[1]
    for gap in (b",", b", "):
        parts = end[found.start(1) : -1].split(b"}" + gap + begin)
        if len(parts) > 1:
            break
    for index, part in enumerate(parts):
        yield (begin if index else b"") + part + (b"}" if index < len(parts) - 1 else b"")


def _read(document: Any) -> Received:
    try:
        return read_event(document)
    except NotAnEvent as error:
        return str(error)
