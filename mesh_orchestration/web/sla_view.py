"""What the SLA pages show of the ledger: the mesh over time, each level, its error budget."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from mesh_orchestration.contract.address import Address
from mesh_orchestration.contract.mesh import Mesh
from mesh_orchestration.settings import Settings
from mesh_orchestration.sla.gate import Gate, expand
from mesh_orchestration.sla.ledger import open_ledger
from mesh_orchestration.sla.report import LevelReport, Period, SlaReport, Tally, Unit, report, target_share
from mesh_orchestration.web.charts import Bar, Limit, Point

Window = Literal["24h", "7d", "30d", "90d"]
WINDOWS: Mapping[Window, timedelta] = {
    "24h": timedelta(days=1),
    "7d": timedelta(days=7),
    "30d": timedelta(days=30),
    "90d": timedelta(days=90),
}
TONES = {"kept": "good", "broken": "bad", "unknown": "warn"}
_FORMS: Mapping[Unit, str] = {"day": "%d %b", "week": "%G-W%V", "month": "%b %Y"}


@dataclass(frozen=True)
class Overview:
    """The mesh in a window, and whether the gate holds; ``target`` is the share that is promised where no contract
    says otherwise."""

    report: SlaReport
    gate: Gate
    target: float

    @property
    def domains(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(one.address.domain for one in self.report.levels))

    def of(self, domain: str = "", state: str = "") -> tuple[LevelReport, ...]:
        """The levels of a domain and in a state; all without."""
        return tuple(
            one
            for one in self.report.levels
            if (not domain or one.address.domain == domain) and (not state or one.state == state)
        )

    def count(self, state: str) -> int:
        return sum(one.state == state for one in self.report.levels)


def overview(settings: Settings, mesh: Mesh, window: Window) -> Overview:
    """What the ledger says of every product now."""
    with open_ledger(settings) as ledger:
        found = report(settings, ledger, tuple(mesh.products), window=WINDOWS[window], end=settings.now())
        return Overview(found, expand(settings, mesh, ledger), target_share(settings))


def levels_of(settings: Settings, address: Address, window: Window) -> SlaReport:
    """What the ledger says of one product now."""
    with open_ledger(settings) as ledger:
        return report(settings, ledger, (address,), window=WINDOWS[window], end=settings.now())


def together(levels: Iterable[LevelReport], unit: Unit) -> tuple[Period, ...]:
    """The periods of all levels, added up."""
    found: dict[object, Period] = {}
    for one in levels:
        for period in one.periods[unit]:
            known = found.get(period.start)
            found[period.start] = Period(period.start, known.tally.plus(period.tally) if known else period.tally)
    return tuple(sorted(found.values(), key=lambda period: period.start))


def points(periods: Sequence[Period], target: float) -> tuple[Point, ...]:
    """Compliance over time for a line chart."""
    return tuple(
        Point(one.start, one.tally.compliance, tone=tone(one.tally, target), note=measured(one.tally))
        for one in periods
    )


def bars(periods: Sequence[Period], unit: Unit, target: float) -> tuple[Bar, ...]:
    """Compliance by period for a bar chart; a period of which nothing is known has no height."""
    return tuple(
        Bar(one.start.strftime(_FORMS[unit]), one.tally.compliance or 0.0, tone(one.tally, target), measured(one.tally))
        for one in periods
    )


def limits(target: float) -> tuple[Limit, ...]:
    """The line that compliance should keep above."""
    return (Limit(target, f"target {target:.6g}" if target <= 0 else f"target {target * 100:.6g}%"),)


def marks(periods: Sequence[Period], target: float, last: int = 31) -> tuple[tuple[str, str], ...]:
    """The last periods for a strip: the tone of each, empty where nothing is known, and what it was in words."""
    return tuple(
        (tone(one.tally, target), f"{one.start:%Y-%m-%d}: {_kept(one.tally)}{measured(one.tally)}")
        for one in periods[-last:]
    )


def tone(tally: Tally, target: float) -> str:
    """Whether a stretch of time met its target; empty where nothing is known."""
    if tally.compliance is None:
        return ""
    return "good" if tally.compliance >= target else "bad"


def measured(tally: Tally) -> str:
    """What part of the time is known, when it is not all of it."""
    if tally.measured is None or tally.measured >= 0.9995:
        return ""
    return f"; {tally.measured:.0%} of the time known"


def used(one: LevelReport) -> float | None:
    """The share of the error budget of the window that is gone; more than 1 when there is none left."""
    return one.tally.burn


def _kept(tally: Tally) -> str:
    return "nothing known" if tally.compliance is None else f"{int(tally.compliance * 10_000) / 100:g}% kept"
