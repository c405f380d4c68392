"""``batch``: files that a source drops into a folder."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Literal

from pydantic import Field

from mesh_orchestration.contract.ports.base import Finding, PortOptions, column_findings
from mesh_orchestration.contract.wording import suggestion
from mesh_orchestration.contract.words import TypeWord, Words


class BatchPort(PortOptions):
    """Files that a source drops into a folder; each file is taken once.

    ``path`` is a glob, relative to the landing folder or absolute; ``columns`` (name to type) is what
    every file must have; ``key`` says what makes a row the same row when it comes again; ``names`` are
    the names that columns have in the files where those are others (``{order_id: Order ID}``).
    """

    path: Annotated[str, Field(min_length=1)]
    format: Literal["parquet", "csv", "json"] = "parquet"
    key: Words = ()
    columns: Annotated[dict[str, TypeWord], Field(min_length=1)]
    names: Annotated[dict[str, Annotated[str, Field(min_length=1)]], Field(default_factory=dict)]

    @property
    def kind(self) -> str:
        return self.format

    @property
    def declared(self) -> Mapping[str, str]:
        return self.columns

    def findings(self) -> Iterator[Finding]:
        """Keys that are no column, columns that no table can have, and names of columns that are not there."""
        yield from column_findings(self.columns, self.key)
        taken = {name: column for column, name in reversed(self.names.items())}
        for column, name in self.names.items():
            if column not in self.columns:
                hint = suggestion(column, self.columns)
                yield ("names", column), f"'{column}' is not a column of this input{hint}"
            elif taken[name] != column:
                yield ("names", column), f"'{name}' is the name of {taken[name]} already"


PORT = BatchPort
