"""Reports from intervals: compliance, error budget, burn rate, breaches, how soon they were seen and mended."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Literal

from mesh_orchestration.contract.address import Address
from mesh_orchestration.settings import Settings
from mesh_orchestration.sla.course import Interval, State
from mesh_orchestration.sla.ledger import Ledger
from mesh_orchestration.sla.promises import AVAILABILITY, LEVELS

Unit = Literal["day", "week", "month"]
UNITS: tuple[Unit, ...] = ("day", "week", "month")
BURNS = (timedelta(hours=1), timedelta(days=1))
"""The last stretches of which the burn rate is told besides that of the whole window."""
_LONGEST: Mapping[Unit, timedelta] = {"day": timedelta(days=1), "week": timedelta(days=7), "month": timedelta(days=31)}


@dataclass(frozen=True)
class Tally:
    """Seconds of a stretch of time by state, and the seconds of breach that its target allows."""

    kept: float = 0.0
    broken: float = 0.0
    unknown: float = 0.0
    allowed: float = 0.0

    @property
    def known(self) -> float:
        return self.kept + self.broken

    @property
    def compliance(self) -> float | None:
        """The share of the known time that was kept; None when nothing is known."""
        return self.kept / self.known if self.known else None

    @property
    def measured(self) -> float | None:
        """The share of the time of which something is known."""
        total = self.known + self.unknown
        return self.known / total if total else None

    @property
    def burn(self) -> float | None:
        """How fast the error budget goes: 1 uses up exactly what the target allows. None when it allows nothing, or
        nothing is known."""
        return self.broken / self.allowed if self.allowed else None

    def plus(self, other: Tally) -> Tally:
        """Both stretches together."""
        return Tally(
            self.kept + other.kept,
            self.broken + other.broken,
            self.unknown + other.unknown,
            self.allowed + other.allowed,
        )


@dataclass(frozen=True)
class Period:
    """One calendar day, ISO week or month (UTC), and what is known of it."""

    start: datetime
    tally: Tally


@dataclass(frozen=True)
class Breach:
    """One breach without a break in it; ``end`` is None while it goes on, ``detected`` when nobody saw it begin.
    The evidence is that of its worst interval."""

    start: datetime
    end: datetime | None
    detected: datetime | None
    value: float | None
    threshold: float | None
    snapshot: int | None
    check: str
    note: str


@dataclass(frozen=True)
class LevelReport:
    """One service level of one product: ``state`` at the end of the window since ``since``, and what the window
    held. ``check`` is what gave the value, ``target`` the share of time that is promised, ``burns`` the burn rates
    of the last hour and day."""

    address: Address
    level: str
    state: State
    since: datetime
    value: float | None
    threshold: float | None
    version: str
    check: str
    note: str
    target: float
    tally: Tally
    burns: tuple[float | None, ...]
    breaches: tuple[Breach, ...]
    periods: Mapping[Unit, tuple[Period, ...]]

    @property
    def budget_left(self) -> float:
        """Seconds of breach that are left in the window; negative when there were too many."""
        return self.tally.allowed - self.tally.broken

    @property
    def to_detect(self) -> float | None:
        """Mean seconds from the beginning of a breach until it was seen."""
        return _mean([(one.detected - one.start).total_seconds() for one in self.breaches if one.detected])

    @property
    def to_recover(self) -> float | None:
        """Mean seconds from the beginning of a breach until its end."""
        return _mean([(one.end - one.start).total_seconds() for one in self.breaches if one.end])


@dataclass(frozen=True)
class SlaReport:
    """The service levels of the window from ``start`` to ``end``, in the order of addresses and of ``LEVELS``."""

    start: datetime
    end: datetime
    levels: tuple[LevelReport, ...]

    @property
    def broken(self) -> tuple[LevelReport, ...]:
        return tuple(one for one in self.levels if one.state == "broken")

    @property
    def tally(self) -> Tally:
        """Everything together."""
        total = Tally()
        for one in self.levels:
            total = total.plus(one.tally)
        return total


def target_share(settings: Settings) -> float:
    """The share of time that a service level has to be kept where its contract gives none: MESH_SLA_TARGET."""
    return settings.share("MESH_SLA_TARGET", 0.99)


def report(
    settings: Settings, ledger: Ledger, addresses: Sequence[Address], *, window: timedelta, end: datetime
) -> SlaReport:
    """What the ledger says of the products in the ``window`` before ``end``."""
    start, target = end - window, target_share(settings)
    found = ledger.intervals([str(address) for address in addresses], since=start, until=end)
    order = {str(address): place for place, address in enumerate(addresses)}
    keys = sorted(found, key=lambda key: (order[key[0]], LEVELS.index(key[1])))
    levels = tuple(_level(Address.parse(key[0]), found[key], start, end, target=target) for key in keys)
    return SlaReport(start, end, levels)


def _level(
    address: Address, intervals: Sequence[Interval], start: datetime, end: datetime, *, target: float
) -> LevelReport:
    clipped = tuple(_clipped(intervals, start, end))
    last, state = clipped[-1], clipped[-1].state
    spells = tuple(_spells(intervals))
    return LevelReport(
        address=address,
        level=last.level,
        state=state,
        since=spells[-1][0].start,
        value=last.value,
        threshold=last.threshold,
        version=last.version,
        check=last.check,
        note=last.note,
        target=_target(last, target),
        tally=_tally(clipped, target),
        burns=tuple(_tally(_clipped(intervals, end - length, end), target).burn for length in BURNS),
        breaches=tuple(_breach(spell, end) for spell in spells if spell[0].state == "broken" and spell[-1].end > start),
        periods={unit: tuple(_periods(clipped, unit, target)) for unit in UNITS},
    )


def _clipped(intervals: Sequence[Interval], start: datetime, end: datetime) -> Iterator[Interval]:
    """The intervals within a stretch of time, and what begins at its very end, because that is what holds then."""
    for one in intervals:
        if (one.end > start and one.start < end) or one.start == one.end == end:
            yield replace(one, start=max(one.start, start), end=min(one.end, end))


def _tally(intervals: Iterator[Interval] | Sequence[Interval], target: float) -> Tally:
    total = Tally()
    for one in intervals:
        if one.state == "unknown":
            total = total.plus(Tally(unknown=one.seconds))
        else:
            allowed = (1 - _target(one, target)) * one.seconds
            kept = one.state == "kept"
            total = total.plus(Tally(one.seconds * kept, one.seconds * (not kept), 0.0, allowed))
    return total


def _target(one: Interval, target: float) -> float:
    return one.threshold if one.level == AVAILABILITY and one.threshold is not None else target


def _spells(intervals: Sequence[Interval]) -> Iterator[tuple[Interval, ...]]:
    """The intervals of one state that follow each other without a break."""
    spell: list[Interval] = []
    for one in intervals:
        if spell and (spell[-1].state != one.state or spell[-1].end != one.start):
            yield tuple(spell)
            spell = []
        spell.append(one)
    yield tuple(spell)


def _breach(spell: Sequence[Interval], end: datetime) -> Breach:
    worst = max(spell, key=lambda one: one.seconds)
    return Breach(
        start=spell[0].start,
        end=spell[-1].end if spell[-1].end < end else None,
        detected=spell[0].detected,
        value=worst.value,
        threshold=worst.threshold,
        snapshot=worst.snapshot,
        check=worst.check,
        note=worst.note,
    )


def _periods(intervals: Sequence[Interval], unit: Unit, target: float) -> Iterator[Period]:
    begin, last = _floor(intervals[0].start, unit), intervals[-1].end
    while begin < last:
        after = _floor(begin + _LONGEST[unit], unit)
        yield Period(begin, _tally(_clipped(intervals, begin, after), target))
        begin = after


def _floor(moment: datetime, unit: Unit) -> datetime:
    """The beginning of the day, ISO week or month (UTC) of a moment."""
    day = moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    if unit == "week":
        return day - timedelta(days=day.weekday())
    return day.replace(day=1) if unit == "month" else day


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None
