"""The history of what is watched and the anomalies found in it: one SQLite file below MESH_HOME, or the PostgreSQL
database of MESH_ANOMALIES_URL. What one look adds is one transaction, and those who look take turns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Double,
    Index,
    Integer,
    MetaData,
    RowMapping,
    Table,
    Text,
    and_,
    delete,
    func,
    insert,
    select,
    update,
)

from mesh_orchestration.anomalies.series import ROWS, Expected, Finding, Key, Point
from mesh_orchestration.moments import microseconds, moment
from mesh_orchestration.settings import Settings
from mesh_orchestration.storage.database import Database, Place

HISTORY = 720
"""How many publications back a baseline looks."""
_TABLES = MetaData()


def _series() -> tuple[Column[Any], ...]:
    return tuple(Column(name, Text, primary_key=True) for name in ("address", "metric", "subject"))


def _expected(*, known: bool) -> tuple[Column[Any], ...]:
    numbers = tuple(Column(name, Double, nullable=not known) for name in ("low", "high", "middle"))
    return (*numbers, Column("points", Integer, nullable=not known), Column("rhythm", Text, nullable=not known))


_POINTS = Table(
    "anomaly_point",
    _TABLES,
    *_series(),
    Column("at", BigInteger, primary_key=True),
    Column("snapshot", BigInteger, nullable=False),
    Column("value", Double, nullable=False),
    *_expected(known=False),
)
_FINDINGS = Table(
    "anomaly_finding",
    _TABLES,
    *_series(),
    Column("opened", BigInteger, primary_key=True),
    Column("seen", BigInteger, nullable=False),
    Column("snapshot", BigInteger, nullable=False),
    Column("value", Double, nullable=False),
    *_expected(known=True),
    Column("text", Text, nullable=False),
    Column("count", Integer, nullable=False),
    Column("closed", BigInteger),
    Column("ending", Text, nullable=False),
)
Index("anomaly_finding_closed", _FINDINGS.c.closed)
_PRODUCTS = Table(
    "anomaly_product",
    _TABLES,
    Column("address", Text, primary_key=True),
    Column("table", Text, nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("published", BigInteger, nullable=False),
)


@dataclass(frozen=True)
class Progress:
    """How far a product is watched: its table's uuid, the sequence number of its newest snapshot, and when that was
    published."""

    table: str
    sequence: int
    published: datetime


class Store(Database):
    """An open store; a context manager, so that its connections are given back."""

    place = Place(
        "the history of anomalies",
        "MESH_ANOMALIES_URL",
        "anomalies/anomalies.db",
        "mend it, or move it away: it is made anew from the snapshots that are kept",
        durable=False,  # what a power cut takes, the snapshots still know
    )
    tables = _TABLES

    @contextmanager
    def recording(self) -> Iterator[Writer]:
        """A transaction that nobody else writes beside; raises StorageError, and then nothing is written."""
        with self.writing() as connection:
            yield Writer(connection)

    def progress(self) -> dict[str, Progress]:
        """How far each product is watched, by address."""
        with self.reading() as connection:
            return _progress(connection)

    def points(self, address: str, *, last: int = HISTORY) -> dict[Key, tuple[Point, ...]]:
        """Every series of a product, oldest point first, as far back as its ``last`` publications."""
        with self.reading() as connection:
            return _points(connection, address, last)

    def counts(self) -> tuple[int, int]:
        """How many series are watched, and of how many the newest point was judged."""
        table = _POINTS.c
        key = (table.address, table.metric, table.subject)
        newest = select(*key, func.max(table.at).label("at")).group_by(*key).subquery()
        same = [table[name] == newest.c[name] for name in ("address", "metric", "subject", "at")]
        wanted = select(func.count(), func.count(table.low)).select_from(_POINTS.join(newest, and_(*same)))
        with self.reading() as connection:
            watched, judged = connection.execute(wanted).one()
        return int(watched), int(judged)

    def findings(self, *, since: datetime | None = None, address: str = "") -> tuple[Finding, ...]:
        """The anomalies that last, and those that ended after ``since``; the newest first."""
        table = _FINDINGS.c
        lasting = table.closed.is_(None)
        wanted = select(_FINDINGS).where(lasting if since is None else lasting | (table.closed > microseconds(since)))
        if address:
            wanted = wanted.where(table.address == address)
        with self.reading() as connection:
            rows = connection.execute(wanted.order_by(table.opened.desc(), table.address, table.metric, table.subject))
            return tuple(_finding(row) for row in rows.mappings())


class Writer:
    """What one look adds; written together, when the transaction ends."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def progress(self) -> dict[str, Progress]:
        return _progress(self._connection)

    def points(self, address: str, *, metric: str = "") -> dict[Key, tuple[Point, ...]]:
        return _points(self._connection, address, HISTORY, metric)

    def shifts(self, address: str, ending: str) -> dict[Key, datetime]:
        """Since when each series is at the level it has now: the beginning of the last anomaly that ended so."""
        table = _FINDINGS.c
        key = (table.address, table.metric, table.subject)
        wanted = select(*key, func.max(table.opened)).where(table.address == address, table.ending == ending)
        rows = self._connection.execute(wanted.group_by(*key)).all()
        return {Key(str(row[0]), str(row[1]), str(row[2])): moment(int(row[3])) for row in rows}

    def open_findings(self) -> dict[Key, Finding]:
        """What lasts, by series."""
        rows = self._connection.execute(select(_FINDINGS).where(_FINDINGS.c.closed.is_(None))).mappings()
        return {(found := _finding(row)).key: found for row in rows}

    def add(self, points: Mapping[Key, Sequence[Point]]) -> None:
        """Add points to their series."""
        rows = [_point_row(key, point) for key, added in points.items() for point in added]
        if rows:
            self._connection.execute(insert(_POINTS), rows)

    def put(self, finding: Finding) -> None:
        """Write the finding down as it is now."""
        row = _finding_row(finding)
        same = [_FINDINGS.c[name] == row[name] for name in ("address", "metric", "subject", "opened")]
        if not self._connection.execute(update(_FINDINGS).where(*same).values(**row)).rowcount:
            self._connection.execute(insert(_FINDINGS).values(**row))

    def advance(self, address: str, progress: Progress) -> None:
        """Say how far the product is watched."""
        said = {"table": progress.table, "sequence": progress.sequence, "published": microseconds(progress.published)}
        table = _PRODUCTS.c
        if not self._connection.execute(update(_PRODUCTS).where(table.address == address).values(**said)).rowcount:
            self._connection.execute(insert(_PRODUCTS).values(address=address, **said))

    def trim(self, address: str) -> None:
        """Drop the points that no baseline looks back to any more."""
        table = _POINTS.c
        mine = (table.address == address, table.metric == ROWS)
        times = select(table.at).where(*mine).order_by(table.at.desc()).limit(1).offset(HISTORY - 1)
        if first := self._connection.execute(times).scalar():
            self._connection.execute(delete(_POINTS).where(table.address == address, table.at < first))

    def forget(self, before: datetime) -> None:
        """Drop the anomalies that ended before ``before``."""
        self._connection.execute(delete(_FINDINGS).where(_FINDINGS.c.closed < microseconds(before)))


def open_store(settings: Settings) -> Store:
    """The store that settings choose, made when there is none; raises StorageError when it cannot be used."""
    return Store.open(settings)


def open_findings(settings: Settings) -> tuple[Finding, ...]:
    """The anomalies that last now, the newest first; raises StorageError when the store cannot be read."""
    with open_store(settings) as store:
        return store.findings()


def _progress(connection: Connection) -> dict[str, Progress]:
    rows = connection.execute(select(_PRODUCTS)).mappings()
    return {row["address"]: Progress(row["table"], row["sequence"], moment(row["published"])) for row in rows}


def _points(connection: Connection, address: str, last: int, metric: str = "") -> dict[Key, tuple[Point, ...]]:
    table = _POINTS.c
    times = select(table.at).where(table.address == address, table.metric == ROWS).order_by(table.at.desc())
    first = connection.execute(select(func.min(times.limit(last).subquery().c.at))).scalar()
    wanted = select(_POINTS).where(table.address == address, table.at >= (first or 0))
    if metric:
        wanted = wanted.where(table.metric == metric)
    found = dict[Key, list[Point]]()
    for row in connection.execute(wanted.order_by(table.metric, table.subject, table.at)).mappings():
        key = Key(row["address"], row["metric"], row["subject"])
        found.setdefault(key, []).append(Point(moment(row["at"]), row["snapshot"], row["value"], _range(row)))
    return {key: tuple(points) for key, points in found.items()}


def _range(row: RowMapping) -> Expected | None:
    if row["low"] is None:
        return None
    return Expected(row["low"], row["high"], row["middle"], row["points"], row["rhythm"])


def _point_row(key: Key, point: Point) -> dict[str, Any]:
    said = vars(point.expected) if point.expected else dict.fromkeys(("low", "high", "middle", "points", "rhythm"))
    return {**vars(key), "at": microseconds(point.at), "snapshot": point.snapshot, "value": point.value, **said}


def _finding(row: RowMapping) -> Finding:
    expected = _range(row)
    assert expected is not None
    return Finding(
        key=Key(row["address"], row["metric"], row["subject"]),
        opened=moment(row["opened"]),
        seen=moment(row["seen"]),
        snapshot=row["snapshot"],
        value=row["value"],
        expected=expected,
        text=row["text"],
        count=row["count"],
        closed=None if row["closed"] is None else moment(row["closed"]),
        ending=row["ending"],
    )


def _finding_row(one: Finding) -> dict[str, Any]:
    said = {name: getattr(one, name) for name in ("snapshot", "value", "text", "count", "ending")}
    times = {"opened": microseconds(one.opened), "seen": microseconds(one.seen)}
    closed = None if one.closed is None else microseconds(one.closed)
    return {**vars(one.key), **vars(one.expected), **said, **times, "closed": closed}
