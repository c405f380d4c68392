"""The gate before the mesh grows: do the products there are keep what they promise?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from mesh_orchestration.contract.address import Address
from mesh_orchestration.contract.mesh import Mesh
from mesh_orchestration.settings import Settings
from mesh_orchestration.sla.ledger import Ledger
from mesh_orchestration.sla.promises import promises
from mesh_orchestration.sla.report import LevelReport, SlaReport, report

DAYS, SHARE, MEASURED = 30, 0.99, 0.9


@dataclass(frozen=True)
class Gate:
    """Whether the gate holds, and by what: over all service levels ``compliance`` (kept of the known time) against
    ``share``, and ``measured`` (known of all time) against ``least_measured``; None where nothing is known.
    ``missing`` are products that promise something and were never published. ``reasons`` is empty when it holds."""

    report: SlaReport
    share: float
    least_measured: float
    missing: tuple[Address, ...]
    unread: tuple[str, ...]

    @property
    def compliance(self) -> float | None:
        return self.report.tally.compliance

    @property
    def measured(self) -> float | None:
        return self.report.tally.measured

    @property
    def below(self) -> tuple[LevelReport, ...]:
        """The service levels that keep less than the gate's share, the worst first."""
        found = [one for one in self.report.levels if (one.tally.compliance or 0) < self.share and one.tally.known]
        return tuple(sorted(found, key=lambda one: -one.tally.broken))

    @property
    def unmeasured(self) -> tuple[LevelReport, ...]:
        """The service levels of whose time too little is known, the longest first."""
        found = [one for one in self.report.levels if (one.tally.measured or 0) < self.least_measured]
        return tuple(sorted(found, key=lambda one: -one.tally.unknown))

    @property
    def holds(self) -> bool:
        return not self.reasons

    @property
    def reasons(self) -> tuple[str, ...]:
        """One sentence for each thing that keeps the gate shut."""
        found = []
        if self.compliance is None:
            found.append("nothing is measured yet: no product with an SLA was published")
        elif self.compliance < self.share:
            found.append(
                f"{_percent(self.compliance)} of the known time was kept, the gate asks for {_percent(self.share)}"
            )
        if self.measured is not None and self.measured < self.least_measured:
            least = _percent(self.least_measured)
            found.append(f"only {_percent(self.measured)} of the time was measured, the gate asks for {least}")
        found += [f"{address} promises service levels and was never published" for address in self.missing]
        found += [f"the contracts of {domain} are broken, so nobody knows what it promises" for domain in self.unread]
        return tuple(found)


def expand(settings: Settings, mesh: Mesh, ledger: Ledger) -> Gate:
    """The gate now: the last MESH_GATE_DAYS (30), or the time since the first publication, of every product that is
    neither a draft nor retired."""
    counted = [
        address for address, product in mesh.products.items() if product.metadata.status not in ("draft", "retired")
    ]
    window = timedelta(days=settings.integer("MESH_GATE_DAYS", DAYS))
    return Gate(
        report=report(settings, ledger, counted, window=window, end=settings.now()),
        share=settings.share("MESH_GATE_SHARE", SHARE),
        least_measured=settings.share("MESH_GATE_MEASURED", MEASURED),
        missing=tuple(_never_published(mesh, ledger, counted)),
        unread=tuple(sorted(mesh.broken)),
    )


def _never_published(mesh: Mesh, ledger: Ledger, counted: Sequence[Address]) -> list[Address]:
    known = ledger.standings()
    return [one for one in counted if str(one) not in known and promises(mesh.products[one].spec.sla)]


def _percent(share: float) -> str:
    """The share in percent, never rounded up to what it is not."""
    return f"{int(share * 100_000) / 1000:g} %"
