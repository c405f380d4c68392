"""Whom a proposal concerns, whether they agreed, and whether they still get what they rely on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property

from mesh_orchestration.contract.address import Address
from mesh_orchestration.contract.evolution import Change, Level
from mesh_orchestration.contract.mesh import Mesh
from mesh_orchestration.contract.model import DataProduct
from mesh_orchestration.errors import StorageError
from mesh_orchestration.impact.expected import ConsumerContract, expected_of, filed_by, unmet
from mesh_orchestration.impact.expected_data import unmet_data
from mesh_orchestration.impact.hits import Hit, hits
from mesh_orchestration.impact.readers import Readers, Use, declared_uses, readers
from mesh_orchestration.planning.acknowledgements import REMOVED, Acknowledgements, Asked, Filed, acknowledgement_path
from mesh_orchestration.planning.compare import Pair
from mesh_orchestration.planning.dbt_models import built_from
from mesh_orchestration.planning.plan import Affected, Unmet
from mesh_orchestration.settings import Settings


@dataclass(frozen=True)
class Concern:
    """One consumer that a proposal concerns: what it must agree to (``asked``), who may (``domains``), in which
    file it did (``agreed``), and why those that are there do not count (``void``, by file)."""

    affected: Affected
    asked: tuple[Asked, ...] = ()
    changes: tuple[Change, ...] = ()
    domains: tuple[str, ...] = ()
    agreed: str = ""
    void: tuple[tuple[str, str], ...] = ()

    @property
    def missing(self) -> bool:
        """Whether it would have to agree and has not."""
        return bool(self.asked) and not self.agreed

    def file_of(self, address: Address) -> str:
        """Where it may agree to changes of ``address``."""
        return acknowledgement_path(self.domains[0], address)


@dataclass(frozen=True)
class Consumers:
    """The consumers of the proposal ``now``, in which ``pairs`` changed."""

    settings: Settings
    now: Mesh
    pairs: Sequence[Pair]
    acknowledgements: Acknowledgements
    today: date
    _marts: dict[str, Mapping[Address, tuple[Address, ...]]] = field(default_factory=dict, repr=False, compare=False)

    def concerns(self, pair: Pair) -> tuple[Concern, ...]:
        """Everybody whom the changes of ``pair`` concern."""
        if pair.old is None or not pair.promised:
            return ()
        if pair.status == "removed":
            uses = (*self._readers.of(pair.address), *declared_uses(pair.old))
            return tuple(self._bereft(use, pair) for use in uses)
        if not pair.in_place or pair.verdict is None:
            return ()
        found = hits(pair.address, pair.verdict.changes, self._readers)
        if pair.status == "renamed":
            # Who reads the new address already moved there; who still reads the old one did not.
            found = tuple(hit for hit in found if hit.kind == "declared")
            found += hits(pair.old.address, pair.verdict.changes, self._readers)
        return tuple(self._asked(hit, pair) for hit in found)

    def unmet(self, pair: Pair, *, data: bool) -> Iterator[Unmet]:
        """What consumers rely on and would not get, as far as this change is to blame: the producer's contract, or
        the consumer's own new expectation. With ``data``, what is published is asked too."""
        if pair.new is None:
            return
        before = pair.old if pair.in_place else None
        for contract in expected_of(self.now, pair.address):
            yield from self._unmet(contract, pair.new, before, data=data)
        changed = {one.address for one in self.pairs}
        for contract in filed_by(pair.new):
            upstream = self.now.products.get(contract.address)
            if upstream and contract.address not in changed:
                yield from self._unmet(contract, upstream, None, data=data)

    def _unmet(
        self, contract: ConsumerContract, product: DataProduct, before: DataProduct | None, *, data: bool
    ) -> Iterator[Unmet]:
        consumer, owner = str(contract.consumer), contract.owner
        said = unmet(contract, product, before=before)
        yield from (Unmet(consumer, owner, message) for message in said)
        if data and not said:
            yield from (Unmet(consumer, owner, message, "data") for message in self._unmet_data(contract))

    def _unmet_data(self, contract: ConsumerContract) -> tuple[str, ...]:
        # How old the last publication is says nothing about this change.
        timeless = replace(contract, expects=contract.expects.model_copy(update={"freshness": None}))
        try:
            found = unmet_data(self.settings, self.now, timeless) or ()
        except StorageError as error:
            return (f"the published rows cannot be asked: {error}",)
        return tuple(one.message for one in found if one.severity == "error")

    def downstream(self, address: Address) -> tuple[Address, ...]:
        """Every product built from ``address``, at whatever distance: through ports, and from mart to mart within
        a domain."""
        found: dict[Address, None] = {}
        waiting = [address]
        while waiting:
            source = waiting.pop()
            for consumer in (*self.now.consumers(source), *self._siblings(source)):
                if consumer not in found and consumer != address:
                    found[consumer] = None
                    waiting.append(consumer)
        return tuple(sorted(found))

    def _siblings(self, address: Address) -> tuple[Address, ...]:
        """The products of the same domain whose marts are built from this one's."""
        product = self.now.products.get(address)
        if product is None:
            return ()
        if address.domain not in self._marts:
            marts = {one.model: known for known, one in self.now.products.items() if known.domain == address.domain}
            after = built_from(self.settings.root, address.domain, marts)
            self._marts[address.domain] = {
                marts[model]: tuple(marts[other] for other in others) for model, others in after.items()
            }
        return self._marts[address.domain].get(address, ())

    @cached_property
    def _readers(self) -> Readers:
        """The readers of the proposal. Consumers that the same change stops declaring count as if it did not: who
        takes the declaration out together with the column has asked nobody."""
        products = dict(self.now.products)
        for pair in self.pairs:
            if pair.new and pair.old and pair.in_place:
                products[pair.address] = _still_declaring(pair.new, pair.old)
        return readers(replace(self.now, products=products), self.settings.root, self.settings.home)

    def _asked(self, hit: Hit, pair: Pair) -> Concern:
        changes = tuple(change for change in hit.changes if change.consumer >= Level.NOTICE)
        asked = tuple(dict.fromkeys((change.kind, change.column or "") for change in changes))
        affected = Affected(
            consumer=hit.consumer,
            kind=hit.kind,
            domain=hit.domain,
            owner=hit.owner,
            columns=hit.columns,
            changes=tuple(dict.fromkeys(change.kind for change in hit.changes)),
        )
        return self._answered(affected, asked, pair, changes)

    def _bereft(self, use: Use, pair: Pair) -> Concern:
        """The concern of a consumer whose product goes."""
        columns = tuple(sorted(use.columns or ()))
        affected = Affected(use.consumer, use.kind, use.domain, use.owner, columns, (REMOVED,))
        moved = use.kind == "declared" and self._declared_elsewhere(use.consumer, pair.address)
        return self._answered(affected, () if moved else ((REMOVED, ""),), pair, ())

    def _declared_elsewhere(self, consumer: str, address: Address) -> bool:
        """Whether another major of the product declares the same consumer: it moved there."""
        majors = (one for known, one in self.now.products.items() if known.asset_key[:2] == address.asset_key[:2])
        return any(consumer == declared.name for product in majors for declared in product.spec.consumers)

    def _answered(
        self, affected: Affected, asked: tuple[Asked, ...], pair: Pair, changes: tuple[Change, ...]
    ) -> Concern:
        domains = self._domains_of(affected)
        if not asked or _same_team(affected, pair.product):
            return Concern(affected, (), changes, domains)
        read = pair.old.address if pair.old else pair.address
        proposal = (pair.new.version, pair.new.fingerprint) if pair.new else ("", "")
        void: list[tuple[str, str]] = []
        for filed in self._filed(affected, domains, read):
            why = next((why for one in asked if (why := filed.objection(one, proposal, today=self.today))), "")
            if not why:
                affected = replace(affected, needed=_kinds(asked), acknowledged=filed.file)
                return Concern(affected, asked, changes, domains, agreed=filed.file)
            void.append((filed.file, why))
        affected = replace(affected, needed=_kinds(asked))
        return Concern(affected, asked, changes, domains or (pair.address.domain,), void=tuple(void))

    def _domains_of(self, affected: Affected) -> tuple[str, ...]:
        """The domains that speak for a consumer: its own, or all of its owner."""
        if affected.domain:
            return (affected.domain,)
        return tuple(
            sorted({address.domain for address, one in self.now.products.items() if one.owner == affected.owner})
        )

    def _filed(self, affected: Affected, domains: Sequence[str], read: Address) -> Iterator[Filed]:
        for (domain, product), filed in self.acknowledgements.filed.items():
            speaks = domain in domains or (not affected.domain and filed.said.by == affected.owner)
            if product == read and speaks:
                yield filed


def _same_team(affected: Affected, producer: DataProduct) -> bool:
    """Whether producer and consumer are one domain's affair, which needs no letter to itself."""
    return affected.domain == producer.domain or (not affected.domain and affected.owner == producer.owner)


def _kinds(asked: Iterable[Asked]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(kind for kind, _ in asked))


def _still_declaring(new: DataProduct, old: DataProduct) -> DataProduct:
    known = {consumer.name for consumer in new.spec.consumers}
    lost = tuple(consumer for consumer in old.spec.consumers if consumer.name not in known)
    spec = new.spec.model_copy(update={"consumers": (*new.spec.consumers, *lost)})
    return new.model_copy(update={"spec": spec}) if lost else new
