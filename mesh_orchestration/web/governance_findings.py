"""The findings of a report as the governance page lists them: chosen, counted by domain and rule, a page at a time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from math import ceil
from typing import Literal, TypeVar

from mesh_orchestration.compliance.collect import collect
from mesh_orchestration.compliance.report import ComplianceReport, ProductReport
from mesh_orchestration.governance.decide import Verdict
from mesh_orchestration.settings import Settings
from mesh_orchestration.web.kept import Kept

T = TypeVar("T")
Severity = Literal["", "deny", "warn", "waived", "dry-run"]
NOW_SECONDS, PAST_SECONDS = 15.0, 3600.0
SHADES, SHOWN = 4, 12
"""How many shades tell how often a rule is broken, and how many domains are shown before the rest is folded up."""


@dataclass(frozen=True)
class Chosen:
    """Which findings: of one domain, one rule, one severity, with all words of a text; empty means all."""

    domain: str = ""
    rule: str = ""
    severity: Severity = ""
    words: tuple[str, ...] = ()


@dataclass(frozen=True)
class Cell:
    """How many findings one rule has in one domain, how many of them deny, and a shade from 1 to ``SHADES``."""

    count: int
    denied: int
    shade: int


@dataclass(frozen=True)
class Line:
    """One domain of the table: its findings by rule, none where it has none, and their sum."""

    domain: str
    cells: tuple[Cell | None, ...]
    total: int


@dataclass(frozen=True)
class Heat:
    """Findings by domain and rule: ``rules`` are the columns with their sums, ``lines`` the domains with most denials
    and then most findings first, ``folded`` those after the first ``SHOWN``."""

    rules: tuple[tuple[str, int], ...] = ()
    lines: tuple[Line, ...] = ()
    folded: tuple[Line, ...] = ()
    total: int = 0


@dataclass(frozen=True)
class Found:
    """What was chosen: the findings, the table they stand in (by severity and text alone), and how many there would be
    of each severity."""

    findings: tuple[Verdict, ...]
    heat: Heat
    severities: Mapping[str, int]


@dataclass(frozen=True)
class Board:
    """A report and what every look at it needs: each finding with the text it is found by, those that deny first, and
    the products, those that are not compliant first."""

    report: ComplianceReport
    findings: tuple[tuple[Verdict, str], ...]
    products: tuple[ProductReport, ...]
    denying: int

    @classmethod
    def of(cls, report: ComplianceReport) -> Board:
        found = [verdict for product in report.products for verdict in product.verdicts]
        found.sort(key=lambda verdict: (not verdict.denies, verdict.subject, verdict.code))
        products = sorted(report.products, key=lambda one: (one.compliant, one.address))
        denying = sum(verdict.denies for verdict in found)
        return cls(report, tuple((one, _text(one)) for one in found), tuple(products), denying)

    def products_of(self, domain: str) -> tuple[ProductReport, ...]:
        """The products of ``domain``, all when it is empty."""
        return tuple(one for one in self.products if one.domain == domain) if domain else self.products

    def choose(self, chosen: Chosen) -> Found:
        """The findings that are chosen, and the counts that lead to others."""
        said = [one for one, text in self.findings if all(word in text for word in chosen.words)]
        placed = [one for one in said if _is_placed(one, chosen)]
        return Found(
            findings=tuple(one for one in placed if _is_severe(one, chosen)),
            heat=_heat([one for one in said if _is_severe(one, chosen)], chosen),
            severities=Counter(one.outcome for one in placed),
        )


def board_of(kept: Kept, settings: Settings, day: date | None = None) -> Board:
    """The report of now, or of the end of a past day, as it was found some seconds ago."""
    if day is None or day >= settings.now().date():
        return kept.get("governance", lambda: Board.of(collect(settings)), seconds=NOW_SECONDS)
    moment = datetime.combine(day, time.max, UTC)
    return kept.get(f"governance {day}", lambda: Board.of(collect(settings, as_of=moment)), seconds=PAST_SECONDS)


def words_of(text: str) -> tuple[str, ...]:
    """The words that a text is searched by, without regard to case."""
    return tuple(text.casefold().split())


def _text(verdict: Verdict) -> str:
    said = (verdict.subject, verdict.code, verdict.title, verdict.file, verdict.path, verdict.message, verdict.fix)
    return "\n".join(said).casefold()


def _is_placed(verdict: Verdict, chosen: Chosen) -> bool:
    return chosen.domain in ("", verdict.domain) and chosen.rule in ("", verdict.code)


def _is_severe(verdict: Verdict, chosen: Chosen) -> bool:
    return chosen.severity in ("", verdict.outcome)


def _heat(findings: Sequence[Verdict], chosen: Chosen) -> Heat:
    counts = Counter((one.domain, one.code) for one in findings)
    denied = Counter((one.domain, one.code) for one in findings if one.denies)
    rules, domains = _sums(counts, lambda key: key[1]), _sums(counts, lambda key: key[0])
    worst, most = _sums(denied, lambda key: key[0]), max(counts.values(), default=1)

    def cell(key: tuple[str, str]) -> Cell | None:
        count = counts[key]
        return Cell(count, denied[key], ceil(SHADES * count / most)) if count else None

    columns = sorted(rules)
    order = sorted(domains, key=lambda name: (name != chosen.domain, -worst[name], -domains[name], name))
    lines = tuple(Line(name, tuple(cell((name, code)) for code in columns), domains[name]) for name in order)
    return Heat(tuple((code, rules[code]) for code in columns), lines[:SHOWN], lines[SHOWN:], len(findings))


def _sums(counts: Mapping[tuple[str, str], int], by: Callable[[tuple[str, str]], str]) -> Counter[str]:
    found: Counter[str] = Counter()
    for key, count in counts.items():
        found[by(key)] += count
    return found


def page_of(items: Sequence[T], offset: int, limit: int) -> tuple[int, tuple[T, ...]]:
    """Where the page begins that ``offset`` falls on, the last one when there are fewer, and what is on it."""
    begin = min(offset, max(0, len(items) - 1)) // limit * limit
    return begin, tuple(items[begin : begin + limit])
