"""What one publication says of each service level, from its own snapshot."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from mesh_orchestration.compile.checks import NOT_NULL
from mesh_orchestration.contract.model import Sla
from mesh_orchestration.sla.course import Course, State
from mesh_orchestration.sla.promises import (
    ACCURACY,
    AVAILABILITY,
    COMPLETENESS,
    EVENT_FRESHNESS,
    FRESHNESS,
    LATENCY,
    Promise,
    promises,
)
from mesh_orchestration.storage.stamp import Verdict


@dataclass(frozen=True)
class Fact:
    """One publication: ``newest`` is the greatest event time (UTC) among its rows, ``received`` maps an input to
    the rows that arrived of it and those that were there, ``sequence`` orders the snapshots of a table."""

    snapshot: int
    parent: int | None
    sequence: int
    at: datetime
    version: str
    rows: int
    sla: Sla
    verdicts: tuple[Verdict, ...] = ()
    newest: datetime | None = None
    received: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    rewrite: bool = False


def courses(fact: Fact, previous: datetime | None, reached: datetime | None = None) -> Mapping[str, Course]:
    """The course that each promised service level takes from this publication on; ``previous`` is when the
    product was published before, ``reached`` the newest event time it had then. A publication without rows says
    nothing of the age of the data, and one that only brings an old stretch of time back makes it no younger."""
    found = {}
    for level, promise in promises(fact.sla).items():
        if fact.rows == 0 and level in (FRESHNESS, EVENT_FRESHNESS, LATENCY):
            continue
        if level == FRESHNESS and backfills(fact, reached):
            continue
        found[level] = _course(fact, promise, previous)
    return found


def backfills(fact: Fact, reached: datetime | None) -> bool:
    """Whether the publication reaches less far than what was published before, and less far than events may be old:
    an old partition that was run again."""
    if fact.newest is None or reached is None or fact.newest >= min(reached, fact.at):
        return False
    promise = promises(fact.sla).get(EVENT_FRESHNESS)
    return promise is None or not promise.keeps((fact.at - fact.newest).total_seconds())


def _course(fact: Fact, promise: Promise, previous: datetime | None) -> Course:
    unknown = Course(promise.level, fact.at, "unknown", promise.threshold, fact.version, fact.snapshot)
    course = _Judge(fact, promise, unknown, previous)
    if promise.level == FRESHNESS:
        return course.until_old(fact.at)
    if promise.level == EVENT_FRESHNESS:
        return course.until_old(fact.newest) if fact.newest else course.not_known(_no_event_time(fact))
    if promise.level == AVAILABILITY:
        return course.not_known("not yet tried")
    if promise.level == COMPLETENESS:
        return course.least(_completeness(fact, promise), "no check of nulls and no input counts what is missing")
    if promise.level == ACCURACY:
        return course.least(_accuracy(fact, promise), "no check counts the rows that break it")
    if promise.level == LATENCY:
        age = (fact.at - fact.newest).total_seconds() if fact.newest else None
        return course.measured(age, fact.sla.event_time or "", _no_event_time(fact))
    return course.throughput()


@dataclass(frozen=True)
class _Judge:
    """Makes the course of one service level; ``unknown`` is the one to begin from."""

    fact: Fact
    promise: Promise
    unknown: Course
    previous: datetime | None

    def until_old(self, anchor: datetime) -> Course:
        window = timedelta(seconds=self.promise.threshold or 0)
        return replace(self.unknown, state="kept", anchor=anchor, until=anchor + window)

    def not_known(self, why: str) -> Course:
        return replace(self.unknown, note=why)

    def measured(self, value: float | None, check: str, otherwise: str) -> Course:
        if value is None:
            return self.not_known(otherwise)
        state: State = "kept" if self.promise.keeps(value) else "broken"
        return replace(self.unknown, state=state, value=value, check=check)

    def least(self, shares: Iterator[tuple[float, str]], otherwise: str) -> Course:
        value, check = min(shares, default=(None, ""))
        return self.measured(value, check, otherwise)

    def throughput(self) -> Course:
        if self.promise.threshold is None:
            return self.not_known(f"'{self.promise.said}' is no rate; write e.g. 1000 rows/min")
        seconds = (self.fact.at - self.previous).total_seconds() if self.previous else 0
        value = self.fact.rows / seconds if seconds > 0 else None
        return self.measured(value, "", "a rate needs two publications")


def _no_event_time(fact: Fact) -> str:
    column = fact.sla.event_time
    return f"{column} shows no time" if column else "the contract names no event_time"


def _completeness(fact: Fact, promise: Promise) -> Iterator[tuple[float, str]]:
    """Of each required column the share of rows that have it, of each counted input the share that arrived."""
    yield from _shares(promise, (verdict for verdict in fact.verdicts if verdict.expectation == NOT_NULL))
    for port, (arrived, there) in fact.received.items():
        yield (min(arrived / there, 1.0) if there else 1.0), f"input {port}"


def _accuracy(fact: Fact, promise: Promise) -> Iterator[tuple[float, str]]:
    """Of each check that counts rows the share that keeps it; nulls are a matter of completeness."""
    yield from _shares(promise, (verdict for verdict in fact.verdicts if verdict.expectation != NOT_NULL))


def _shares(promise: Promise, verdicts: Iterator[Verdict]) -> Iterator[tuple[float, str]]:
    """The share of each check that counts rows. One that passes with less than is promised says that this column need
    not keep the promise of the whole (``threshold: 0.6`` on a column that is often empty), so it is left out."""
    for verdict in verdicts:
        if verdict.element_count and verdict.unexpected_count is not None:
            share = 1 - verdict.unexpected_count / verdict.element_count
            if not verdict.success or promise.keeps(share):
                yield share, verdict.name
