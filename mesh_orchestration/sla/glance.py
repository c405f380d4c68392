"""How every service level stands now and how its error budget goes, cheaply: the database adds the intervals up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from mesh_orchestration.settings import Settings
from mesh_orchestration.sla.course import Course, State
from mesh_orchestration.sla.ledger import Ledger, Length
from mesh_orchestration.sla.promises import AVAILABILITY
from mesh_orchestration.sla.record import state_at
from mesh_orchestration.sla.report import Tally, target_share


@dataclass(frozen=True)
class Glance:
    """One service level of one product now: ``value`` and ``threshold`` in seconds, as a share or in rows a second.
    An age is that of now, any other value the worst of the publications of the day so far. ``tallies`` are those of
    the stretches of time up to now, by their length."""

    address: str
    level: str
    state: State
    value: float | None
    threshold: float | None
    tallies: Mapping[timedelta, Tally]


def glance(settings: Settings, ledger: Ledger, windows: Sequence[timedelta], *, now: datetime) -> tuple[Glance, ...]:
    """Every service level that is promised now, by address and level; raises StorageError."""
    share = target_share(settings)
    courses, found = ledger.lengths([now - window for window in windows], now)
    return tuple(
        Glance(
            address=address,
            level=level,
            state=state_at(course, now),
            value=_value(course, now),
            threshold=course.threshold,
            tallies={
                window: _tally(lengths.get((address, level), ()), share, own=level == AVAILABILITY)
                for window, lengths in zip(windows, found, strict=True)
            },
        )
        for (address, level), course in sorted(courses.items())
    )


def _value(course: Course, now: datetime) -> float | None:
    if state_at(course, now) == "unknown":
        return None
    return (now - course.anchor).total_seconds() if course.anchor else course.value


def _tally(lengths: Sequence[Length], share: float, *, own: bool) -> Tally:
    """The lengths as a tally; the target is ``share``, or their ``own`` threshold."""
    total = Tally()
    for one in lengths:
        target = one.threshold if own and one.threshold is not None else share
        known = one.seconds if one.state != "unknown" else 0.0
        total = total.plus(
            Tally(
                kept=one.seconds if one.state == "kept" else 0.0,
                broken=one.seconds if one.state == "broken" else 0.0,
                unknown=one.seconds - known,
                allowed=known * (1 - target),
            )
        )
    return total
