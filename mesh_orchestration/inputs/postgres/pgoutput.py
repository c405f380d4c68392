"""The messages of PostgreSQL's ``pgoutput`` plug-in, protocol version 1.

Source: PostgreSQL documentation, "Logical Replication Message Formats". Integers are big endian, text ends
with a zero byte, values come as the text that the type's output function writes.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from mesh_orchestration.errors import SourceError


class Unchanged(Enum):
    """The value of a large column that an update did not touch: the log does not repeat it."""

    UNCHANGED = "unchanged"


UNCHANGED = Unchanged.UNCHANGED
Value = str | Unchanged | None
Row = tuple[Value, ...]


@dataclass(frozen=True)
class SourceColumn:
    """A column as the source types it: the type's OID and modifier."""

    name: str
    type_oid: int
    modifier: int

    @property
    def kind(self) -> str:
        return f"{self.type_oid}:{self.modifier}"


@dataclass(frozen=True)
class Commit:
    """The end of a transaction; ``end`` is the first position after it."""

    end: int


@dataclass(frozen=True)
class Relation:
    """What a table looks like from here on."""

    oid: int
    schema: str
    table: str
    columns: tuple[SourceColumn, ...]


@dataclass(frozen=True)
class Insert:
    oid: int
    new: Row


@dataclass(frozen=True)
class Update:
    """``old`` is there when the key changed or the whole old row is logged."""

    oid: int
    old: Row | None
    new: Row


@dataclass(frozen=True)
class Delete:
    """``old`` has the key, or all columns when the whole old row is logged."""

    oid: int
    old: Row


@dataclass(frozen=True)
class Truncate:
    oids: tuple[int, ...]


Event = Commit | Relation | Insert | Update | Delete | Truncate


def decode(message: bytes) -> Event | None:
    """The event of one message; None for those that change no row (begin, origin, type)."""
    kind, body = message[:1], _Body(message, 1)
    if kind == b"I":
        oid, _ = body.integer("!I"), body.take(1)
        return Insert(oid, body.row())
    if kind == b"U":
        return _update(body)
    if kind == b"D":
        oid, _ = body.integer("!I"), body.take(1)
        return Delete(oid, body.row())
    if kind == b"C":
        _flags, _commit = body.integer("!B"), body.integer("!Q")
        return Commit(body.integer("!Q"))
    if kind == b"R":
        return _relation(body)
    if kind == b"T":
        count, _options = body.integer("!I"), body.integer("!B")
        return Truncate(tuple(body.integer("!I") for _ in range(count)))
    if kind in (b"B", b"O", b"Y"):
        return None
    raise SourceError(f"pgoutput sent a message of kind {kind!r}, which protocol version 1 does not have")


def _update(body: _Body) -> Update:
    oid, old, mark = body.integer("!I"), None, body.take(1)
    if mark in (b"K", b"O"):
        old, _ = body.row(), body.take(1)
    return Update(oid, old, body.row())


def _relation(body: _Body) -> Relation:
    oid, schema, table = body.integer("!I"), body.text(), body.text()
    _identity, count = body.take(1), body.integer("!H")
    return Relation(oid, schema, table, tuple(_columns(body, count)))


def _columns(body: _Body, count: int) -> Iterator[SourceColumn]:
    for _ in range(count):
        body.take(1)
        yield SourceColumn(body.text(), body.integer("!I"), body.integer("!i"))


class _Body:
    """A message and how far it is read."""

    def __init__(self, message: bytes, at: int) -> None:
        self._message, self._at = message, at

    def take(self, size: int) -> bytes:
        self._at += size
        return self._message[self._at - size : self._at]

    def integer(self, layout: str) -> int:
        value: int = struct.unpack_from(layout, self._message, self._at)[0]
        self._at += struct.calcsize(layout)
        return value

    def text(self) -> str:
        end = self._message.index(b"\0", self._at)
        found = self._message[self._at : end].decode()
        self._at = end + 1
        return found

    def row(self) -> Row:
        return tuple(self._value() for _ in range(self.integer("!H")))

    def _value(self) -> Value:
        kind = self.take(1)
        if kind == b"t":
            return self.take(self.integer("!I")).decode()
        return UNCHANGED if kind == b"u" else None
