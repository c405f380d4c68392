"""A plan: what a change of the files would do to the whole mesh, as plain data that every renderer reads.

Addresses, versions and levels are text here, so that the JSON of a plan is the plan itself. Its form is
``FORMAT``; what that promises is in ``plan.schema.json``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

FORMAT = "mesh-plan/1"
Severity = Literal["error", "warning", "note"]
Status = Literal["added", "changed", "removed", "renamed", "broken", "unchanged"]
Reference = Literal["lake", "contract"]
"""What a table was compared with: what the lake holds, or, without a lake, the contract as it was."""
Action = Literal["create-namespace", "create-table", "evolve-table", "stale-table"]


@dataclass(frozen=True)
class Finding:
    """One thing to know, with the place to mend it; ``error`` refuses the plan.

    ``rule`` is a stable word of ``rules.RULES``; ``file`` is relative to the mesh root, ``line`` counts from 1.
    """

    rule: str
    severity: Severity
    address: str
    file: str
    line: int
    path: str
    message: str
    fix: str = ""

    def __str__(self) -> str:
        path = f" {self.path}:" if self.path else ""
        return f"{self.file}:{self.line}{path} {self.message}{f'; {self.fix}' if self.fix else ''}"


@dataclass(frozen=True)
class ContractChange:
    """One difference of two versions of a contract; levels are documentation, compatible, notice or breaking."""

    kind: str
    path: str
    line: int
    column: str
    says: str
    before: Any
    after: Any
    producer: str
    consumer: str
    reason: str
    hint: str = ""


@dataclass(frozen=True)
class Affected:
    """A consumer that reads what changes: ``columns`` are the changed ones it reads, ``changes`` their kinds.

    ``needed`` are the kinds it must agree to, ``acknowledged`` the file in which it does.
    """

    consumer: str
    kind: str
    domain: str
    owner: str
    columns: tuple[str, ...]
    changes: tuple[str, ...]
    needed: tuple[str, ...] = ()
    acknowledged: str = ""


@dataclass(frozen=True)
class Unmet:
    """What a consumer relies on and would not get: from the proposed contract, or from the published data."""

    consumer: str
    owner: str
    message: str
    of: Literal["contract", "data"] = "contract"


@dataclass(frozen=True)
class ColumnChange:
    """One column of a table: added, widened, described, moved, removed or retyped."""

    kind: str
    column: str
    before: str = ""
    after: str = ""


@dataclass(frozen=True)
class TableChange:
    """What the lake needs; ``stale-table`` is the table of a product that is gone, which stays until it is named."""

    action: Action
    table: str
    address: str
    columns: tuple[ColumnChange, ...] = ()
    compared_with: Reference = "lake"


@dataclass(frozen=True)
class ModelChange:
    """A dbt model whose files changed (``because`` of them), or that is built from one that did."""

    domain: str
    model: str
    files: tuple[str, ...] = ()
    because: str = ""


@dataclass(frozen=True)
class PolicyVerdict:
    """What one policy says to one product, to the files of a domain or the platform, or to a deployment: ``outcome`` is
    deny, warn, dry-run or waived (in the file ``waiver``)."""

    policy: str
    address: str
    outcome: str
    message: str
    fix: str = ""
    waiver: str = ""


@dataclass(frozen=True)
class ProductPlan:
    """What happens to one product. ``level`` is the gravest of its changes, ``required`` and ``given`` the
    parts of the version that must and do rise; ``downstream`` are the products that are built again after it."""

    address: str
    status: Status
    owner: str
    file: str
    before: str = ""
    after: str = ""
    renamed_from: str = ""
    level: str = ""
    required: str = ""
    given: str = ""
    changes: tuple[ContractChange, ...] = ()
    affected: tuple[Affected, ...] = ()
    unmet: tuple[Unmet, ...] = ()
    models: tuple[str, ...] = ()
    downstream: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Counts:
    """How many products stand in the plan, by status; ``unchanged`` are all others of the mesh."""

    added: int = 0
    changed: int = 0
    removed: int = 0
    renamed: int = 0
    broken: int = 0
    rebuilt: int = 0
    unchanged: int = 0


@dataclass(frozen=True)
class Plan:
    """The whole plan; ``against`` names the commit it compares with, ``commit`` is its id; ``folder`` is the mesh
    root within its repository, empty or with a ``/`` at its end. ``policies`` is None where there are none."""

    against: str
    commit: str
    counts: Counts
    folder: str = ""
    products: tuple[ProductPlan, ...] = ()
    models: tuple[ModelChange, ...] = ()
    tables: tuple[TableChange, ...] = ()
    generated: tuple[str, ...] = ()
    policies: tuple[PolicyVerdict, ...] | None = None
    findings: tuple[Finding, ...] = ()
    format: str = field(default=FORMAT)

    @property
    def refused(self) -> bool:
        """Whether anything in it must be mended first."""
        return any(finding.severity == "error" for finding in self.findings)

    @property
    def errors(self) -> tuple[Finding, ...]:
        return tuple(finding for finding in self.findings if finding.severity == "error")

    @property
    def empty(self) -> bool:
        """Whether there is nothing to do and nothing to say."""
        return not (self.products or self.models or self.tables or self.generated or self.findings)

    def of(self, address: str) -> Iterator[Finding]:
        """The findings about one product."""
        return (finding for finding in self.findings if finding.address == address)
