"""Which lateness follows from what, also where the lateness was seen before its cause."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from mesh_orchestration.contract.mesh import Mesh
from mesh_orchestration.contract.model import DataProduct
from mesh_orchestration.incidents.about import sources_of
from mesh_orchestration.incidents.model import Incident
from mesh_orchestration.incidents.signals import Signal

FOLLOWS = {
    "freshness": {""},
    "sla": {"freshness", "event_freshness", "completeness"},
    "anomaly": {"freshness", "volume"},
}
_SYMPTOMS = ("freshness", "sla")
_CAUSES = ("contract", "run", "drift", "platform")


@dataclass(frozen=True)
class Symptoms:
    """Finds them in one mesh; ``products`` is ``by_name`` of it."""

    mesh: Mesh
    products: Mapping[str, DataProduct]
    _reaches: dict[str, frozenset[str]] = field(default_factory=dict)

    def of(
        self, cause: Incident, began: float, incidents: Iterable[Incident], *, signals: Mapping[str, Sequence[Signal]]
    ) -> Iterator[Incident]:
        """Those of the ``incidents`` that are only lateness and follow from ``cause``, which ``began`` then (seconds
        since 1970); ``signals`` are what each incident is open for, by its id."""
        if cause.kind not in _CAUSES or cause.level != "error":
            return
        for one in incidents:
            open_for = signals.get(one.id, ())
            if one.id == cause.id or one.ended_at is not None or one.kind not in _SYMPTOMS or not open_for:
                continue
            if cause.kind == "platform" and one.opened_at < began:
                continue  # what was late while the platform still worked has another cause
            if all(self._follows(signal, cause) for signal in open_for):
                yield one

    def _follows(self, signal: Signal, cause: Incident) -> bool:
        if signal.check not in FOLLOWS.get(signal.kind, ()):
            return False
        if cause.kind == "platform":
            return cause.check == "daemon" or cause.domain == signal.subject.split(".", 1)[0]
        return cause.subject in self._reach(signal.subject)

    def _reach(self, subject: str) -> frozenset[str]:
        """What can make ``subject`` late: itself, what it is made of, and the domains of all these."""
        if subject not in self._reaches:
            names = {subject, *sources_of(self.mesh, self.products, subject)}
            self._reaches[subject] = frozenset(names | {name.split(".", 1)[0] for name in names})
        return self._reaches[subject]
