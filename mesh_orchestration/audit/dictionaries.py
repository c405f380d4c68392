"""Answers from the dictionaries of Parquet column chunks, without decoding a single row.

A chunk whose data pages are all dictionary encoded holds no value that is not in its dictionary. So
an expectation that every entry keeps, every row keeps. The other way round proves nothing here: an
entry that breaks it leaves the counting to a way that reads rows.
"""

from __future__ import annotations

import mmap
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mesh_orchestration.audit.statistics import Statistics
from mesh_orchestration.audit.thrift import read_struct
from mesh_orchestration.audit.types import Type
from mesh_orchestration.expectations.patterns import NotPortable, for_dialect
from mesh_orchestration.expectations.predicate import (
    All,
    Among,
    Column,
    Compare,
    Constant,
    Length,
    Matches,
    Missing,
    Not,
    Predicate,
    Some,
    Term,
    columns,
)
from mesh_orchestration.expectations.question import Answer, Members, Question, Reading, Rows, Strays, Tally

if TYPE_CHECKING:
    import pyarrow.parquet as pq

MOST_ENTRIES = 50_000
_DATA_PAGE, _DICTIONARY_PAGE, _DATA_PAGE_V2 = 0, 2, 3
_PLAIN, _PLAIN_DICTIONARY, _RLE_DICTIONARY = 0, 2, 8
_CODECS = {
    "UNCOMPRESSED": "",
    "SNAPPY": "snappy",
    "GZIP": "gzip",
    "ZSTD": "zstd",
    "BROTLI": "brotli",
    "LZ4": "lz4_raw",
}
_WIDTHS = {"INT32": 4, "INT64": 8}


class Dictionaries:
    """The dictionaries of some files' columns, each column read at most once."""

    def __init__(self, paths: Sequence[Path], footers: Sequence[pq.FileMetaData], types: Mapping[str, Type]) -> None:
        self._paths, self._footers, self._types = paths, footers, types
        self._known: dict[str, frozenset[Any] | None] = {}

    def entries(self, column: str) -> frozenset[Any] | None:
        """A set that holds every value of the column, or None when the dictionaries do not tell or are large."""
        if column not in self._known:
            self._known[column] = self._read(column) if self._types[column].kind in {"string", "integer"} else None
        return self._known[column]

    def _read(self, column: str) -> frozenset[Any] | None:
        found: set[Any] = set()
        for path, footer in zip(self._paths, self._footers, strict=True):
            places = [place for place in range(footer.num_columns) if footer.schema.column(place).path == column]
            if not places or not footer.num_row_groups:
                if footer.num_rows:
                    return None
                continue
            with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
                for number in range(footer.num_row_groups):
                    chunk = footer.row_group(number).column(places[0])
                    try:
                        values = _chunk_entries(content, chunk)
                    except (ValueError, LookupError, OSError):
                        return None  # a page this reader does not understand proves nothing
                    if values is None:
                        return None
                    found.update(values)
                    if len(found) > MOST_ENTRIES:
                        return None
        return frozenset(found)


def by_dictionary(question: Question, dictionaries: Dictionaries, known: Statistics) -> Answer | None:
    """The answer that dictionaries prove, or None."""
    match question:
        case Members(column, values, extra=True, absent=False):
            entries = dictionaries.entries(column)
            return Reading(Strays(0)) if entries is not None and entries <= set(values) else None
        case Rows((column,), holds, "any", missing_counts=True) if columns(holds) == (column,):
            missing = known.of(column).missing
            entries = dictionaries.entries(column) if missing is not None else None
            if entries is None or missing is None or not _all_keep(holds, entries):
                return None
            return Tally(known.rows, known.rows - missing, 0)
    return None


def _all_keep(holds: Predicate, entries: frozenset[Any]) -> bool:
    """Whether it is proven that every entry keeps ``holds``; a pattern without a linear engine proves nothing."""
    try:
        return all(keeps(holds, entry) for entry in entries)
    except NotPortable:
        return False


def keeps(predicate: Predicate, value: Any) -> bool:
    """Whether one value of the only column that ``predicate`` speaks of keeps it; raises NotPortable for a pattern
    that cannot be answered in time that grows with the text alone."""
    match predicate:
        case All(parts):
            return all(keeps(part, value) for part in parts)
        case Some(parts):
            return any(keeps(part, value) for part in parts)
        case Not(part):
            return not keeps(part, value)
        case Among(_, values):
            return value in values
        case Matches(_, pattern):
            return _searching(pattern)(str(value))
        case Missing(_):
            return value is None
        case Compare(left, operator, right):
            return _compared(_term(left, value), operator, _term(right, value))


@cache
def _searching(pattern: str) -> Callable[[str], bool]:
    """Whether a text has a match of ``pattern``, by the engine that polars has too, which never backtracks."""
    from pydantic_core import SchemaError, SchemaValidator, core_schema

    schema = core_schema.str_schema(pattern=for_dialect(pattern, "rust"), regex_engine="rust-regex")
    try:
        return SchemaValidator(schema).isinstance_python
    except SchemaError as error:
        raise NotPortable(str(error)) from None


def _term(term: Term, value: Any) -> Any:
    match term:
        case Column(_):
            return value
        case Length(_):
            return len(str(value))
        case Constant(constant):
            return constant


def _compared(left: Any, operator: str, right: Any) -> bool:
    match operator:
        case "<":
            return bool(left < right)
        case "<=":
            return bool(left <= right)
        case ">":
            return bool(left > right)
        case ">=":
            return bool(left >= right)
    return bool(left == right)


def _chunk_entries(content: mmap.mmap, chunk: pq.ColumnChunkMetaData) -> list[Any] | None:
    """The entries of one chunk's dictionary; None when a page is encoded otherwise."""
    start = chunk.dictionary_page_offset
    if not chunk.has_dictionary_page or not start or chunk.compression not in _CODECS:
        return None
    entries: list[Any] | None = None
    seen = 0
    for header, body in _pages(content, start, chunk):
        kind = header[1]
        if kind == _DICTIONARY_PAGE:
            if header[7][1] > MOST_ENTRIES or header[7][2] not in (_PLAIN, _PLAIN_DICTIONARY):
                return None
            entries = _decoded(
                _plain_bytes(content, header, body, chunk.compression), chunk.physical_type, header[7][1]
            )
        elif kind in (_DATA_PAGE, _DATA_PAGE_V2):
            said = header[5] if kind == _DATA_PAGE else header[8]
            if said[2 if kind == _DATA_PAGE else 4] not in (_PLAIN_DICTIONARY, _RLE_DICTIONARY):
                return None
            seen += said[1]
    return entries if seen == chunk.num_values else None


def _pages(content: mmap.mmap, start: int, chunk: pq.ColumnChunkMetaData) -> Iterator[tuple[dict[int, Any], int]]:
    """The header of each page of the chunk, and where the page's body begins."""
    place, end = start, start + chunk.total_compressed_size
    while place < end:
        header, body = read_struct(content, place)
        yield header, body
        place = body + header[3]


def _plain_bytes(content: mmap.mmap, header: dict[int, Any], body: int, compression: str) -> bytes:
    page = content[body : body + header[3]]
    if not _CODECS[compression]:
        return page
    import pyarrow as pa

    unpacked: bytes = pa.Codec(_CODECS[compression]).decompress(page, decompressed_size=header[2], asbytes=True)
    return unpacked


def _decoded(page: bytes, physical: str, count: int) -> list[Any] | None:
    """The values of a PLAIN encoded page (Parquet format, Encodings.md)."""
    if width := _WIDTHS.get(physical):
        return [int.from_bytes(page[at : at + width], "little", signed=True) for at in range(0, count * width, width)]
    if physical != "BYTE_ARRAY":
        return None
    values, place = [], 0
    for _ in range(count):
        length = int.from_bytes(page[place : place + 4], "little")
        values.append(page[place + 4 : place + 4 + length].decode("utf-8"))
        place += 4 + length
    return values
