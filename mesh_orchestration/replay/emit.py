"""Emission: put into the landing folder every row that has become visible and is not there yet."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from mesh_orchestration.errors import SettingsError, SourceError
from mesh_orchestration.quoting import literal
from mesh_orchestration.replay.landing import (
    Origin,
    covered,
    interval_stem,
    naive_utc,
    only_writer,
    place,
    read_origin,
    write_origin,
)
from mesh_orchestration.replay.tables import (
    CYCLE,
    FIRST,
    SNAPSHOTS,
    STREAMS,
    WEEK,
    Snapshot,
    Stream,
    pieces,
    yearly_cycles,
)
from mesh_orchestration.settings import Settings

Progress = Callable[[str, int, int], None]
_STAGE_FROM = 8  # pieces; from here on one scan into memory beats one scan a piece


@dataclass(frozen=True)
class EmittedFile:
    """One file that landed."""

    table: str
    path: Path
    rows: int


@dataclass(frozen=True)
class Emitted:
    """What one emission added; ``start`` and ``until`` bound the whole replayed history (UTC)."""

    files: tuple[EmittedFile, ...]
    start: datetime
    until: datetime

    @property
    def rows(self) -> Mapping[str, int]:
        """Rows added, by table."""
        total: Counter[str] = Counter()
        for file in self.files:
            total[file.table] += file.rows
        return dict(total)


@dataclass(frozen=True)
class _Planned:
    """A file still to be written: its path and the query for its rows."""

    table: str
    path: Path
    query: str
    order: str


def emit(settings: Settings, now: datetime, on_progress: Progress | None = None) -> Emitted:
    """The files added so that the landing folder holds every row visible at ``now``, each once.

    Safe to repeat, to kill at any point and to run twice at once. ``on_progress`` is told table, files
    written, files planned. ``now`` must have a time zone; a ``now`` before the last one adds nothing.
    Raises SourceError when the folder cannot be written or the data package is missing, SettingsError
    for a negative MESH_HISTORY_WEEKS.
    """
    landing, until = settings.landing_dir, naive_utc(now)
    with only_writer(landing):
        origin = _origin(landing, until, settings.history_weeks)
        with _session(settings) as con:
            files = tuple(
                file
                for planned, staged in _plan(landing, origin.start, until)
                for file in _write_all(con, planned, staged, on_progress)
            )
    return Emitted(files, origin.start, until)


def _origin(landing: Path, until: datetime, weeks: int) -> Origin:
    """The kept origin; the start of a new one, or an earlier start when more weeks are wanted."""
    if weeks < 0:
        raise SettingsError(f"MESH_HISTORY_WEEKS={weeks} is negative; give 0 or more, 52 is the full year")
    kept = read_origin(landing)
    if kept and kept.weeks >= weeks:
        return kept
    start = kept.start - (weeks - kept.weeks) * WEEK if kept else until - weeks * WEEK
    origin = Origin(start, weeks)
    write_origin(landing, origin)
    return origin


def _plan(landing: Path, start: datetime, until: datetime) -> Iterator[tuple[list[_Planned], str]]:
    """Per table the files to write, and the query to stage first (empty when not worth it)."""
    for snapshot in SNAPSHOTS:
        yield _plan_snapshot(landing / snapshot.name, snapshot, start, until), ""
    for stream in STREAMS:
        yield _plan_stream(landing / stream.name, stream, start, until)


def _plan_snapshot(folder: Path, snapshot: Snapshot, start: datetime, until: datetime) -> list[_Planned]:
    if snapshot.yearly:
        begins = {cycle: FIRST + cycle * CYCLE for cycle in yearly_cycles(start, until)}
        stems = {interval_stem(begin, begin + CYCLE): cycle for cycle, begin in begins.items()}
    else:
        stems = {f"full_{snapshot.version}": 0}
    return [
        _Planned(snapshot.name, folder / f"{stem}.parquet", snapshot.rows(cycle), snapshot.order)
        for stem, cycle in stems.items()
        if not (folder / f"{stem}.parquet").exists()
    ]


def _plan_stream(folder: Path, stream: Stream, start: datetime, until: datetime) -> tuple[list[_Planned], str]:
    """Forward from what is covered; backward, newest first, when the start moved back. Either way a kill
    leaves one unbroken interval."""
    done = covered(folder) or (start, start)
    spans = [*pieces(start, done[0], stream.piece)[::-1], *pieces(done[1], until, stream.piece)]
    staged = stream.staged and len(spans) >= _STAGE_FROM
    planned = [
        _Planned(
            stream.name,
            folder / f"{interval_stem(*span)}.parquet",
            f"select * from staged where {stream.visible(*span)}" if staged else stream.rows(*span),
            stream.order,
        )
        for span in spans
    ]
    if not staged:
        return planned, ""
    first, last = min(start for start, _ in spans), max(end for _, end in spans)
    return planned, f"create temp table staged as {stream.rows(first, last)}"


def _write_all(con: Any, planned: list[_Planned], staged: str, on_progress: Progress | None) -> Iterator[EmittedFile]:
    if staged:
        con.execute(staged)
    for number, plan in enumerate(planned, start=1):
        rows = place(plan.path, partial(_copy, con, plan))
        if rows:
            yield EmittedFile(plan.table, plan.path, rows)
        if on_progress:
            on_progress(plan.table, number, len(planned))
    if staged:
        con.execute("drop table staged")


def _copy(con: Any, plan: _Planned, path: Path) -> int:
    query = f"select * from ({plan.query}) order by {plan.order}"
    found = con.execute(f"copy ({query}) to {literal(str(path))} (format parquet, compression zstd)").fetchall()
    return int(found[0][0])


@contextmanager
def _session(settings: Settings) -> Iterator[Any]:
    """An in-memory DuckDB that spills into the landing folder; its errors become SourceError."""
    import duckdb

    spill = settings.landing_dir / ".replay-spill"
    con = duckdb.connect(
        config={
            "memory_limit": settings.memory_limit,
            "threads": settings.integer("MESH_THREADS", 2),
            "temp_directory": str(spill),
        }
    )
    try:
        yield con
    except duckdb.Error as failed:
        raise SourceError(f"the replay could not write its files: {failed}", source=settings.landing_dir) from failed
    finally:
        con.close()
