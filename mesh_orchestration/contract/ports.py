"""What each type of input port may say in a contract; the reading itself is in ``inputs/``.

The word in the YAML is the name of the file in ``inputs/`` (``data-product`` is ``data_product.py``).
A new type adds its options here and its reading there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from mesh_orchestration.contract.address import Address
from mesh_orchestration.contract.model import InputPort, Part, QualityCheck
from mesh_orchestration.contract.wording import found, suggestion
from mesh_orchestration.contract.words import Duration, Flag, TypeWord, Words

_COLUMN = re.compile(r"^[A-Za-z_][A-Za-z0-9_]{0,62}$")
LANDED = ("_batch", "_landed_at")
"""Columns that landing adds to every row: which batch it came with, and when."""


class PortOptions(Part):
    """Base of the options of one type of input port."""

    def findings(self) -> Iterator[tuple[tuple[str | int, ...], str]]:
        """What well-formed options contradict, as (path, message)."""
        yield from ()


class BatchPort(PortOptions):
    """Files that a source drops into a folder; each file is taken once.

    ``path`` is a glob, relative to the landing folder or absolute; ``columns`` (name to type) is what
    every file must have; ``key`` says what makes a row the same row when it comes again.
    """

    path: Annotated[str, Field(min_length=1)]
    format: Literal["parquet", "csv", "json"] = "parquet"
    key: Words = ()
    columns: Annotated[dict[str, TypeWord], Field(min_length=1)]

    def findings(self) -> Iterator[tuple[tuple[str | int, ...], str]]:
        """Keys that are no column, and columns that no table can have."""
        for index, name in enumerate(self.key):
            if name not in self.columns:
                yield ("key", index), f"'{name}' is not a column of this input{suggestion(name, self.columns)}"
        for name in self.columns:
            if name in LANDED:
                yield ("columns", name), f"'{name}' is a column that landing adds itself; take it out"
            elif not _COLUMN.match(name):
                yield ("columns", name), f"'{name}' is not a column name; use letters, digits and _, at most 63"


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


PORTS: dict[str, type[PortOptions]] = {"batch": BatchPort, "data-product": DataProductPort}
"""The options of each type of input port, by the word in the contract."""


def batch(port: InputPort) -> BatchPort:
    """The options of a ``batch`` port; raises pydantic's ValidationError on a port that was not checked."""
    return BatchPort.model_validate(port.options)


def upstream(port: InputPort) -> Address | None:
    """The address that a ``data-product`` port reads; None for every other type."""
    return DataProductPort.model_validate(port.options).product if port.type == "data-product" else None
