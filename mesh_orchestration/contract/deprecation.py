"""What it means that a product is deprecated: until when it lasts and where its consumers go."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from mesh_orchestration.contract.address import Address
from mesh_orchestration.contract.model import DataProduct


@dataclass(frozen=True)
class Deprecation:
    """A product that is going (``status: deprecated``) or gone (``status: retired``).

    ``sunset`` is the last day on which consumers may rely on it; ``successor`` the next major that lasts.
    """

    address: Address
    retired: bool
    sunset: date | None
    successor: Address | None

    def over(self, today: date) -> bool:
        """Whether consumers may not rely on the product any more."""
        return self.retired or (self.sunset is not None and today > self.sunset)

    def says(self, today: date) -> str:
        """Until when the product lasts, or since when it does not, and where to go, as one sentence."""
        return f"{self.address} {self._since(today)}{self._move}"

    @property
    def note(self) -> str:
        """The same without a day to count from, for what is written down once."""
        until = f", ends on {self.sunset}" if self.sunset else ""
        return f"{'retired' if self.retired else 'deprecated'}{until}{self._move}"

    def _since(self, today: date) -> str:
        if self.retired:
            return "is retired"
        if self.sunset is None:
            return "is deprecated"
        days = (self.sunset - today).days
        if days < 0:
            return f"ended on {self.sunset}, {_days(-days)} ago"
        return f"is deprecated and ends on {self.sunset}, {'today' if days == 0 else f'in {_days(days)}'}"

    @property
    def _move(self) -> str:
        return f"; move to {self.successor}" if self.successor else ""


def deprecation_of(product: DataProduct, products: Mapping[Address, DataProduct]) -> Deprecation | None:
    """The deprecation of ``product``, None for one that lasts; ``products`` are all that there are."""
    metadata = product.metadata
    if metadata.status not in {"deprecated", "retired"}:
        return None
    newer = [
        address
        for address, other in products.items()
        if address.asset_key[:2] == product.address.asset_key[:2]
        and address.major > product.address.major
        and other.metadata.status in {"active", "draft"}
    ]
    return Deprecation(product.address, metadata.status == "retired", metadata.sunset, min(newer, default=None))


def endings(
    product: DataProduct, sources: Iterable[Address], products: Mapping[Address, DataProduct]
) -> tuple[Deprecation, ...]:
    """The deprecation of ``product`` itself, then of each of the ``sources`` that it reads."""
    known = (product, *(products[source] for source in sources if source in products))
    found = (deprecation_of(one, products) for one in known)
    return tuple(one for one in found if one is not None)


def _days(count: int) -> str:
    return f"{count} day{'' if count == 1 else 's'}"
