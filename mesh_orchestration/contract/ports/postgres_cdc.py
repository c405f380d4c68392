"""``postgres-cdc``: the rows of a PostgreSQL table, kept up by its change log."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated

from pydantic import Field

from mesh_orchestration.contract.ports.base import Finding, PortOptions, column_findings
from mesh_orchestration.contract.words import TypeWord, Words

_SOURCE = r"^[a-z][a-z0-9_-]{0,54}$"
_TABLE = r"^[^.\s]+(\.[^.\s]+)?$"
_SLOT = r"^[a-z0-9_]{1,63}$"


class PostgresCdcPort(PortOptions):
    """The current rows of a PostgreSQL table: a first consistent copy, then every insert, update and delete.

    ``table`` is ``schema.table``; ``columns`` (name to type) is what to take of it, everything when left out;
    ``key`` is its primary key unless given. ``connection`` names the source, whose URL the settings hold
    (the port's name when left out). ``slot`` and ``publication`` are the server's objects that the port reads.
    """

    table: Annotated[str, Field(pattern=_TABLE)] | None = None
    key: Words = ()
    columns: Annotated[dict[str, TypeWord], Field(default_factory=dict)]
    connection: Annotated[str, Field(pattern=_SOURCE)] | None = None
    slot: Annotated[str, Field(pattern=_SLOT)] | None = None
    publication: Annotated[str, Field(min_length=1, max_length=63)] | None = None

    @property
    def kind(self) -> str:
        return "postgres"

    @property
    def declared(self) -> Mapping[str, str]:
        return self.columns

    def findings(self) -> Iterator[Finding]:
        """Keys that are no column, and columns that no table can have."""
        yield from column_findings(self.columns, self.key)


PORT = PostgresCdcPort
