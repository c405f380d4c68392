"""The policies at publication: the contract again, and what was actually written, by the bundle of this moment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mesh_orchestration.contract.mesh import load_mesh
from mesh_orchestration.contract.model import DataProduct
from mesh_orchestration.errors import PolicyError
from mesh_orchestration.expectations.check import CheckResult
from mesh_orchestration.governance.bundle import policy_files
from mesh_orchestration.governance.check import POLICY_CHECK
from mesh_orchestration.governance.decide import Verdict
from mesh_orchestration.governance.decision_log import Decision, DecisionLog
from mesh_orchestration.governance.documents import Judged, product_documents
from mesh_orchestration.governance.guardrails import Guardrails
from mesh_orchestration.publication.evidence import value_patterns
from mesh_orchestration.settings import Settings


@dataclass(frozen=True)
class Ruling:
    """What the policies say of one publication: the hash of the ``bundle`` that decided, its verdicts, and the
    outcome as a check's. ``failure`` says why nothing could be decided, which denies."""

    bundle: str
    verdicts: tuple[Verdict, ...] = ()
    rules: int = 0
    failure: str = ""

    @property
    def denials(self) -> tuple[Verdict, ...]:
        return tuple(verdict for verdict in self.verdicts if verdict.denies)

    @property
    def reasons(self) -> tuple[str, ...]:
        """One sentence a denial."""
        if self.failure:
            return (f"the policies could not be evaluated, which denies: {self.failure}",)
        return tuple(f"policy {verdict} ({verdict.fix})" for verdict in self.denials)

    @property
    def result(self) -> CheckResult:
        found = [{"code": one.code, "outcome": one.outcome, "message": one.message} for one in self.verdicts]
        return CheckResult(
            check=POLICY_CHECK,
            success=not self.reasons,
            observed_value=None,
            element_count=self.rules,
            unexpected_count=len(self.denials),
            details={"bundle": self.bundle, "verdicts": found},
            how="policy",
            exception=self.failure or None,
        )

    def decision(self, product: DataProduct, *, who: str, snapshot: int | None) -> Decision:
        """The ruling as the log of decisions keeps it."""
        return Decision(
            point="publish",
            verdict="deny" if self.reasons else "allow",
            subject=str(product.address),
            who=who,
            role="publisher",
            rules=tuple(dict.fromkeys(verdict.code for verdict in self.denials)),
            bundle=self.bundle,
            snapshot=snapshot,
            reason="; ".join(self.reasons),
        )


def judge(settings: Settings, product: DataProduct, paths: Sequence[Path]) -> Ruling | None:
    """What the policies say of rows about to be published from Parquet ``paths``; None for a mesh without policies."""
    if not policy_files(settings.root):
        return None
    try:
        with Guardrails(settings) as guardrails:
            (contract,) = product_documents(load_mesh(settings), (product,), today=guardrails.today)
            patterns = guardrails.bundle.data["config"].get("personal", {}).get("values", {})
            evidence = {"patterns": value_patterns(product, paths, patterns)}
            written = {**contract.value, "evidence": evidence}
            publication = Judged("publication", contract.subject, contract.domain, contract.file, written)
            verdicts = guardrails.judge((contract, publication))
            return Ruling(guardrails.bundle.hash, verdicts, len(guardrails.bundle.rules))
    except PolicyError as error:
        return Ruling("", failure=str(error))


def remember(settings: Settings, decision: Decision) -> str:
    """Write the decision to the log; the hash of its record, which the snapshot keeps."""
    record = DecisionLog(settings).append(decision)
    return record.hash if record else ""
