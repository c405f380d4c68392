"""How a service level goes on in time: intervals that are over, and the course of the one that is not.

Nothing here reads a clock. A course says what holds from ``start`` on and, where that is known in advance,
when it turns: a freshness SLA breaks at publication + window, whoever looks when.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from mesh_orchestration.sla.promises import AT_MOST

State = Literal["kept", "broken", "unknown"]


@dataclass(frozen=True)
class Interval:
    """One stretch of time, ``start`` (included) to ``end`` (excluded), in which a service level had one state.

    ``value`` is the worst that was measured in it, ``threshold`` what the contract ``version`` promised; both in
    seconds, as a share or in rows a second. ``snapshot``, ``check`` and ``note`` are the evidence. ``detected`` is
    when a breach was first seen, None when nobody was looking then.
    """

    level: str
    start: datetime
    end: datetime
    state: State
    value: float | None
    threshold: float | None
    version: str
    snapshot: int | None
    check: str = ""
    note: str = ""
    detected: datetime | None = None

    @property
    def seconds(self) -> float:
        return (self.end - self.start).total_seconds()


@dataclass(frozen=True)
class Course:
    """What holds from ``start`` on: ``state``, and once it has gone on ``slack`` longer than ``until``, from
    ``until`` on ``then``. ``anchor`` is the moment whose age is the value, where the value is an age."""

    level: str
    start: datetime
    state: State
    threshold: float | None
    version: str
    snapshot: int | None
    check: str = ""
    note: str = ""
    value: float | None = None
    anchor: datetime | None = None
    until: datetime | None = None
    slack: timedelta = timedelta(0)
    then: State = "broken"
    detected: datetime | None = None

    def turned(self, at: datetime) -> bool:
        """Whether ``then`` holds at ``at``."""
        return self.until is not None and at > self.until + self.slack

    def intervals(self, end: datetime) -> tuple[Interval, ...]:
        """The course up to ``end`` as one or two intervals; none when it begins later."""
        turn = max(self.until, self.start) if self.until is not None and self.turned(end) else end
        parts = ((self.start, turn, self.state), (turn, end, self.then))
        return tuple(self._interval(start, stop, state) for start, stop, state in parts if start < stop)

    def beginning(self, at: datetime) -> tuple[Interval, ...]:
        """The course as an interval without length, when it begins at ``at``."""
        return (self._interval(at, at, self.state),) if self.start == at else ()

    def _interval(self, start: datetime, end: datetime, state: State) -> Interval:
        return Interval(
            level=self.level,
            start=start,
            end=end,
            state=state,
            value=None if state == "unknown" else self.worst(end),
            threshold=self.threshold,
            version=self.version,
            snapshot=self.snapshot,
            check=self.check,
            note=self.note if state == self.state or state == "broken" else "",
            detected=self.detected if state == "broken" else None,
        )

    def worst(self, end: datetime) -> float | None:
        """The worst value up to ``end``: the greatest age or length, the smallest share or rate."""
        age = (end - self.anchor).total_seconds() if self.anchor else None
        return _worst(self.level, self.value, age)


def follow(course: Course | None, new: Course | None, at: datetime) -> tuple[tuple[Interval, ...], Course | None]:
    """What is over when ``new`` begins (or, without one, at ``at``), and the course from then on.

    What went well and goes on under the same terms stays one interval, a new one a day (UTC) at most; each
    cause of a breach keeps an interval of its own. A beginning before the course's own counts from there on.
    """
    if course is None:
        return (), new
    if new is None:
        return course.intervals(at), None
    new = replace(new, start=max(new.start, course.start))
    if _goes_on(course, new):
        value = _worst(course.level, course.worst(new.start), new.value)
        return (), replace(new, start=course.start, value=value, detected=course.detected)
    return course.intervals(new.start), new


def lost(course: Course, seen: datetime, at: datetime) -> tuple[tuple[Interval, ...], Course]:
    """The course when publications between ``seen`` and ``at`` are no longer kept: what it says of the time after
    ``seen`` holds only where no publication could have changed it, the rest is unknown."""
    seen = min(max(seen, course.start), at)
    if course.state == "kept" and course.until is not None and not course.slack and course.until > seen:
        return (), replace(course, then="unknown")
    unknown = replace(course, start=seen, state="unknown", value=None, anchor=None, until=None, check="", detected=None)
    return course.intervals(seen), replace(unknown, note="its snapshots expired before they were recorded")


def _goes_on(course: Course, new: Course) -> bool:
    if course.turned(new.start) or course.start.date() != new.start.date():
        return False
    terms = (course.state, course.threshold, course.version)
    if terms != (new.state, new.threshold, new.version):
        return False
    evidence = (course.snapshot, course.check, course.note)
    return new.state != "broken" or evidence == (new.snapshot, new.check, new.note)


def _worst(level: str, *values: float | None) -> float | None:
    known = [value for value in values if value is not None]
    if not known:
        return None
    return max(known) if level in AT_MOST else min(known)
