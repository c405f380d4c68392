"""A mesh of two products, a store, and what is told: signals go in, letters come out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from mesh_orchestration.contract.mesh import load_mesh
from mesh_orchestration.incidents.about import Serving
from mesh_orchestration.incidents.channels import Routes
from mesh_orchestration.incidents.decide import Desk
from mesh_orchestration.incidents.delivery import Delivered, deliver
from mesh_orchestration.incidents.dispatch import Circle, decide
from mesh_orchestration.incidents.model import Incident, Kind, Level
from mesh_orchestration.incidents.signals import Change, Signal, What
from mesh_orchestration.incidents.store import Store
from mesh_orchestration.settings import Settings
from tests.builders import mesh_at, product

ORDERS, REVENUE, MARGIN = "orders.orders.v1", "billing.revenue.v1", "finance.margin.v1"


@dataclass
class Scene:
    """One mesh: ``orders`` is read by ``revenue``, that by ``margin``; time is what ``at`` says."""

    settings: Settings
    store: Store
    at: float = 1_800_000_000.0
    circle: Circle = field(init=False)

    def __post_init__(self) -> None:
        self.circle = Circle(self.settings, load_mesh(self.settings), lambda _: Serving(42, 1_700_000_000.0))

    @property
    def routes(self) -> Routes:
        return self.circle.routes

    def say(self, what: What, *signals: Signal, source: str = "events", later: float = 1.0) -> None:
        """Decide on ``signals``, ``later`` seconds after the last time."""
        self.at += later
        changes = [Change(signal, what, self.at, signal.run_id) for signal in signals]
        decide(self.store, self.circle, lambda desk: desk.take(source, changes), now=self.at)

    def wait(self, seconds: float) -> None:
        """Let time go by and look again."""
        self.at += seconds
        decide(self.store, self.circle, _nothing, now=self.at)

    def deliver(self, *, later: float = 0.0) -> Delivered:
        self.at += later
        return deliver(self.store, self.circle.routes, self.circle.policy, now=self.at)

    def one(self) -> Incident:
        """The only incident there is."""
        (incident,) = self.store.incidents("all")
        return incident

    def told(self, incident: Incident | None = None) -> list[str]:
        """The titles of what the log was or will be told of an incident, oldest first."""
        found = self.store.deliveries((incident or self.one()).id)
        return [one.title for one in found if one.channel == "log"]

    def went(self, incident: Incident | None = None) -> list[str]:
        """What the timeline of an incident says happened."""
        return [moment.what for moment in self.store.timeline((incident or self.one()).id)]


def mesh_of_three(root: Path, **environ: str) -> Settings:
    """Settings of a mesh in which ``margin`` is made of ``revenue`` and that of ``orders``."""
    return mesh_at(
        root,
        product(ORDERS, owner="team-orders@company.io"),
        product(REVENUE, owner="team:billing", inputs=[_reads("orders", ORDERS)]),
        product(MARGIN, owner="team:finance", inputs=[_reads("revenue", REVENUE)]),
        **environ,
    )


def signal(
    subject: str = ORDERS,
    kind: Kind = "contract",
    level: Level = "error",
    *,
    check: str = "",
    run: str = "run1",
    error: str = "",
    failing: Sequence[str] = ("c",),
) -> Signal:
    return Signal(subject, kind, level, 1_800_000_000.0, check, run, tuple(failing), error=error)


def _reads(name: str, address: str) -> dict[str, str]:
    return {"name": name, "type": "data-product", "product": address}


def _nothing(desk: Desk) -> None:
    """Only the sweep."""
