"""Which contract became which: pairs of a product as it was and as it is proposed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from mesh_orchestration.contract.address import Address
from mesh_orchestration.contract.evolution import Verdict, verdict
from mesh_orchestration.contract.mesh import Mesh
from mesh_orchestration.contract.model import DataProduct
from mesh_orchestration.planning.plan import Status


@dataclass(frozen=True)
class Pair:
    """A product before and after; of a new major, ``old`` is the major it follows. ``looks_like`` is a product
    that is gone and that this new one may be under another name."""

    status: Status
    old: DataProduct | None
    new: DataProduct | None
    verdict: Verdict | None = None
    looks_like: DataProduct | None = None

    @property
    def product(self) -> DataProduct:
        """The proposed product, or the one that goes."""
        found = self.new or self.old
        assert found is not None
        return found

    @property
    def address(self) -> Address:
        return self.product.address

    @property
    def in_place(self) -> bool:
        """Whether those who read the old version read the new one from now on."""
        return self.status in ("changed", "renamed")

    @property
    def promised(self) -> bool:
        """Whether the old version had promised anything: a draft has not."""
        return self.old is not None and self.old.metadata.status != "draft"


def pairs(before: Mesh, now: Mesh, *, earlier: Callable[[DataProduct], Sequence[DataProduct]]) -> tuple[Pair, ...]:
    """Every product that is not as it was, by address; spelling and comments do not count.

    ``earlier`` gives the versions before one at ``before``, oldest first, for promises that bind all of them. A
    product whose file is there but wrong is none of these: nobody can tell what it will be.
    """
    written = {problem.file for problem in now.problems}
    gone = {
        address: product
        for address, product in before.products.items()
        if address not in now.products and product.source not in written
    }
    fresh = {address: product for address, product in now.products.items() if address not in before.products}
    renamed = _renamed(gone, fresh)
    lost = [product for address, product in gone.items() if address not in renamed.values()]
    found = [Pair("removed", product, None) for product in lost]
    for address, product in fresh.items():
        if was := renamed.get(address):
            found.append(_judged("renamed", before.products[was], product))
        elif last := _last_major(address, before.products):
            found.append(_judged("added", last, product))
        else:
            found.append(Pair("added", None, product, looks_like=_alike(product, lost)))
    for address, product in now.products.items():
        old = before.products.get(address)
        if old is not None and old is not product and old.fingerprint != product.fingerprint:
            known = earlier(old) if old.spec.schema_.compatibility.endswith("_transitive") else ()
            found.append(_judged("changed", old, product, known))
    return tuple(sorted(found, key=lambda pair: pair.address))


def _judged(status: Status, old: DataProduct, new: DataProduct, earlier: Sequence[DataProduct] = ()) -> Pair:
    return Pair(status, old, new, verdict(old, new, earlier=earlier))


def _renamed(gone: Mapping[Address, DataProduct], fresh: Mapping[Address, DataProduct]) -> Mapping[Address, Address]:
    """The old address of each product that has a new one: its id outlives the rename."""
    by_id = {(product.id, address.major): address for address, product in gone.items()}
    return {
        address: by_id[product.id, address.major]
        for address, product in fresh.items()
        if (product.id, address.major) in by_id
    }


def _last_major(address: Address, known: Mapping[Address, DataProduct]) -> DataProduct | None:
    majors = [one for one in known if one.asset_key[:2] == address.asset_key[:2] and one.major < address.major]
    return known[max(majors)] if majors else None


def _alike(product: DataProduct, lost: Iterable[DataProduct]) -> DataProduct | None:
    """The product that is gone and has the very same columns, when it is the only one."""
    columns = [(field.name, field.type) for field in product.fields]
    found = [one for one in lost if [(field.name, field.type) for field in one.fields] == columns]
    return found[0] if len(found) == 1 else None
