"""What is known of columns without reading them: Parquet footers, or the manifests that repeat them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import isnan
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mesh_orchestration.audit.types import Kind, Type

if TYPE_CHECKING:
    import pyarrow.parquet as pq

_BOUNDED: frozenset[Kind] = frozenset({"integer", "float", "decimal", "date", "timestamp", "instant"})
"""Kinds whose smallest and largest values stand whole in a footer; texts may be cut off."""


@dataclass(frozen=True)
class ColumnStatistics:
    """Counts and bounds of one column; None is unknown. The bounds are values that occur, and no NaN."""

    nulls: int | None = None
    nans: int | None = None
    minimum: Any = None
    maximum: Any = None

    @property
    def missing(self) -> int | None:
        return None if self.nulls is None or self.nans is None else self.nulls + self.nans


@dataclass(frozen=True)
class Statistics:
    """The number of rows, and what is known of each column."""

    rows: int
    columns: Mapping[str, ColumnStatistics]

    def of(self, column: str) -> ColumnStatistics:
        return self.columns.get(column, ColumnStatistics())


@dataclass(frozen=True)
class _Chunk:
    """What the footer says of one column in one row group; ``empty`` when it surely holds no value."""

    known: ColumnStatistics
    empty: bool


def read_statistics(footers: Sequence[pq.FileMetaData], types: Mapping[str, Type]) -> Statistics:
    """The statistics of ``types``'s columns in all files together; one file's ignorance is everybody's."""
    parts: dict[str, list[_Chunk]] = {name: [] for name in types}
    for footer in footers:
        places = {footer.schema.column(place).path: place for place in range(footer.num_columns)}
        trusted = _marks_nan(footer.created_by or "")
        groups = [footer.row_group(number) for number in range(footer.num_row_groups)]
        for name, type_ in types.items():
            if name in places:
                parts[name] += [_of_chunk(group.column(places[name]), type_.kind, trusted) for group in groups]
            else:
                parts[name].append(_Chunk(ColumnStatistics(), empty=False))
    return Statistics(sum(footer.num_rows for footer in footers), {name: _joined(part) for name, part in parts.items()})


def read_footers(paths: Iterable[Path]) -> tuple[pq.FileMetaData, ...]:
    """The footer of each file; raises OSError or ArrowInvalid for one that is none."""
    import pyarrow.parquet as pq

    return tuple(pq.read_metadata(path) for path in paths)


def _marks_nan(created_by: str) -> bool:
    """Whether the writer gives no bounds to a chunk with a NaN: DuckDB, to which NaN is the largest value."""
    return created_by.startswith("DuckDB")


def _of_chunk(chunk: pq.ColumnChunkMetaData, kind: Kind, trusted: bool) -> _Chunk:
    if chunk.num_values == 0:
        return _Chunk(ColumnStatistics(0, 0), empty=True)
    found = chunk.statistics
    if found is None:
        return _Chunk(ColumnStatistics(), empty=False)
    nulls = found.null_count if found.has_null_count else None
    empty = nulls == chunk.num_values
    bounded = kind in _BOUNDED and found.has_min_max
    low, high = _bounds(found, kind) if bounded else (None, None)
    if kind != "float":
        return _Chunk(ColumnStatistics(nulls, 0, low, high), empty)
    if low is None or high is None or isnan(low) or isnan(high):
        low = high = None
    return _Chunk(ColumnStatistics(nulls, 0 if empty or (trusted and low is not None) else None, low, high), empty)


def _bounds(found: pq.Statistics, kind: Kind) -> tuple[Any, Any]:
    """The bounds as Python's values. Arrow would import pandas, a third of a second, to hand out a time."""
    unit = _UNITS.get(_unit(found)) if kind in {"timestamp", "instant"} else None
    if unit is None:
        return found.min, found.max
    epoch = datetime(1970, 1, 1, tzinfo=UTC if kind == "instant" else None)
    try:
        return epoch + found.min_raw * unit, epoch + found.max_raw * unit
    except OverflowError:  # beyond the years that Python counts
        return None, None


def _unit(found: pq.Statistics) -> str:
    said = json.loads(found.logical_type.to_json()) if found.physical_type == "INT64" else {}
    return str(said.get("timeUnit", ""))


_UNITS = {"milliseconds": timedelta(milliseconds=1), "microseconds": timedelta(microseconds=1)}


def _joined(chunks: Sequence[_Chunk]) -> ColumnStatistics:
    filled = [chunk.known for chunk in chunks if not chunk.empty]
    lows = [known.minimum for known in filled]
    highs = [known.maximum for known in filled]
    return ColumnStatistics(
        _total([chunk.known.nulls for chunk in chunks]),
        _total([chunk.known.nans for chunk in chunks]),
        min(lows) if lows and None not in lows else None,
        max(highs) if highs and None not in highs else None,
    )


def _total(counts: Sequence[int | None]) -> int | None:
    known = [count for count in counts if count is not None]
    return sum(known) if len(known) == len(counts) else None
