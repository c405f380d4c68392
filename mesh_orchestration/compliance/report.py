"""The compliance report: rules, verdicts, waivers and the evidence for each product, as values."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from mesh_orchestration.contract.address import Address
from mesh_orchestration.governance.decide import Verdict
from mesh_orchestration.governance.metadata import Mode


@dataclass(frozen=True)
class Published:
    """The snapshot that consumers read at the moment of the report. ``policy_hash`` names the bundle that let it
    through, ``decision`` the record of that. Rows and checks are None when the snapshot has expired since."""

    snapshot_id: int
    at: datetime
    policy_hash: str
    decision: str
    rows: int | None = None
    checks_kept: int | None = None
    checks_broken: int | None = None


@dataclass(frozen=True)
class ProductReport:
    """One product: what its contract promised, what the rules say of it, what was served."""

    address: Address
    owner: str
    contract: str
    version: str
    fingerprint: str
    verdicts: tuple[Verdict, ...] = ()
    published: Published | None = None
    age: timedelta | None = None
    window: timedelta | None = None

    @property
    def domain(self) -> str:
        return self.address.domain

    @property
    def denials(self) -> tuple[Verdict, ...]:
        return tuple(verdict for verdict in self.verdicts if verdict.denies)

    @property
    def fresh(self) -> bool:
        """Whether it was published, and not longer ago than its SLA allows."""
        return self.age is not None and (self.window is None or self.age <= self.window)

    @property
    def compliant(self) -> bool:
        """Whether no rule is broken without a waiver, and something is published."""
        return not self.denials and self.published is not None


@dataclass(frozen=True)
class RuleReport:
    """One rule: its mode at the moment, the council that owns it, and how many products break it, with and without a
    waiver. ``domain`` is empty for a rule of the whole mesh."""

    code: str
    title: str
    mode: Mode
    domain: str
    owner: str
    broken: int
    waived: int


@dataclass(frozen=True)
class WaiverReport:
    """One waiver, and whether it held at the moment."""

    file: str
    rule: str
    address: str
    owner: str
    approver: str
    reason: str
    expires: str
    holds: bool


@dataclass(frozen=True)
class DecisionsReport:
    """The log of decisions up to the moment: how many, how many denied, the hash of the newest record."""

    records: int
    denied: int
    head: str
    whole: bool
    problem: str = ""


@dataclass(frozen=True)
class ComplianceReport:
    """The whole mesh at ``as_of``. ``commit`` is the git commit that contracts and policies were read from, empty for
    the working tree; ``bundle`` the hash of the policies."""

    as_of: datetime
    commit: str
    bundle: str
    products: tuple[ProductReport, ...]
    rules: tuple[RuleReport, ...]
    waivers: tuple[WaiverReport, ...]
    decisions: DecisionsReport
    broken: tuple[str, ...] = ()

    @property
    def domains(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(product.domain for product in self.products))

    def of(self, domain: str) -> tuple[ProductReport, ...]:
        return tuple(product for product in self.products if product.domain == domain)

    @property
    def compliant(self) -> bool:
        """Whether every product is, no contract is broken and the log of decisions is whole."""
        return not self.broken and self.decisions.whole and all(product.compliant for product in self.products)


def share(products: Iterable[ProductReport]) -> float:
    """The share of compliant products, 0 to 1; 1 for none."""
    judged = [product.compliant for product in products]
    return sum(judged) / len(judged) if judged else 1.0
