"""Looking: what was published since the last look is measured, held against its history, and becomes history."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from pyiceberg.table import Table
from pyiceberg.table.snapshots import Snapshot as IcebergSnapshot

from mesh_orchestration.anomalies.baseline import ENOUGH, TOLERANCE, expect
from mesh_orchestration.anomalies.measure import measure
from mesh_orchestration.anomalies.series import GAP, METRICS, Expected, Finding, Key, Point
from mesh_orchestration.anomalies.store import Progress, Store, Writer
from mesh_orchestration.anomalies.wording import sentence, silence
from mesh_orchestration.contract.address import Address
from mesh_orchestration.contract.mesh import Mesh
from mesh_orchestration.contract.model import DataProduct
from mesh_orchestration.errors import StorageError
from mesh_orchestration.settings import Settings
from mesh_orchestration.storage.catalog import Lake, open_lake
from mesh_orchestration.storage.snapshots import Snapshot, ancestry, read_snapshot

_LOG = logging.getLogger(__name__)
SHIFT = 6
"""After how many odd publications in a row their level is the new usual one."""
SHIFTED, BACK, PUBLISHED, GONE = "taken as the new usual", "as usual again", "published", "no longer watched"
_KEPT_DAYS = 400


@dataclass(frozen=True)
class Terms:
    """How much history is needed, how many times the usual scatter a value may be off, and what time it is."""

    enough: int
    tolerance: float
    now: datetime

    @classmethod
    def of(cls, settings: Settings) -> Terms:
        enough = max(4, settings.integer("MESH_ANOMALY_POINTS", ENOUGH))
        return cls(enough, max(1, settings.integer("MESH_ANOMALY_TOLERANCE", int(TOLERANCE))), settings.now())


@dataclass(frozen=True)
class Looked:
    """What one look did: products seen, publications new to the history, and the anomalies that last. ``finished``
    is False when time ran out and the next look goes on."""

    products: int
    publications: int
    open: tuple[Finding, ...]
    finished: bool = True


@dataclass(frozen=True)
class _Measured:
    snapshot: Snapshot
    sequence: int
    values: Mapping[Key, float]


def look(settings: Settings, mesh: Mesh, store: Store, *, seconds: float = 30) -> Looked:
    """Measure and judge every publication that is new, for at most about ``seconds``; the next look goes on.

    A product that cannot be read is left for later: whether it can be read is a service level. Raises StorageError
    when the warehouse or the store cannot be used.
    """
    terms, deadline = Terms.of(settings), time.monotonic() + seconds
    known, publications, finished = store.progress(), 0, True
    living = [address for address, product in mesh.products.items() if product.metadata.status != "retired"]
    with open_lake(settings) as lake:
        for address in living:
            try:
                added, done = _publications(lake, store, mesh.products[address], known, terms, deadline)
            except StorageError as error:
                _LOG.warning("%s cannot be watched: %s", address, error)
                continue
            publications, finished = publications + added, finished and done
    with store.recording() as writer:
        _silences(writer, {str(address) for address in living}, mesh, terms)
        writer.forget(terms.now - timedelta(days=settings.integer("MESH_ANOMALY_DAYS", _KEPT_DAYS)))
    return Looked(len(living), publications, store.findings(), finished)


def _publications(
    lake: Lake, store: Store, product: DataProduct, known: Mapping[str, Progress], terms: Terms, deadline: float
) -> tuple[int, bool]:
    """Take in what the product published since it was looked at: how many, and whether that was all."""
    address = str(product.address)
    table, progress, added = lake.table(product.address), known.get(address), 0
    if table is None:
        return 0, True
    for raw in _new(table, progress):
        if time.monotonic() > deadline:
            return added, False
        snapshot = read_snapshot(product.address, raw)
        counts = bool(snapshot.run_id) and not snapshot.rewrite
        values = measure(lake, table, snapshot, product) if counts else {}
        now = Progress(
            str(table.metadata.table_uuid),
            raw.sequence_number or 0,
            snapshot.timestamp if counts or progress is None else progress.published,
        )
        with store.recording() as writer:
            if writer.progress().get(address) != progress:
                return added, True  # somebody else looks at the same time
            if counts:
                _take_in(writer, address, _Measured(snapshot, now.sequence, values), progress, terms)
                added += 1
            writer.advance(address, now)
        progress = now
    return added, True


def _new(table: Table, progress: Progress | None) -> Sequence[IcebergSnapshot]:
    after = progress.sequence if progress and progress.table == str(table.metadata.table_uuid) else -1
    found = []
    for raw in ancestry(table.metadata):
        if (raw.sequence_number or 0) <= after:
            break
        found.append(raw)
    return found[::-1]


def _take_in(writer: Writer, address: str, measured: _Measured, progress: Progress | None, terms: Terms) -> None:
    """Judge each value by what was there before it, and add it to that."""
    snapshot, values = measured.snapshot, dict(measured.values)
    if progress:
        values[Key(address, GAP)] = max((snapshot.timestamp - progress.published).total_seconds(), 0.0)
    history, shifts = writer.points(address), writer.shifts(address, SHIFTED)
    lasting = {key: one for key, one in writer.open_findings().items() if key.address == address}
    points = {}
    for key, value in values.items():
        usable = _usable(history.get(key, ()), shifts.get(key), lasting.get(key))
        if key in history and history[key][-1].at >= snapshot.timestamp:
            continue  # a clock went back: the series stays in order
        expected = expect(
            usable, snapshot.timestamp, METRICS[key.metric], enough=terms.enough, tolerance=terms.tolerance
        )
        point = Point(snapshot.timestamp, snapshot.snapshot_id, value, expected)
        points[key] = (point,)
        for finding in _found(key, point, lasting.get(key)):
            writer.put(finding)
    writer.add(points)
    writer.trim(address)
    for key in lasting.keys() - values.keys():
        writer.put(replace(lasting[key], closed=snapshot.timestamp, ending=GONE))


def _usable(history: Sequence[Point], since: datetime | None, lasting: Finding | None) -> Sequence[Point]:
    """The history at the level that is usual now; while an anomaly lasts it is judged by what was before it."""
    until = lasting.opened if lasting and lasting.key.metric != GAP else None
    return [point for point in history if (since is None or point.at >= since) and (until is None or point.at < until)]


def _found(key: Key, point: Point, lasting: Finding | None) -> Iterator[Finding]:
    """What becomes of an anomaly with a new point, or the new one that the point is."""
    if key.metric == GAP:
        yield from _pause(key, point, lasting)
    elif not point.odd or point.expected is None:
        if lasting:
            yield replace(lasting, closed=point.at, ending=BACK)
    else:
        text = sentence(key, point.value, point.expected)
        new = Finding(key, point.at, point.at, point.snapshot, point.value, point.expected, text)
        if lasting:
            new = replace(new, opened=lasting.opened, count=lasting.count + 1)
        yield replace(new, closed=point.at, ending=SHIFTED) if new.count >= SHIFT else new


def _pause(key: Key, point: Point, lasting: Finding | None) -> Iterator[Finding]:
    """A pause is over when a publication comes; one that nobody saw while it lasted is told afterwards."""
    if lasting:
        yield replace(lasting, value=point.value, seen=point.at, closed=point.at, ending=PUBLISHED)
    elif point.expected and point.odd:
        opened = point.at - timedelta(seconds=point.value - point.expected.high)
        yield replace(_silence(key, point.value, point, point.expected, opened), closed=point.at, ending=PUBLISHED)


def _silence(key: Key, value: float, last: Point, expected: Expected, opened: datetime) -> Finding:
    return Finding(key, opened, last.at, last.snapshot, value, expected, silence(value, expected))


def _silences(writer: Writer, living: set[str], mesh: Mesh, terms: Terms) -> None:
    """Products whose next publication is overdue now, and anomalies of products that are gone."""
    lasting = writer.open_findings()
    for key, finding in lasting.items():
        if key.address not in living and Address.parse(key.address).domain not in mesh.broken:
            writer.put(replace(finding, closed=terms.now, ending=GONE))
    for address, progress in writer.progress().items():
        if address not in living:
            continue
        key, elapsed = Key(address, GAP), (terms.now - progress.published).total_seconds()
        history = writer.points(address, metric=GAP).get(key, ())
        expected = expect(history, terms.now, METRICS[GAP], enough=terms.enough, tolerance=terms.tolerance)
        if expected is None or elapsed <= expected.high:
            continue
        last = replace(history[-1], at=terms.now)
        opened = progress.published + timedelta(seconds=expected.high)
        writer.put(_silence(key, elapsed, last, expected, lasting[key].opened if key in lasting else opened))
