"""The charts of a product's page, from what the catalog and the SLA ledger say."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from mesh_orchestration.catalog.cost import Cost
from mesh_orchestration.catalog.publications import CheckHistory, CheckPoint, Publication
from mesh_orchestration.catalog.usage import Usage
from mesh_orchestration.sla.report import LevelReport
from mesh_orchestration.web.charts import Bar, Point, bars, gauge, line, sparkline, strip
from mesh_orchestration.web.wording import number, percent, stamp

_STRIP = 30


def rows_over_time(found: Sequence[Publication]) -> Markup:
    """The rows of each attempt to publish; refused ones are marked."""
    return line(
        [_point(one, one.rows) for one in reversed(found) if one.snapshot], "Rows of each publication", unit="rows"
    )


def bytes_over_time(found: Sequence[Publication]) -> Markup:
    """The bytes of each attempt to publish; refused ones are marked."""
    return line(
        [_point(one, one.bytes) for one in reversed(found) if one.snapshot], "Size of each publication", unit="B"
    )


def _point(one: Publication, value: int) -> Point:
    return Point(one.at, value, "" if one.published else "bad", "" if one.published else "refused")


def reads_by_day(found: Usage) -> Markup:
    """Reads of each day; days on which some were denied are marked."""
    values = [
        Bar(f"{one.day:%d %b}", one.reads, "warn" if one.denied else "", f"({one.denied} denied)" if one.denied else "")
        for one in found.days
    ]
    return bars(values, "Reads by day", unit="reads")


def seconds_by_day(found: Cost) -> Markup:
    """Run time of each day."""
    values = [Bar(f"{one.day:%d %b}", round(one.seconds, 1), "", f"({one.attempts} runs)") for one in found.days]
    return bars(values, "Run time by day", unit="s")


def bytes_by_day(found: Cost) -> Markup:
    """Bytes that were written on each day."""
    values = [Bar(f"{one.day:%d %b}", one.bytes, "", f"({number(one.rows)} rows)") for one in found.days]
    return bars(values, "Written by day", unit="B")


def compliance(level: LevelReport) -> Markup:
    """How much of the measured time a service level was kept, against what is promised."""
    return gauge(level.tally.compliance, level.level.replace("_", " ").capitalize(), target=level.target)


def check_strip(found: CheckHistory) -> Markup:
    """The last attempts of a check as a row of ticks."""
    last = found.points[-_STRIP:]
    marks = [(_tone(found, one), f"{stamp(one.at)}: {_said(one)}") for one in last]
    failed = sum(not one.passed for one in last)
    return strip(marks, f"{found.name}: {failed} of the last {len(last)} failed")


def check_spark(found: CheckHistory) -> Markup:
    """What a check saw in its last attempts, as far as it is a number, else its failing share; no line for what
    never changed."""
    last = found.points[-_STRIP:]
    values = [one.observed if _is_number(one.observed) else one.share for one in last]
    if len(set(values)) == 1 and values[0] is not None:
        shown = number(values[0]) if _is_number(found.last.observed) else percent(values[0])
        return Markup('<span class="soft">{}</span>').format(shown)
    return sparkline(values, f"{found.name}, observed", tone="" if found.last.passed else _tone(found, found.last))


def check_over_time(found: CheckHistory) -> Markup:
    """The failing share of a check, or what it saw where that is a number."""
    if any(one.share is not None for one in found.points):
        points = [Point(one.at, one.share, _flag(found, one), _said(one)) for one in found.points]
        return line(points, "Share of rows that break it", unit="%")
    points = [
        Point(one.at, one.observed if _is_number(one.observed) else float(one.passed), _flag(found, one), _said(one))
        for one in found.points
    ]
    return line(points, "Observed value")


def _said(one: CheckPoint) -> str:
    if one.passed:
        return "passed"
    broke = f", {number(one.unexpected)} of {number(one.elements)} rows" if one.unexpected is not None else ""
    return f"failed{broke}"


def _tone(found: CheckHistory, one: CheckPoint) -> str:
    if one.passed:
        return "good"
    return "bad" if found.severity == "error" else "warn"


def _flag(found: CheckHistory, one: CheckPoint) -> str:
    return "" if one.passed else _tone(found, one)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
