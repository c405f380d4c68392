"""What the governance page shows beside the findings: how it was before, what was denied when, councils, waivers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from mesh_orchestration.compliance.collect import collect
from mesh_orchestration.compliance.report import ComplianceReport, RuleReport, WaiverReport, share
from mesh_orchestration.contract.loader import CONTRACTS
from mesh_orchestration.errors import MeshError
from mesh_orchestration.governance.bundle import POLICIES
from mesh_orchestration.governance.decision_log import DecisionLog, Record
from mesh_orchestration.planning.git import Repository
from mesh_orchestration.settings import Settings
from mesh_orchestration.web.charts import Bar, Point

WEEKS, MOMENTS, DAYS, SOON = 8, 8, 30, timedelta(days=30)


@dataclass(frozen=True)
class Council:
    """Who owns rules, and which."""

    owner: str
    rules: tuple[RuleReport, ...]

    @property
    def broken(self) -> int:
        return sum(rule.broken for rule in self.rules)

    @property
    def domains(self) -> tuple[str, ...]:
        return tuple(sorted({rule.domain for rule in self.rules if rule.domain}))


@dataclass(frozen=True)
class Denials:
    """What was denied in the last days: each day's count, how often by which rule, and the newest."""

    days: tuple[tuple[date, int, int], ...]
    rules: tuple[tuple[str, int], ...]
    newest: tuple[Record, ...]

    @property
    def bars(self) -> tuple[Bar, ...]:
        return tuple(
            Bar(f"{day:%d %b}", denied, "bad" if denied else "", f"of {decided} decisions")
            for day, denied, decided in self.days
        )


@dataclass(frozen=True)
class Trend:
    """The share of compliant products at past moments; ``why`` says why there is none."""

    points: tuple[Point, ...] = ()
    why: str = ""


def councils(report: ComplianceReport) -> tuple[Council, ...]:
    """Who owns which rules, by name."""
    found: dict[str, list[RuleReport]] = {}
    for rule in report.rules:
        found.setdefault(rule.owner, []).append(rule)
    return tuple(Council(owner, tuple(rules)) for owner, rules in sorted(found.items()))


def ending(waiver: WaiverReport, today: date) -> tuple[str, str]:
    """When a waiver ends, as a tone and in words."""
    left = (date.fromisoformat(waiver.expires) - today).days
    if not waiver.holds:
        return "bad", f"ended {-left} days ago" if left < 0 else "no longer holds"
    said = "ends today" if left == 0 else f"{left} days left"
    return ("warn" if left <= SOON.days else "good"), said


def denials(settings: Settings, until: datetime) -> Denials:
    """What the log of decisions says was denied in the ``DAYS`` before ``until``."""
    since = until - timedelta(days=DAYS - 1)
    decided: Counter[date] = Counter()
    refused: list[Record] = []
    for record in DecisionLog(settings).records():
        if since.date() <= record.at.astimezone(UTC).date() and record.at <= until:
            decided[record.at.astimezone(UTC).date()] += 1
            if record.decision.verdict == "deny":
                refused.append(record)
    by_day = Counter(record.at.astimezone(UTC).date() for record in refused)
    days = [since.date() + timedelta(days=number) for number in range(DAYS)]
    return Denials(
        days=tuple((day, by_day[day], decided[day]) for day in days),
        rules=tuple(Counter(code for record in refused for code in record.decision.rules).most_common()),
        newest=tuple(refused[:-26:-1]),
    )


def trend(settings: Settings) -> Trend:
    """The share of compliant products at ``MOMENTS`` over the last weeks, or since the first contract, by what git,
    the lake and the log of decisions know."""
    try:
        return Trend(tuple(_point(collect(settings, as_of=moment)) for moment in _moments(settings)))
    except MeshError as error:
        return Trend(why=str(error))


def _moments(settings: Settings) -> Iterator[datetime | None]:
    """Evenly spread from the first commit of a contract, at most ``WEEKS`` ago, to now (None: as the files are)."""
    commits = Repository.of(settings).history((CONTRACTS, POLICIES))
    now = settings.now()
    first = min((datetime.fromisoformat(one.at).astimezone(UTC) for one in commits), default=now)
    start = max(first, now - timedelta(weeks=WEEKS))
    for step in range(MOMENTS):
        yield start + (now - start) * step / MOMENTS
    yield None


def _point(report: ComplianceReport) -> Point:
    part = share(report.products)
    broken: Sequence[str] = [str(product.address) for product in report.products if not product.compliant]
    note = f"not compliant: {', '.join(broken[:5])}{' and more' if len(broken) > 5 else ''}" if broken else ""
    return Point(report.as_of, part, tone="good" if part == 1 else "bad", note=note)
