"""Prometheus alert rules from contracts: one file a domain, and one for what serves the whole mesh.

Budgets burn by the numbers of Google's SRE workbook (14.4 and 6 times too fast over 1 and 6 hours, 3 days at all),
where the target leaves room for them. In place of its short windows stands the ledger's word that it is broken now.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import yaml

from mesh_orchestration.contract.mesh import Mesh
from mesh_orchestration.contract.model import DataProduct
from mesh_orchestration.monitoring import metrics
from mesh_orchestration.settings import Settings
from mesh_orchestration.sla.promises import AVAILABILITY, Promise, every, promises
from mesh_orchestration.sla.report import target_share
from mesh_orchestration.sla.wording import amount, share

Severity = Literal["critical", "warning", "info"]
HEADER = "# Written by mesh monitoring rules; change the contracts instead.\n"
JOB = "mesh"
"""The name of the job that scrapes the service, in Prometheus' own configuration."""
FAST, SLOW = 14.4, 6.0
_LOOKS = 5
"""So many looks of the recorder may be missing before somebody is told."""


@dataclass(frozen=True)
class Alert:
    """One alert rule; ``held`` is for how long ``expr`` has to hold (``5m``), empty for at once."""

    name: str
    expr: str
    severity: Severity
    summary: str
    description: str
    held: str = ""
    labels: tuple[tuple[str, str], ...] = ()

    def rule(self) -> dict[str, Any]:
        """The rule as Prometheus reads it."""
        found: dict[str, Any] = {"alert": self.name, "expr": self.expr}
        if self.held:
            found["for"] = self.held
        found["labels"] = {"severity": self.severity} | dict(self.labels)
        found["annotations"] = {"summary": self.summary, "description": self.description}
        return found


def rule_files(settings: Settings, mesh: Mesh) -> dict[str, str]:
    """The rule files by name; raises ContractError when a contract is broken."""
    mesh.require()
    files = {"mesh.rules.yml": _file([("mesh", [alert.rule() for alert in mesh_alerts(settings)])])}
    for domain in mesh.domains:
        groups = [
            (str(product.address), [alert.rule() for alert in product_alerts(settings, product)])
            for product in mesh.of(domain)
            if product.metadata.status in ("active", "deprecated")
        ]
        if groups:
            files[f"domain-{domain}.rules.yml"] = _file(groups)
    return files


def product_alerts(settings: Settings, product: DataProduct) -> Iterator[Alert]:
    """What is to be told of one product; every alert carries its address, domain and owner as labels."""
    who = (("address", str(product.address)), ("domain", product.domain), ("owner", _plain(product.spec.owner)))
    yield from _publication(product, who)
    for promise in promises(product.spec.sla).values():
        if promise.threshold is None:
            continue
        target = promise.threshold if promise.level == AVAILABILITY else target_share(settings)
        yield from _level(product, promise, target=target, who=who)


def _publication(product: DataProduct, who: tuple[tuple[str, str], ...]) -> Iterator[Alert]:
    address = str(product.address)
    one = f'{{address="{address}"}}'
    yield Alert(
        "MeshPublicationRefused",
        f"{metrics.REFUSED.name}{one} == 1",
        "warning",
        f"{address}: the newest publication was refused",
        f"Consumers still read the last good snapshot. See why: mesh show {address}",
        labels=who,
    )
    yield Alert(
        "MeshNeverPublished",
        f"{metrics.PUBLISHED.name}{one} == 0",
        "warning",
        f"{address} has a contract and was never published",
        f"Run it: mesh run {address}",
        held="1h",
        labels=who,
    )
    yield Alert(
        "MeshCheckWarns",
        f'{metrics.CHECK_PASSED.name}{{address="{address}",severity="warn"}} == 0',
        "info",
        f"{address}: check {{{{ $labels.check }}}} found something",
        f"It only warns, so the product was published. See what: mesh show {address}",
        labels=who,
    )
    yield Alert(
        "MeshAnomaly",
        f"{metrics.ANOMALIES_OPEN.name}{one} > 0",
        "info",
        f"{address} is not as its history lets expect",
        f"A warning, nothing was held back. See what was expected and why: mesh anomalies {address}",
        labels=who,
    )
    yield Alert(
        "MeshProductNotReported",
        f'absent({metrics.PRODUCT_INFO.name}{one}) and on () up{{job="{JOB}"}} == 1',
        "warning",
        f"nothing is said of {address} any more",
        "Its contract is here, but the catalog does not know it. Look at: mesh catalog status",
        held="15m",
        labels=who,
    )


@dataclass(frozen=True)
class _Promised:
    """One service level of one product: ``said`` is the promise in words."""

    address: str
    level: str
    said: str
    who: tuple[tuple[str, str], ...]

    @property
    def one(self) -> str:
        """The labels that select it."""
        return f'address="{self.address}",level="{self.level}"'

    @property
    def see(self) -> str:
        return f"See the breach and its evidence: mesh sla {self.address}"


def _level(
    product: DataProduct, promise: Promise, *, target: float, who: tuple[tuple[str, str], ...]
) -> Iterator[Alert]:
    said = f"{promise.level} is promised as {amount(promise.level, promise.threshold)}"
    promised = _Promised(str(product.address), promise.level, said, (*who, ("level", promise.level)))
    what = f"{promised.address}: {promise.level}"
    if target < 1:
        yield from _budget(promised, target)
    else:
        yield Alert(
            "MeshSlaBroken",
            f"{metrics.SLA_BROKEN.name}{{{promised.one}}} == 1",
            "critical",
            f"{what} is broken",
            f"{said} at any time. {promised.see}",
            labels=promised.who,
        )
    if promise.level == AVAILABILITY:
        yield Alert(
            "MeshSlaUnknown",
            f"{metrics.SLA_UNKNOWN.name}{{{promised.one}}} == 1",
            "info",
            f"{promised.address}: nobody knows whether it can be read",
            f"The recorder has not tried it for a while. {promised.see}",
            held="15m",
            labels=promised.who,
        )


def _budget(promised: _Promised, target: float) -> Iterator[Alert]:
    """What is to be told of an error budget; ``room`` is the greatest burn rate that there can be."""
    one, room, said = promised.one, 1 / (1 - target), f"{promised.said} for {share(target)} of the time"
    what, labels = f"{promised.address}: {promised.level}", promised.who

    def burns(window: str, factor: float) -> str:
        return f'{metrics.SLA_BURN.name}{{{one},window="{window}"}} > {factor:g}'

    now = f"and on (address, level) {metrics.SLA_BROKEN.name}{{{one}}} == 1"
    times = f"{what} uses its error budget up {{{{ $value | humanize }}}} times too fast"
    yield Alert(
        "MeshSlaBurnsFast",
        f"{burns('1h', min(FAST, room / 2))} {now}",
        "critical",
        times,
        f"{said}; over the last hour it was broken far longer. {promised.see}",
        labels=labels,
    )
    yield Alert(
        "MeshSlaBurnsSlowly",
        f"({burns('6h', min(SLOW, room / 4))} or on (address, level) {burns('3d', 1)}) {now}",
        "warning",
        times,
        f"{said}; over the last hours or days it was broken longer. {promised.see}",
        labels=labels,
    )
    yield Alert(
        "MeshSlaBudgetSpent",
        f"{metrics.SLA_BUDGET.name}{{{one}}} < 0",
        "info",
        f"{what} has spent its error budget",
        f"{said}; over the last 30 days it was broken longer. {promised.see}",
        labels=labels,
    )


def mesh_alerts(settings: Settings) -> Iterator[Alert]:
    """What is to be told of the platform itself."""
    up, patience = f'up{{job="{JOB}"}}', max(300, int(_LOOKS * every(settings).total_seconds()))
    yield Alert(
        "MeshServiceDown", f'{up} == 0 or absent({up})', "critical", "the catalog does not answer",
        "Nothing is known of any product. Look at the process: mesh doctor", held="2m",
    )  # fmt: skip
    yield Alert(
        "MeshStoreUnreadable",
        f"{metrics.SOURCE_UP.name} == 0",
        "critical",
        "the catalog cannot read its store of {{ $labels.source }}",
        "What is shown of it is missing, not well. Look at the service's output, then: mesh doctor",
        held="5m",
    )
    yield Alert(
        "MeshNotWatched",
        f"time() - {metrics.SLA_LOOKED.name} > {patience} and on () max({metrics.PUBLISHED.name}) > 0",
        "critical",
        "nobody has looked at the products for {{ $value | humanizeDuration }}",
        "The daemon or the sensor sla stands still, so no breach is seen. Start it again: mesh up",
        held="1m",
    )
    yield Alert(
        "MeshMessagesStuck",
        f"{metrics.MESSAGES_WAITING.name} > 0",
        "warning",
        "{{ $value }} messages of incidents have not reached anybody for an hour",
        "A channel does not take them. See which: mesh incidents ls",
        held="1h",
    )
    yield from _requests()


def _requests() -> Iterator[Alert]:
    requests = f'{metrics.REQUESTS}{{job="{JOB}"'
    yield Alert(
        "MeshServiceErrors",
        f'sum(rate({requests},status=~"5.."}}[5m])) / sum(rate({requests}}}[5m])) > 0.05',
        "warning",
        "{{ $value | humanizePercentage }} of the catalog's answers are errors",
        "Look at the service's output.",
        held="5m",
    )
    yield Alert(
        "MeshServiceSlow",
        "histogram_quantile(0.95, sum by (le) "
        f'(rate({metrics.REQUEST_SECONDS}_bucket{{job="{JOB}",route!="/metrics"}}[10m]))) > 1',
        "info",
        "one answer in twenty of the catalog takes longer than {{ $value | humanizeDuration }}",
        "See which pages: the dashboard Mesh.",
        held="10m",
    )


def _plain(text: str) -> str:
    """Text of a contract in which Prometheus finds no template."""
    return text.replace("{{", "{ {")


def _file(groups: Sequence[tuple[str, list[dict[str, Any]]]]) -> str:
    said = {"groups": [{"name": name, "rules": rules} for name, rules in groups]}
    return HEADER + yaml.safe_dump(said, sort_keys=False, width=10_000, allow_unicode=True)
