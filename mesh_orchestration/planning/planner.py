"""From a proposal to its plan: every section, and every finding in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from mesh_orchestration.contract.evolution import Change
from mesh_orchestration.planning import findings
from mesh_orchestration.planning.compare import Pair
from mesh_orchestration.planning.findings import Places
from mesh_orchestration.planning.plan import ContractChange, Counts, Finding, Plan, PolicyVerdict, ProductPlan
from mesh_orchestration.planning.proposal import Proposal, propose
from mesh_orchestration.settings import Settings

_SEVERITIES = ("error", "warning", "note")


def plan(settings: Settings, against: str | None = None) -> Plan:
    """What the working tree would do to the whole mesh, compared with ``against`` (see ``Repository.base``).

    Wrong contracts are findings. Raises SettingsError without git or such a commit, MeshError when a file
    cannot be read.
    """
    return plan_of(propose(settings, against))


def plan_of(proposal: Proposal) -> Plan:
    """The plan of a proposal."""
    places = Places(proposal.settings.root)
    products = (*_changed(proposal, places), *_rebuilt(proposal), *_broken(proposal))
    found = sorted(_findings(proposal, places), key=lambda one: (_SEVERITIES.index(one.severity), one.file, one.line))
    return Plan(
        against=proposal.base.said,
        commit=proposal.base.commit,
        folder=proposal.repository.prefix,
        counts=_counts(proposal, products),
        products=tuple(sorted(products, key=lambda one: one.address)),
        models=proposal.models,
        tables=proposal.tables.changes,
        generated=proposal.generated,
        policies=_policies(proposal),
        findings=tuple(dict.fromkeys(found)),
    )


def _changed(proposal: Proposal, places: Places) -> Iterator[ProductPlan]:
    for pair in proposal.pairs:
        product, verdict = pair.product, pair.verdict
        address = pair.address
        yield ProductPlan(
            address=str(address),
            status=pair.status,
            owner=product.owner,
            file=product.source,
            before=pair.old.version if pair.old else "",
            after=pair.new.version if pair.new else "",
            renamed_from=str(pair.old.address) if pair.old and pair.status == "renamed" else "",
            level=str(verdict.level) if verdict and verdict.changes else "",
            required=verdict.required if verdict else "",
            given=verdict.given if verdict else "",
            changes=tuple(_change(change, pair, places) for change in (verdict.changes if verdict else ())),
            affected=tuple(concern.affected for concern in proposal.concerns[address]),
            unmet=proposal.unmet[address],
            models=proposal.rebuilt.get(address, ()),
            downstream=tuple(map(str, proposal.consumers.downstream(address))),
            notes=tuple(_notes(pair)),
        )


def _change(change: Change, pair: Pair, places: Places) -> ContractChange:
    return ContractChange(
        kind=change.kind,
        path=change.path,
        line=places.line(pair.product, change.place),
        column=change.column or "",
        says=change.says,
        before=change.before,
        after=change.after,
        producer=str(change.producer),
        consumer=str(change.consumer),
        reason=change.reason,
        hint=change.hint,
    )


def _notes(pair: Pair) -> Iterator[str]:
    if pair.old and pair.status == "renamed":
        yield f"was {pair.old.address}"
    if pair.old and pair.status == "added":
        yield f"a new major beside {pair.old.address}; the changes are those from there to here"
    if pair.in_place and not pair.promised:
        yield "was a draft, which promises nothing"


def _rebuilt(proposal: Proposal) -> Iterator[ProductPlan]:
    changed = {pair.address for pair in proposal.pairs}
    for address, models in proposal.rebuilt.items():
        if address not in changed:
            product = proposal.now.products[address]
            yield ProductPlan(
                address=str(address),
                status="unchanged",
                owner=product.owner,
                file=product.source,
                before=product.version,
                after=product.version,
                models=models,
                downstream=tuple(map(str, proposal.consumers.downstream(address))),
            )


def _broken(proposal: Proposal) -> Iterator[ProductPlan]:
    """The files that hold no product because they are wrong."""
    known = {product.source for product in proposal.now.products.values()}
    was = {product.source: product for product in proposal.before.products.values()}
    for file in dict.fromkeys(problem.file for problem in proposal.now.problems if problem.file not in known):
        old = was.get(file)
        yield ProductPlan(
            address=findings.address_of(file) or file,
            status="broken",
            owner=old.owner if old else "",
            file=file,
            before=old.version if old else "",
        )


def _counts(proposal: Proposal, products: tuple[ProductPlan, ...]) -> Counts:
    by_status = Counter(one.status for one in products)
    touched = sum(one.status not in ("removed", "broken") for one in products)
    return Counts(
        added=by_status["added"],
        changed=by_status["changed"],
        removed=by_status["removed"],
        renamed=by_status["renamed"],
        broken=by_status["broken"],
        rebuilt=by_status["unchanged"],
        unchanged=len(proposal.now.products) - touched,
    )


def _policies(proposal: Proposal) -> tuple[PolicyVerdict, ...] | None:
    verdicts = proposal.decision.verdicts
    if verdicts is None:
        return None
    return tuple(
        PolicyVerdict(one.code, one.subject, one.outcome, one.message, one.fix, one.waiver) for one in verdicts
    )


def _findings(proposal: Proposal, places: Places) -> Iterator[Finding]:
    now = proposal.now
    yield from findings.of_problems(now.problems, "contract-broken", mesh=now)
    yield from findings.of_problems(proposal.acknowledgements.problems, "acknowledgement-broken", mesh=now)
    yield from findings.of_base(proposal.before, now, proposal.base)
    for pair in proposal.pairs:
        yield from findings.of_version(pair, places)
        for concern in proposal.concerns[pair.address]:
            yield from findings.of_concern(pair, concern, places)
        yield from findings.of_unmet(pair.product, proposal.unmet[pair.address], places)
        yield from findings.of_changes(pair, places)
    yield from findings.of_tables(proposal.tables, now, places)
    yield from findings.of_policies(proposal.decision, proposal.settings.root)
