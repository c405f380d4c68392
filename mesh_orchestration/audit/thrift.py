"""A reader of structs in Thrift's compact protocol, as Parquet writes its page headers."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from typing import Any

Bytes = Sequence[int]
_STOP, _TRUE, _FALSE = 0, 1, 2


def read_struct(content: Any, place: int) -> tuple[dict[int, Any], int]:
    """The struct at ``place`` as a mapping of field numbers to values, and the place behind it."""
    fields: dict[int, Any] = {}
    number = 0
    while True:
        head = content[place]
        place += 1
        if head == _STOP:
            return fields, place
        kind, step = head & 0x0F, head >> 4
        if step:
            number += step
        else:
            number, place = _zigzag(content, place)
        fields[number], place = _value(content, place, kind)


def _value(content: Any, place: int, kind: int) -> tuple[Any, int]:
    if kind in (_TRUE, _FALSE):
        return kind == _TRUE, place
    try:
        return _READERS[kind](content, place)
    except KeyError:
        raise ValueError(f"a Thrift value of kind {kind} at byte {place} is not understood") from None


def _varint(content: Any, place: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = content[place]
        place += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, place
        shift += 7


def _zigzag(content: Any, place: int) -> tuple[int, int]:
    value, place = _varint(content, place)
    return (value >> 1) ^ -(value & 1), place


def _byte(content: Any, place: int) -> tuple[int, int]:
    return content[place], place + 1


def _double(content: Any, place: int) -> tuple[float, int]:
    return struct.unpack("<d", content[place : place + 8])[0], place + 8


def _binary(content: Any, place: int) -> tuple[bytes, int]:
    length, place = _varint(content, place)
    return bytes(content[place : place + length]), place + length


def _list(content: Any, place: int) -> tuple[list[Any], int]:
    head = content[place]
    kind, size, place = head & 0x0F, head >> 4, place + 1
    if size == 15:
        size, place = _varint(content, place)
    items = []
    for _ in range(size):
        item, place = _byte(content, place) if kind in (_TRUE, _FALSE) else _value(content, place, kind)
        items.append(item)
    return items, place


_READERS: dict[int, Callable[[Any, int], tuple[Any, int]]] = {
    3: _byte,
    4: _zigzag,
    5: _zigzag,
    6: _zigzag,
    7: _double,
    8: _binary,
    9: _list,
    10: _list,
    12: read_struct,
}
