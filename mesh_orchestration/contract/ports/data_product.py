"""``data-product``: the published snapshot of another data product."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from mesh_orchestration.contract.address import Address
from mesh_orchestration.contract.check_rules import word_findings
from mesh_orchestration.contract.model import Part, QualityCheck
from mesh_orchestration.contract.ports.base import Finding, PortOptions
from mesh_orchestration.contract.wording import found
from mesh_orchestration.contract.words import Duration, Flag, TypeWord


def _address(value: Any) -> Address:
    if isinstance(value, Address):
        return value
    if not isinstance(value, str):
        raise ValueError(f"found {found(value)}, expected an address such as orders.order_lines.v1")
    return Address.parse(value)


class ExpectedField(Part):
    """A column that a consumer relies on; what is left out may change."""

    name: Annotated[str, Field(min_length=1)]
    type: TypeWord | None = None
    null: Flag | None = None


class Expects(Part):
    """What a consumer relies on in a product it reads: the producer's changes are held against it."""

    fields: tuple[ExpectedField, ...] = ()
    checks: tuple[QualityCheck, ...] = ()
    freshness: Duration | None = None


class DataProductPort(PortOptions):
    """The published snapshot of another data product, named by its address, and what is expected of it."""

    product: Annotated[Address, BeforeValidator(_address, json_schema_input_type=str)]
    expects: Expects | None = None

    @property
    def kind(self) -> str:
        return "iceberg"

    def findings(self) -> Iterator[Finding]:
        """Unknown expectations and arguments; whether the product has the columns is not this contract's fault."""
        for place, check in enumerate(self.expects.checks if self.expects else ()):
            for path, message in word_findings(check):
                yield ("expects", "checks", place, *path), message


PORT = DataProductPort
