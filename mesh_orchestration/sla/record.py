"""Recording: what is new since the last look goes into the ledger, and what goes on is said to go on.

The age of a publication follows from the publications alone, so it is exact however seldom somebody looks. Whether
a product can be read is known only of the moments when it was tried.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from mesh_orchestration.contract.address import Address
from mesh_orchestration.contract.mesh import Mesh
from mesh_orchestration.contract.model import DataProduct
from mesh_orchestration.contract.ports import upstream
from mesh_orchestration.errors import PolicyError, StorageError
from mesh_orchestration.governance.bundle import load_bundle
from mesh_orchestration.settings import Settings
from mesh_orchestration.sla.course import Course, Interval, State, follow, lost
from mesh_orchestration.sla.ledger import Ledger, Recording, Standing
from mesh_orchestration.sla.measure import Fact, backfills, courses
from mesh_orchestration.sla.promises import AVAILABILITY, LEVELS, every, promises
from mesh_orchestration.sla.sighting import Known, Sighting, Subject, look
from mesh_orchestration.storage.catalog import open_lake

HOLDS = 3
"""For how many looks in a row an answer may fail to come before nobody knows how it stands."""


@dataclass(frozen=True)
class Recorded:
    """What one look at the mesh added: products seen, publications new to the ledger, intervals that are over, and
    the service levels (``address level``) that are broken now."""

    products: int
    publications: int
    intervals: int
    broken: tuple[str, ...]


def record(settings: Settings, mesh: Mesh, ledger: Ledger) -> Recorded:
    """Look at every product and write down what is new. Raises StorageError when the ledger cannot be written;
    a warehouse that cannot be read is itself written down."""
    now = settings.now()
    subjects = _subjects(mesh, known := ledger.standings())
    sightings = _look(settings, subjects, known)
    living = frozenset(str(subject.address) for subject in subjects)
    return write(ledger, sightings, living, now=now, hold=HOLDS * every(settings))


def write(
    ledger: Ledger, sightings: Sequence[Sighting], living: frozenset[str], *, now: datetime, hold: timedelta
) -> Recorded:
    """Write down what was seen at ``now`` in one transaction; products that are not ``living`` promise nothing any
    more. That a product could be read holds until the next look, if that comes within ``hold``."""
    with ledger.recording() as recording:
        pens = [_Pen(recording, sighting, now, hold) for sighting in sightings]
        for pen in pens:
            pen.write()
        ended = sum(_end(recording, address, now) for address in sorted(recording.standings.keys() - living))
        broken = tuple(
            f"{address} {level}"
            for (address, level), course in sorted(recording.courses.items())
            if state_at(course, now) == "broken"
        )
    return Recorded(len(pens), sum(pen.publications for pen in pens), ended + sum(pen.added for pen in pens), broken)


def state_at(course: Course, now: datetime) -> State:
    """The state that holds at ``now``."""
    return course.then if course.turned(now) else course.state


def _subjects(mesh: Mesh, known: dict[str, Standing]) -> tuple[Subject, ...]:
    """Every product with a living contract, and those of broken domains that were recorded before."""
    found = {
        str(address): Subject(address, product, _sources(mesh, product))
        for address, product in mesh.products.items()
        if product.metadata.status != "retired"
    }
    for address in known:
        if address not in found and address.split(".", 1)[0] in mesh.broken:
            found[address] = Subject(Address.parse(address))
    return tuple(found.values())


def _sources(mesh: Mesh, product: DataProduct) -> dict[str, Address]:
    return {port.name: source for port in mesh.ports_of(product) if (source := upstream(port))}


def _look(settings: Settings, subjects: Sequence[Subject], known: dict[str, Standing]) -> tuple[Sighting, ...]:
    def of(subject: Subject) -> Known | None:
        standing = known.get(str(subject.address))
        return Known(standing.table, standing.sequence) if standing else None

    try:
        with open_lake(settings) as lake:
            seen = [look(lake, subject, of(subject)) for subject in subjects]
    except StorageError as error:
        seen = [Sighting(subject.address, trouble=str(error)) for subject in subjects if of(subject)]
    shut = _shut(settings)
    return tuple(replace(one, trouble=one.trouble or shut) for one in seen if one)


def _shut(settings: Settings) -> str:
    """Why nobody can read anything: policies that cannot be read deny every reader. Empty when they can."""
    try:
        load_bundle(settings.root)
    except PolicyError as error:
        return f"every reader is denied: {error}"
    return ""


def _end(recording: Recording, address: str, now: datetime) -> int:
    """Close what goes on for a product whose contract is gone; nothing is promised from then on."""
    standing, added = recording.standings[address], 0
    if standing.ended:
        return 0
    for level, course in _courses(recording, address):
        added += _write(recording, address, level, follow(course, None, now), now)
    recording.stand(address, replace(standing, ended=now))
    return added


def _courses(recording: Recording, address: str) -> list[tuple[str, Course]]:
    found = ((level, recording.courses.get((address, level))) for level in LEVELS)
    return [(level, course) for level, course in found if course]


def _write(
    recording: Recording, address: str, level: str, what: tuple[Sequence[Interval], Course | None], now: datetime
) -> int:
    """Add what is over and say what goes on; a breach that nobody saw before is seen now."""
    over, course = what
    standing = recording.standings.get(address)
    seen = [
        replace(one, detected=now)
        if one.state == "broken" and not one.detected and standing and one.start >= standing.since
        else one
        for one in over
    ]
    recording.add(address, seen)
    recording.put(address, level, course)
    return len(seen)


class _Pen:
    """Writes down one sighting. What another recorder has written since it was made is left as it is."""

    def __init__(self, recording: Recording, sighting: Sighting, now: datetime, hold: timedelta) -> None:
        self.recording, self.sighting, self.now, self.hold = recording, sighting, now, hold
        self.address = str(sighting.address)
        self.publications = self.added = 0

    @property
    def standing(self) -> Standing | None:
        return self.recording.standings.get(self.address)

    def write(self) -> None:
        facts = self._unrecorded()
        if facts:
            self._lose(facts[0])
        for fact in facts:
            self._publication(fact)
        standing = self.standing
        if standing is None:
            return
        if standing.ended:
            self._resume(standing)
        self._probe(standing)
        self._detect(standing)
        self.recording.stand(self.address, replace(standing, seen=max(standing.seen, self.now), ended=None))

    def _unrecorded(self) -> tuple[Fact, ...]:
        known = self.standing
        if known is None or known.table != self.sighting.table:
            return self.sighting.facts
        return tuple(fact for fact in self.sighting.facts if fact.sequence > known.sequence)

    def _lose(self, first: Fact) -> None:
        """Say what is not known of the time of publications that expired before anybody recorded them."""
        known = self.standing
        if known is None or first.parent == known.snapshot:
            return
        for level, course in _courses(self.recording, self.address):
            if level != AVAILABILITY:
                self._write(level, lost(course, known.seen, first.at))

    def _publication(self, fact: Fact) -> None:
        known = self.standing
        self.publications += 1
        if not fact.rewrite:
            found = courses(fact, known.published if known else None, known.reached if known else None)
            promised = promises(fact.sla)
            for level in LEVELS:
                course = self.recording.courses.get((self.address, level))
                if level not in promised:
                    self._write(level, follow(course, None, fact.at))
                elif level in found and not (level == AVAILABILITY and course):
                    over = None if course else self.recording.end(self.address, level)
                    new = replace(found[level], start=max(fact.at, over)) if over else found[level]
                    self._write(level, follow(course, new, fact.at))
        self.recording.stand(self.address, _standing(known, self.sighting.table, fact, self.now))

    def _resume(self, standing: Standing) -> None:
        """The contract is back: what it promises counts again from the next publication on."""
        for level, promise in promises(standing.sla).items():
            if (self.address, level) in self.recording.courses:
                continue
            course = Course(level, self.now, "unknown", promise.threshold, standing.version, standing.snapshot)
            self._write(level, ((), replace(course, note="the contract was gone; its next publication counts again")))

    def _probe(self, standing: Standing) -> None:
        promise = promises(standing.sla).get(AVAILABILITY)
        course = self.recording.courses.get((self.address, AVAILABILITY))
        tried_before = course.until if course else None
        if promise is None or (course and self.now < course.start) or (tried_before and self.now <= tried_before):
            return
        trouble = self.sighting.trouble
        tried = Course(
            level=AVAILABILITY,
            start=self.now,
            state="broken" if trouble else "kept",
            threshold=promise.threshold,
            version=standing.version,
            snapshot=self.sighting.served or standing.snapshot,
            note=trouble,
            until=self.now,
            slack=self.hold,
            then="unknown",
        )
        self._write(AVAILABILITY, follow(course, tried, self.now))

    def _detect(self, standing: Standing) -> None:
        for level, course in _courses(self.recording, self.address):
            begun = course.until if course.turned(self.now) else course.start
            if state_at(course, self.now) == "broken" and not course.detected and begun and begun >= standing.since:
                self._write(level, ((), replace(course, detected=self.now)))

    def _write(self, level: str, what: tuple[Sequence[Interval], Course | None]) -> None:
        self.added += _write(self.recording, self.address, level, what, self.now)


def _standing(known: Standing | None, table: str, fact: Fact, now: datetime) -> Standing:
    """How far the product is recorded with ``fact``; rows that were only taken out are no publication."""
    new = Standing(table, fact.snapshot, fact.sequence, fact.at, fact.at, now, now, fact.version, fact.sla)
    new = replace(new, reached=fact.newest)
    if known is None:
        return new
    new = replace(new, first=known.first, since=known.since, seen=known.seen, ended=known.ended)
    if fact.rewrite:
        return replace(new, published=known.published, version=known.version, sla=known.sla, reached=known.reached)
    return replace(new, reached=known.reached) if fact.newest is None or backfills(fact, known.reached) else new
