"""What the options of every type of input port share."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping

from mesh_orchestration.contract.model import Part
from mesh_orchestration.contract.wording import suggestion
from mesh_orchestration.contract.words import COLUMN

LANDED = ("_batch", "_landed_at")
"""Columns that landing adds to every row: which batch it came with, and when."""

Finding = tuple[tuple[str | int, ...], str]


class PortOptions(Part):
    """Base of the options of one type of input port."""

    @property
    @abstractmethod
    def kind(self) -> str:
        """What the rows come as, in one word that Dagster's UI has an icon for."""

    @property
    def declared(self) -> Mapping[str, str]:
        """The columns that the options themselves name, with their types; empty when they leave it to the source."""
        return {}

    def findings(self) -> Iterator[Finding]:
        """What well-formed options contradict, as (path, message)."""
        yield from ()


def column_findings(columns: Mapping[str, str], key: tuple[str, ...]) -> Iterator[Finding]:
    """Keys that are no column, and columns that no table can have; nothing about keys when no column is named."""
    for index, name in enumerate(key):
        if columns and name not in columns:
            yield ("key", index), f"'{name}' is not a column of this input{suggestion(name, columns)}"
        if name in key[:index]:
            yield ("key", index), f"'{name}' is in the key already"
    for name in columns:
        if name in LANDED:
            yield ("columns", name), f"'{name}' is a column that landing adds itself; take it out"
        elif name.startswith("__"):
            yield ("columns", name), f"'{name}' begins with __, as the mesh's own columns do; name it otherwise"
        elif not COLUMN.match(name):
            yield ("columns", name), f"'{name}' is not a column name; use letters, digits and _, at most 63"
