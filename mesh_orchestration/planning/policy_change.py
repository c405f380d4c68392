"""A proposed change of the policies: the working tree's against a commit's, by what each makes of the mesh."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from mesh_orchestration.contract.address import Address
from mesh_orchestration.contract.loader import CONTRACTS
from mesh_orchestration.contract.mesh import Mesh, load_mesh
from mesh_orchestration.contract.model import DataProduct
from mesh_orchestration.errors import PolicyError, SettingsError
from mesh_orchestration.governance.bundle import POLICIES, Bundle, load_bundle
from mesh_orchestration.governance.documents import Judged, product_documents
from mesh_orchestration.governance.engine import Embedded
from mesh_orchestration.governance.linter import lint_policies
from mesh_orchestration.governance.project import file_documents
from mesh_orchestration.governance.propose import Shift, settled, shifts
from mesh_orchestration.governance.replay import Affected, publications, replayed, replayed_reads
from mesh_orchestration.planning.before import checked_out, mesh_before
from mesh_orchestration.planning.git import Base, Repository
from mesh_orchestration.settings import Settings


@dataclass(frozen=True)
class PolicyChange:
    """What changed in the policies, who is affected, and on how many inputs both bundles were tried."""

    against: str
    before: str
    after: str
    shifts: tuple[Shift, ...]
    affected: tuple[Affected, ...]
    inputs: int

    @property
    def loosens(self) -> bool:
        """Whether anything gets easier for anybody, or may."""
        return any(shift.effect == "loosens" for shift in self.shifts) or any(one.lighter for one in self.affected)


def policy_change(settings: Settings, against: str | None = None) -> PolicyChange:
    """The policies of the working tree compared with those at ``against`` (as ``mesh plan`` takes it).

    Raises SettingsError without git or such a commit, PolicyError when the policies of the working tree are not sound.
    """
    repository = Repository.of(settings)
    base = repository.base(against)
    before, after = _bundle_at(repository, base), load_bundle(settings.root)
    today = settings.now().date()
    with Embedded() as engine:
        if problems := lint_policies(after, engine):
            raise PolicyError("", problems=problems)
        found = shifts(before, after, engine, today=today)
    if not found:
        return PolicyChange(base.said, before.hash, after.hash, (), (), 0)
    meshes = _meshes(settings, repository, base)
    documents = _known_inputs(settings, meshes, (before, after))
    affected = replayed(before, after, documents, today=today)
    tried: Counter[str] = Counter(document.kind for document in documents)
    if any(shift.kind in ("", "read") for shift in found):
        seen, tried["read"] = replayed_reads(before, after, _products(meshes), today=today)
        affected += seen
    done = tuple(_settled(shift, tried, affected) for shift in found)
    return PolicyChange(base.said, before.hash, after.hash, done, affected, sum(tried.values()))


def _settled(shift: Shift, tried: Mapping[str, int], affected: Sequence[Affected]) -> Shift:
    concerned = [one for one in affected if one.lighter and (not shift.kind or shift.about in one.code.split(", "))]
    inputs = tried.get(shift.kind, 0) if shift.kind else sum(tried.values())
    return settled(shift, inputs=inputs, lost=len(concerned))


def _bundle_at(repository: Repository, base: Base) -> Bundle:
    with checked_out(repository.read(repository.files(base, (POLICIES,)))) as root:
        try:
            return load_bundle(root)
        except PolicyError as error:
            raise SettingsError(
                f"the policies at {base.said} cannot be read, so nothing compares with them: {error}"
            ) from None


def _meshes(settings: Settings, repository: Repository, base: Base) -> tuple[Mesh, ...]:
    """The mesh of the working tree, and that of the commit where it was another."""
    now = load_mesh(settings)
    before = mesh_before(repository, base, now, repository.changed(base, (CONTRACTS,)))
    return (now,) if before is now else (now, before)


def _products(meshes: Sequence[Mesh]) -> tuple[DataProduct, ...]:
    found: dict[Address, DataProduct] = {}
    for mesh in reversed(meshes):
        found |= mesh.products
    return tuple(found.values())


def _known_inputs(settings: Settings, meshes: Sequence[Mesh], bundles: tuple[Bundle, Bundle]) -> tuple[Judged, ...]:
    today = settings.now().date()
    contracts = [
        document if mesh is meshes[0] else replace(document, subject=f"{document.subject} as it was")
        for mesh in meshes
        for document in product_documents(mesh, tuple(mesh.products.values()), today=today)
        if mesh is meshes[0] or mesh.products[Address.parse(document.subject)] not in meshes[0].products.values()
    ]
    return (*contracts, *publications(contracts, *bundles), *file_documents(settings, meshes[0]))
