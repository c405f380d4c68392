"""How service levels are shown: as JSON, and as the cells and lines of a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from mesh_orchestration.cli.output import plain
from mesh_orchestration.contract.duration import span
from mesh_orchestration.sla.wording import amount, evidence, share

if TYPE_CHECKING:
    from mesh_orchestration.sla.report import LevelReport, Period, Tally

_BARS = "▁▂▃▄▅▆▇█"
_COLOURS = {"kept": "green", "broken": "red", "unknown": "yellow"}
_DAYS = 31
_BREACHES = 5


def tally(said: Tally) -> dict[str, float | None]:
    """A stretch of time in numbers, as JSON."""
    return {
        "compliance": said.compliance,
        "measured": said.measured,
        "kept_seconds": said.kept,
        "broken_seconds": said.broken,
        "unknown_seconds": said.unknown,
        "budget_seconds": said.allowed,
    }


def level(one: LevelReport) -> dict[str, Any]:
    """One service level as JSON."""
    names = ("address", "level", "state", "since", "value", "threshold", "version", "check", "note", "target")
    return {
        **{name: plain(getattr(one, name)) for name in names},
        "breaches": plain(one.breaches),
        **tally(one.tally),
        "budget_left_seconds": one.budget_left,
        "burn_rates": {"hour": one.burns[0], "day": one.burns[1], "window": one.tally.burn},
        "to_detect_seconds": one.to_detect,
        "to_recover_seconds": one.to_recover,
        "periods": {
            unit: [{"start": period.start.isoformat(), **tally(period.tally)} for period in periods]
            for unit, periods in one.periods.items()
        },
    }


def promised(one: LevelReport) -> str:
    """What the contract promises: ``1h``, ``99.9%``."""
    return amount(one.level, one.threshold)


def standing(one: LevelReport) -> str:
    """How it stands at the end, and the worst value of that interval."""
    value = "" if one.value is None else f" {amount(one.level, one.value)}"
    return f"[{_COLOURS[one.state]}]{one.state}[/]{value}"


def budget(one: LevelReport) -> str:
    """What is left of the error budget of the window; red when nothing is."""
    left = one.budget_left
    if not one.tally.known:
        return "-"
    text = span(timedelta(seconds=abs(left)))
    return f"[red]{text} over[/]" if left < 0 else text


def bars(days: Sequence[Period], target: float) -> str:
    """One bar a day, full when all its known time was kept; green where the target was met, ``·`` for not known."""
    return "".join(_bar(day.tally.compliance, target) for day in days[-_DAYS:])


def _bar(compliance: float | None, target: float) -> str:
    if compliance is None:
        return "[dim]·[/]"
    place = min(int(compliance * len(_BARS)), len(_BARS) - 1 if compliance == 1 else len(_BARS) - 2)
    return f"[{'green' if compliance >= target else 'red'}]{_BARS[place]}[/]"


def details(one: LevelReport) -> Iterator[str]:
    """The lines below the table for one service level: weeks and months, breaches with their evidence."""
    from rich.markup import escape

    parts = [f"[bold]{one.level}[/]", f"{one.state} since {one.since:%Y-%m-%d %H:%M}", f"target {share(one.target)}"]
    if one.to_detect is not None:
        parts.append(f"seen after {span(timedelta(seconds=one.to_detect))}")
    if one.to_recover is not None:
        parts.append(f"mended after {span(timedelta(seconds=one.to_recover))}")
    yield ", ".join(parts)
    if one.check:
        yield f"  measured by {escape(one.check)}"
    if one.note:
        yield f"  {escape(one.note)}"
    for unit, form in (("week", "%G-W%V"), ("month", "%Y-%m")):
        periods = one.periods[unit]  # type: ignore[index]
        told = "  ".join(f"{period.start:{form}} {share(period.tally.compliance)}" for period in periods)
        yield f"  {unit}s: {told}"
    hidden = len(one.breaches) - _BREACHES
    if hidden > 0:
        yield f"  {hidden} older breaches"
    for breach in one.breaches[-_BREACHES:]:
        yield f"  {escape(evidence(one.level, breach))}"
