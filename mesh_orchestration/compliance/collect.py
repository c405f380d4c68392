"""Collecting the evidence: git says what was promised, the lake what was served, the log what was decided."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime

from mesh_orchestration.compliance.report import (
    ComplianceReport,
    DecisionsReport,
    ProductReport,
    Published,
    RuleReport,
    WaiverReport,
)
from mesh_orchestration.contract.address import Address
from mesh_orchestration.contract.loader import CONTRACTS
from mesh_orchestration.contract.mesh import Mesh, load_mesh
from mesh_orchestration.contract.model import DataProduct
from mesh_orchestration.errors import SettingsError
from mesh_orchestration.governance.bundle import POLICIES
from mesh_orchestration.governance.decide import Verdict
from mesh_orchestration.governance.decision_log import GENESIS, DecisionLog, Record
from mesh_orchestration.governance.guardrails import Guardrails
from mesh_orchestration.planning.before import checked_out
from mesh_orchestration.planning.git import Base, Repository
from mesh_orchestration.settings import Settings
from mesh_orchestration.storage.catalog import Lake, open_lake
from mesh_orchestration.storage.snapshots import Snapshot, history


@dataclass(frozen=True)
class _Moment:
    """A mesh at a moment: its files, at ``commit`` when that is not empty."""

    settings: Settings
    at: datetime
    commit: str = ""


def collect(settings: Settings, *, as_of: datetime | None = None) -> ComplianceReport:
    """The report of now, or of ``as_of`` (UTC) from the newest commit of that time.

    The same moment gives the same report whenever it is asked for, as long as its snapshots are kept. Raises
    SettingsError when git knows no commit of that time, PolicyError when its policies cannot be read.
    """
    with _moment(settings, as_of) as moment:
        mesh = load_mesh(moment.settings)
        records = _records(settings, moment.at)
        with Guardrails(moment.settings) as guardrails, open_lake(settings) as lake:
            verdicts, served = _by_subject(guardrails.products(mesh)), _let_through(records)
            products = tuple(
                _product(
                    product,
                    verdicts.get(str(address), ()),
                    _published(lake, address, served.get(str(address)), moment.at),
                    moment.at,
                )
                for address, product in mesh.products.items()
            )
            return ComplianceReport(
                as_of=moment.at,
                commit=moment.commit,
                bundle=guardrails.bundle.hash if guardrails.bundle.rules else "",
                products=products,
                rules=_rules(guardrails, products),
                waivers=_waivers(guardrails),
                decisions=_decisions(settings, records),
                broken=tuple(map(str, mesh.problems)),
            )


@contextmanager
def _moment(settings: Settings, as_of: datetime | None) -> Iterator[_Moment]:
    if as_of is None:
        yield _Moment(settings, settings.now())
        return
    repository = Repository.of(settings)
    steps = [step for step in repository.history((CONTRACTS, POLICIES)) if datetime.fromisoformat(step.at) <= as_of]
    if not steps:
        raise SettingsError(f"git knows no contracts of {as_of.isoformat()}; the history may begin later or be shallow")
    base = Base(steps[-1].commit, as_of.isoformat())
    files = repository.read(repository.files(base, (CONTRACTS, POLICIES)))
    with checked_out(files) as root:
        environ = {**settings.environ, "MESH_NOW": as_of.isoformat()}
        yield _Moment(replace(settings, root=root, environ=environ), as_of, base.commit)


def _records(settings: Settings, until: datetime) -> tuple[Record, ...]:
    return tuple(record for record in DecisionLog(settings).records() if record.at <= until)


def _by_subject(verdicts: Sequence[Verdict]) -> Mapping[str, tuple[Verdict, ...]]:
    found: dict[str, list[Verdict]] = {}
    for verdict in verdicts:
        found.setdefault(verdict.subject, []).append(verdict)
    return {subject: tuple(said) for subject, said in found.items()}


def _product(
    product: DataProduct, verdicts: Sequence[Verdict], published: Published | None, at: datetime
) -> ProductReport:
    return ProductReport(
        address=product.address,
        owner=product.owner,
        contract=product.source,
        version=product.version,
        fingerprint=product.fingerprint,
        verdicts=tuple(verdicts),
        published=published,
        age=at - published.at if published else None,
        window=product.spec.sla.freshness_window,
    )


def _let_through(records: Sequence[Record]) -> Mapping[str, Record]:
    """By address the newest record of a publication that was let through."""
    return {
        record.decision.subject: record
        for record in records
        if (record.decision.point, record.decision.verdict) == ("publish", "allow")
    }


def _published(lake: Lake, address: Address, record: Record | None, at: datetime) -> Published | None:
    """What was served: from the snapshot's own summary, or from the log when the snapshot has expired since."""
    kept = next((one for one in history(lake, address) if one.timestamp <= at), None)
    if kept:
        return _from_summary(kept)
    if record is None or record.decision.snapshot is None:
        return None
    return Published(record.decision.snapshot, record.at, record.decision.bundle, record.hash)


def _from_summary(snapshot: Snapshot) -> Published:
    kept = sum(verdict.success for verdict in snapshot.verdicts)
    return Published(
        snapshot_id=snapshot.snapshot_id,
        at=snapshot.timestamp,
        policy_hash=snapshot.policy_hash,
        decision=snapshot.decision,
        rows=snapshot.rows,
        checks_kept=kept,
        checks_broken=len(snapshot.verdicts) - kept,
    )


def _rules(guardrails: Guardrails, products: Sequence[ProductReport]) -> tuple[RuleReport, ...]:
    broken: dict[tuple[str, bool], set[Address]] = {}
    for product in products:
        for verdict in product.verdicts:
            broken.setdefault((verdict.code, verdict.outcome == "waived"), set()).add(product.address)
    return tuple(
        RuleReport(
            code=rule.code,
            title=rule.metadata.title,
            mode=rule.metadata.mode(guardrails.today),
            domain=rule.policy.domain,
            owner=rule.metadata.custom.owner,
            broken=len(broken.get((rule.code, False), ())),
            waived=len(broken.get((rule.code, True), ())),
        )
        for rule in guardrails.bundle.rules
    )


def _waivers(guardrails: Guardrails) -> tuple[WaiverReport, ...]:
    return tuple(
        WaiverReport(
            file=waiver.file,
            rule=waiver.terms.rule,
            address=waiver.terms.address,
            owner=waiver.terms.owner,
            approver=waiver.terms.approver,
            reason=waiver.terms.reason,
            expires=waiver.terms.expires.isoformat(),
            holds=waiver.holds(guardrails.today),
        )
        for waiver in guardrails.waivers
    )


def _decisions(settings: Settings, records: Sequence[Record]) -> DecisionsReport:
    verified = DecisionLog(settings).verify()
    return DecisionsReport(
        records=len(records),
        denied=sum(record.decision.verdict == "deny" for record in records),
        head=records[-1].hash if records else GENESIS,
        whole=not verified.problem,
        problem=verified.problem,
    )


def selected(report: ComplianceReport, mesh: Mesh, words: Sequence[str]) -> ComplianceReport:
    """The report on the domains and products that ``words`` name; raises MeshError for a word that names nothing."""
    wanted = {mesh.product(word).address for word in words if "." in word}
    domains = {word for word in words if "." not in word}
    for domain in domains:
        mesh.require(domain)
    kept = tuple(one for one in report.products if one.address in wanted or one.domain in domains)
    return replace(report, products=kept)
