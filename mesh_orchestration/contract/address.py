"""The one address of a data product, ``domain.product.v<major>``, and every spelling of it."""

from __future__ import annotations

import re
from dataclasses import dataclass

DOMAIN = re.compile(r"^[a-z][a-z0-9]*$")
PRODUCT = re.compile(r"^[a-z][a-z0-9_]*$")
_ADDRESS = re.compile(r"^(?P<domain>[a-z][a-z0-9]*)\.(?P<product>[a-z][a-z0-9_-]*)\.v(?P<major>\d{1,9})$")


@dataclass(frozen=True, order=True)
class Address:
    """Where a data product lives; all other names of it are derived here and nowhere else."""

    domain: str
    product: str
    major: int

    @classmethod
    def parse(cls, text: str) -> Address:
        """The address written as ``domain.product.v<major>``; raises ValueError on anything else."""
        match = _ADDRESS.match(text)
        if not match:
            raise ValueError(f"'{text}' is not an address; write domain.product.v<major>, e.g. orders.order_lines.v1")
        return cls(match["domain"], match["product"].replace("-", "_"), int(match["major"]))

    def __str__(self) -> str:
        return f"{self.domain}.{self.product}.v{self.major}"

    @property
    def asset_key(self) -> tuple[str, str, str]:
        """Path of the Dagster asset key."""
        return (self.domain, self.product, f"v{self.major}")

    @property
    def table(self) -> tuple[str, str]:
        """Iceberg identifier: namespace, table."""
        return (self.domain, f"{self.product}_v{self.major}")
