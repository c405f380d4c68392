"""A product that is still consumed cannot be removed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from mesh_orchestration.contract.address import Address
from mesh_orchestration.contract.mesh import Mesh
from mesh_orchestration.contract.model import DataProduct
from mesh_orchestration.impact.readers import Readers, Use, declared_uses


@dataclass(frozen=True)
class Removal:
    """A product that is gone from the files although ``uses`` still read it."""

    address: Address
    file: str
    uses: tuple[Use, ...]

    @property
    def message(self) -> str:
        """What to do about it, in one sentence."""
        names = ", ".join(f"{use.consumer} ({use.owner})" if use.owner else use.consumer for use in self.uses)
        fix = "bring its contract back with 'status: deprecated' and a sunset until they have moved"
        return f"{self.address} is removed but still read by {names}; {fix}"


def removal_problems(before: Mesh, after: Mesh, readers: Readers) -> tuple[Removal, ...]:
    """The products of ``before`` that are gone from ``after`` and still read there; ``readers`` are those of ``after``.

    Who was declared as a consumer in the contract that is gone counts too. A contract that is only broken
    has not gone.
    """
    gone = (product for address, product in before.products.items() if address not in after.products)
    return tuple(found for product in gone for found in _removal(product, readers))


def _removal(product: DataProduct, readers: Readers) -> Iterator[Removal]:
    if product.source and (readers.root / product.source).exists():
        return
    uses = (*readers.of(product.address), *declared_uses(product))
    if uses:
        yield Removal(product.address, product.source, uses)
