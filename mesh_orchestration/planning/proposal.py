"""A proposal: the working tree against a commit, and everything that can be asked about the difference."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from mesh_orchestration.compile.files import stale
from mesh_orchestration.contract.address import Address
from mesh_orchestration.contract.loader import CONTRACTS
from mesh_orchestration.contract.mesh import Mesh, load_mesh
from mesh_orchestration.governance.bundle import POLICIES
from mesh_orchestration.governance.project import subjects_of
from mesh_orchestration.planning.acknowledgements import Acknowledgements, read_acknowledgements
from mesh_orchestration.planning.before import mesh_before
from mesh_orchestration.planning.compare import Pair, pairs
from mesh_orchestration.planning.consumers import Concern, Consumers
from mesh_orchestration.planning.dbt_models import PROJECTS, model_changes
from mesh_orchestration.planning.git import Base, Repository
from mesh_orchestration.planning.history import earlier
from mesh_orchestration.planning.plan import ModelChange, Unmet
from mesh_orchestration.planning.policies import Decision, decide
from mesh_orchestration.planning.tables import Tables, lake_exists, table_changes
from mesh_orchestration.settings import Settings


@dataclass(frozen=True)
class Proposal:
    """The mesh ``now`` in the working tree and ``before`` at ``base``; ``changed`` are the files that differ.
    What costs time is found when it is asked for."""

    settings: Settings
    repository: Repository
    base: Base
    changed: frozenset[str]
    before: Mesh
    now: Mesh
    acknowledgements: Acknowledgements

    @property
    def today(self) -> date:
        return self.settings.now().date()

    @cached_property
    def pairs(self) -> tuple[Pair, ...]:
        """The products that are not as they were, by address."""
        if self.before is self.now:
            return ()
        return pairs(self.before, self.now, earlier=lambda product: earlier(self.repository, self.base, product))

    @cached_property
    def consumers(self) -> Consumers:
        """Whom it concerns."""
        return Consumers(self.settings, self.now, self.pairs, self.acknowledgements, self.today)

    @cached_property
    def concerns(self) -> Mapping[Address, tuple[Concern, ...]]:
        """For each changed product the consumers that it concerns."""
        return {pair.address: self.consumers.concerns(pair) for pair in self.pairs}

    @cached_property
    def unmet(self) -> Mapping[Address, tuple[Unmet, ...]]:
        """For each changed product what consumers rely on and would not get."""
        data = lake_exists(self.settings) and not self.tables.trouble
        return {pair.address: tuple(self.consumers.unmet(pair, data=data)) for pair in self.pairs}

    @cached_property
    def models(self) -> tuple[ModelChange, ...]:
        """The dbt models that change with the files, and those built from them."""
        return model_changes(self.settings.root, self.changed)

    @cached_property
    def rebuilt(self) -> Mapping[Address, tuple[str, ...]]:
        """The products whose mart is one of ``models``, and the models whose files say so."""
        marts = {(change.domain, change.model): change for change in self.models}
        return {
            address: (change.because or change.model,)
            for address, product in self.now.products.items()
            if (change := marts.get((product.domain, product.model)))
        }

    @cached_property
    def tables(self) -> Tables:
        """What the changed products need of the lake."""
        gone = [pair.old.address for pair in self.pairs if pair.old and pair.status in ("removed", "renamed")]
        proposed = [pair.new for pair in self.pairs if pair.new]
        return table_changes(self.settings, proposed, before=self.before.products, gone=gone)

    @cached_property
    def generated(self) -> tuple[str, ...]:
        """The generated files that are not what the contracts say, relative to the mesh root; nobody can tell, and
        none can be written, while a contract is broken."""
        if self.now.broken or not any(path.startswith((f"{CONTRACTS}/", f"{PROJECTS}/")) for path in self.changed):
            return ()
        return tuple(path.relative_to(self.settings.root).as_posix() for path in stale(self.now, self.settings.root))

    @cached_property
    def decision(self) -> Decision:
        """What the policies say to the products and files that changed; to all, when the policies themselves did."""
        if any(path.startswith(f"{POLICIES}/") for path in self.changed):
            return decide(self.settings, self.now, tuple(self.now.products.values()))
        products = tuple(pair.new for pair in self.pairs if pair.new)
        return decide(self.settings, self.now, products, subjects_of(self.now, self.changed))


def propose(settings: Settings, against: str | None = None) -> Proposal:
    """The working tree compared with ``against`` (see ``Repository.base``). Wrong contracts are no error here;
    raises SettingsError without git or such a commit."""
    repository = Repository.of(settings)
    base = repository.base(against)
    changed = repository.changed(base, (".",))
    now = load_mesh(settings)
    return Proposal(
        settings=settings,
        repository=repository,
        base=base,
        changed=changed,
        before=mesh_before(repository, base, now, changed),
        now=now,
        acknowledgements=read_acknowledgements(settings.root),
    )
