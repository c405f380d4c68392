"""The SLA ledger: intervals are only ever added, together with how far the recorder has come.

One SQLite file below MESH_HOME, or the PostgreSQL database of MESH_SLA_URL. Whatever one look at the mesh adds is
one transaction, and recorders take turns, so that one that is killed has written everything or nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from datetime import datetime
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import (
    DDL,
    BigInteger,
    Column,
    Connection,
    Double,
    MetaData,
    RowMapping,
    Table,
    Text,
    case,
    event,
    func,
    insert,
    select,
    update,
)

from mesh_orchestration.contract.model import Sla
from mesh_orchestration.moments import microseconds, moment
from mesh_orchestration.settings import Settings
from mesh_orchestration.sla.course import Course, Interval, State
from mesh_orchestration.storage.database import Database, Place

_TABLES = MetaData()
_INTERVALS = Table(
    "sla_interval",
    _TABLES,
    Column("address", Text, primary_key=True),
    Column("level", Text, primary_key=True),
    Column("start", BigInteger, primary_key=True),
    Column("end", BigInteger, nullable=False, index=True),
    Column("state", Text, nullable=False),
    Column("value", Double),
    Column("threshold", Double),
    Column("version", Text, nullable=False),
    Column("snapshot", BigInteger),
    Column("check", Text, nullable=False),
    Column("note", Text, nullable=False),
    Column("detected", BigInteger),
)
_COURSES = Table(
    "sla_course",
    _TABLES,
    Column("address", Text, primary_key=True),
    Column("level", Text, primary_key=True),
    Column("course", Text, nullable=False),
)
_PRODUCTS = Table(
    "sla_product", _TABLES, Column("address", Text, primary_key=True), Column("standing", Text, nullable=False)
)
for _what in ("update", "delete"):
    _refuse = f"create trigger sla_interval_no_{_what} before {_what} on sla_interval "
    _ddl = DDL(_refuse + "begin select raise(abort, 'the SLA ledger is only added to'); end")  # type: ignore[no-untyped-call]
    event.listen(_INTERVALS, "after_create", _ddl.execute_if(dialect="sqlite"))


@dataclass(frozen=True)
class Standing:
    """How far a product is recorded: its table, the newest ``snapshot`` with its ``sequence``, when it was published
    first and last, when recording began and last looked, what the newest publication promised, when the
    contract went away (``ended``), and the newest event time that was published (``reached``)."""

    table: str
    snapshot: int
    sequence: int
    first: datetime
    published: datetime
    since: datetime
    seen: datetime
    version: str
    sla: Sla
    ended: datetime | None = None
    reached: datetime | None = None


@dataclass(frozen=True)
class Length:
    """For how many ``seconds`` a service level had a state under one threshold."""

    state: State
    threshold: float | None
    seconds: float


_STANDING, _COURSE = TypeAdapter(Standing), TypeAdapter(Course)


class Ledger(Database):
    """An open ledger; a context manager, so that its connections are given back."""

    place = Place(
        "the SLA ledger",
        "MESH_SLA_URL",
        "sla/ledger.db",
        "mend it, or write it anew from what the snapshots know with: mesh sla rebuild",
        durable=False,  # what a power cut takes, the last looks at most, the snapshots still know
    )
    tables = _TABLES

    @contextmanager
    def recording(self) -> Iterator[Recording]:
        """A transaction that no other recorder runs beside; raises StorageError, and then nothing is written."""
        with self.writing() as connection:
            recording = Recording(connection)
            yield recording
            recording.flush()

    def standings(self) -> dict[str, Standing]:
        """How far each product is recorded, by address."""
        with self.still() as connection:
            return _standings(connection)

    def courses(self) -> dict[tuple[str, str], Course]:
        """What goes on now, by address and service level."""
        with self.still() as connection:
            return _courses(connection)

    def intervals(
        self, addresses: Sequence[str] = (), *, since: datetime, until: datetime
    ) -> dict[tuple[str, str], tuple[Interval, ...]]:
        """The intervals that reach into the time from ``since`` to ``until``, oldest first, by address and service
        level; those still open are cut at ``until``, and one that begins there has no length."""
        table, found = _INTERVALS.c, dict[tuple[str, str], list[Interval]]()
        wanted = select(_INTERVALS).where(table.end > microseconds(since), table.start < microseconds(until))
        if addresses:
            wanted = wanted.where(table.address.in_(addresses))
        with self.still() as connection:
            for row in connection.execute(wanted.order_by(table.address, table.level, table.start)).mappings():
                found.setdefault((row["address"], row["level"]), []).append(_interval(row))
            open_now = _courses(connection)
        for key, course in open_now.items():
            if not addresses or key[0] in addresses:
                found.setdefault(key, []).extend(course.intervals(until) or course.beginning(until))
        return {key: tuple(one for one in kept if one.end > since) for key, kept in found.items() if kept}

    def lengths(
        self, since: Sequence[datetime], until: datetime
    ) -> tuple[dict[tuple[str, str], Course], tuple[dict[tuple[str, str], list[Length]], ...]]:
        """What goes on now, and for each moment of ``since`` how long each state held from then until ``until``; both
        by address and service level. Added up by the database: for every product at once."""
        with self.still() as connection:
            courses = _courses(connection)
            found = tuple(_lengths(connection, start, until) for start in since)
        for start, lengths in zip(since, found, strict=True):
            for key, course in courses.items():
                parts = [
                    Length(one.state, one.threshold, (one.end - max(one.start, start)).total_seconds())
                    for one in course.intervals(until)
                    if one.end > start
                ]
                lengths.setdefault(key, []).extend(parts)
        return courses, found

    @contextmanager
    def still(self) -> Iterator[Connection]:
        """A connection to which nothing changes between two questions; raises StorageError."""
        with self.reading() as connection:
            if self.is_sqlite:
                connection.exec_driver_sql("begin")
            else:
                connection = connection.execution_options(isolation_level="REPEATABLE READ")
            yield connection


class Recording:
    """What one look at the mesh adds; everything in it is written together, at its end."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._known = _standings(connection), _courses(connection)
        self.standings, self.courses = dict(self._known[0]), dict(self._known[1])
        self._added: list[dict[str, Any]] = []

    def add(self, address: str, intervals: Sequence[Interval]) -> None:
        """Add intervals that are over."""
        self._added += [_row(address, one) for one in intervals]

    def end(self, address: str, level: str) -> datetime | None:
        """Where the newest interval of a service level ends; None when there is none."""
        self._add()
        table = _INTERVALS.c
        same = (table.address == address) & (table.level == level)
        found = self._connection.execute(select(func.max(table.end)).where(same)).scalar()
        return None if found is None else moment(found)

    def put(self, address: str, level: str, course: Course | None) -> None:
        """Say what goes on for a service level; None when it is promised no more."""
        if course is None:
            self.courses.pop((address, level), None)
        else:
            self.courses[address, level] = course

    def stand(self, address: str, standing: Standing) -> None:
        """Say how far the product is recorded."""
        self.standings[address] = standing

    def flush(self) -> None:
        """Write what was said."""
        self._add()
        standings, courses = self._known
        for address, standing in self.standings.items():
            if standings.get(address) != standing:
                text = _STANDING.dump_json(standing, exclude_none=True).decode()
                self._save(_PRODUCTS, {"address": address}, {"standing": text}, known=address in standings)
        for (address, level), course in self.courses.items():
            if courses.get((address, level)) != course:
                key, said = {"address": address, "level": level}, {"course": _COURSE.dump_json(course).decode()}
                self._save(_COURSES, key, said, known=(address, level) in courses)
        table = _COURSES.c
        for address, level in courses.keys() - self.courses.keys():
            self._connection.execute(_COURSES.delete().where(table.address == address, table.level == level))

    def _add(self) -> None:
        if self._added:
            self._connection.execute(insert(_INTERVALS), self._added)
            self._added = []

    def _save(self, table: Table, key: Mapping[str, str], said: Mapping[str, str], *, known: bool) -> None:
        if known:
            same = [table.c[name] == value for name, value in key.items()]
            self._connection.execute(update(table).where(*same).values(**said))
        else:
            self._connection.execute(insert(table).values(**key, **said))


def open_ledger(settings: Settings) -> Ledger:
    """The ledger that settings choose, made when there is none; raises StorageError when it cannot be used."""
    return Ledger.open(settings)


def ledger_file(settings: Settings) -> Path:
    """The SQLite file of the ledger."""
    return Ledger.place.path(settings)


def _standings(connection: Connection) -> dict[str, Standing]:
    rows = connection.execute(select(_PRODUCTS)).mappings()
    return {row["address"]: _STANDING.validate_json(row["standing"]) for row in rows}


def _courses(connection: Connection) -> dict[tuple[str, str], Course]:
    rows = connection.execute(select(_COURSES)).mappings()
    return {(row["address"], row["level"]): _COURSE.validate_json(row["course"]) for row in rows}


def _lengths(connection: Connection, since: datetime, until: datetime) -> dict[tuple[str, str], list[Length]]:
    table, start, end = _INTERVALS.c, microseconds(since), microseconds(until)
    begin = case((table.start < start, start), else_=table.start)
    stop = case((table.end > end, end), else_=table.end)
    same = (table.address, table.level, table.state, table.threshold)
    wanted = select(*same, func.sum(stop - begin)).where(table.end > start, table.start < end).group_by(*same)
    found: dict[tuple[str, str], list[Length]] = {}
    for row in connection.execute(wanted):
        found.setdefault((row[0], row[1]), []).append(Length(row[2], row[3], float(row[4]) / 1e6))
    return found


def _row(address: str, one: Interval) -> dict[str, Any]:
    said = {field.name: getattr(one, field.name) for field in fields(one)}
    times = {name: microseconds(value) for name in ("start", "end", "detected") if (value := said[name])}
    return {"address": address, **said, **times}


def _interval(row: RowMapping) -> Interval:
    said = {field.name: row[field.name] for field in fields(Interval)}
    times = {name: moment(said[name]) for name in ("start", "end", "detected") if said[name] is not None}
    return Interval(**said | times)
