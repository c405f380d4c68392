"""Taking people out of an engine: their landed rows with what the ledger says of them, and the rows of every table.

A value is compared as text, as ``cast(… as varchar)`` spells it, which is the same in both engines.
"""

from __future__ import annotations

import hashlib
import re
from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass

from mesh_orchestration.engines.base import LEDGER, LedgerEntry
from mesh_orchestration.engines.landing import landing_table
from mesh_orchestration.engines.stream import StreamEngine, refused_table
from mesh_orchestration.quoting import ident, literal

Holding = Mapping[str, str]
"""Columns, and the text of the value that names the person in each."""


@dataclass(frozen=True)
class Rewritten:
    """A landed file that was written anew without the person: its fingerprint before and after, and its stamp."""

    before: str
    after: str
    stamp: str


class ForgettingEngine(StreamEngine):
    """An engine that can be made to forget a person."""

    @property
    @abstractmethod
    def exists(self) -> bool:
        """Whether there is anything to open yet; opening makes what is missing."""

    @abstractmethod
    def compact(self) -> None:
        """Give back the space of deleted rows, so that no file holds them any more. The engine must be open."""

    def tables(self) -> Mapping[str, Mapping[str, str]]:
        """The tables (no views) of the domain with their columns and types."""
        rows = self._run(
            "select table_name::varchar from information_schema.tables "
            "where table_schema = $1 and table_type = 'BASE TABLE' order by 1",
            (self.domain,),
        )
        return {str(name): self._columns(str(name)) for (name,) in rows}

    def held(self, table: str, holding: Holding) -> int:
        """How many rows of ``table`` are of the person."""
        return int(self._run(f"select count(*) from {self.relation(table)} where {_where(holding)}")[0][0])

    def forget(self, table: str, holding: Holding) -> int:
        """Delete the person's rows of ``table``; returns how many there were."""
        with self._transaction(f"forget rows of {table}"):
            found = self.held(table, holding)
            if found:
                self._run(f"delete from {self.relation(table)} where {_where(holding)}")
        return found

    def forget_landed(self, port: str, holding: Holding, *, files: Mapping[str, Rewritten], token: str) -> int:
        """Delete the person's landed rows of ``port`` and correct the ledger in the same transaction.

        A batch whose file was written anew (``files``, by batch) is known under the file's new fingerprint, so
        that it is not landed again; one that only loses rows gets another, so that who follows the ledger reads
        it again. ``token`` names the erasure.
        """
        table = landing_table(port)
        with self._transaction(f"forget rows of {table}"):
            self._lock(port)
            counted: dict[str, int] = {}
            if self._is_table(table):
                sql = f"select _batch, count(*) from {self.relation(table)} where {_where(holding)} group by 1"
                counted = {str(batch): int(rows) for batch, rows in self._run(sql)}
                self._run(f"delete from {self.relation(table)} where {_where(holding)}")
            for entry in self.ledger(port):
                self._correct(entry, counted.get(entry.batch, 0), files.get(entry.batch), token)
        return sum(counted.values())

    def _correct(self, entry: LedgerEntry, gone: int, file: Rewritten | None, token: str) -> None:
        fingerprint, stamp = entry.fingerprint, entry.stamp
        if file and fingerprint == file.before:
            fingerprint, stamp = file.after, file.stamp
        elif gone:
            fingerprint = f"sha256:{hashlib.sha256(f'{entry.fingerprint} {token}'.encode()).hexdigest()}"
        if (fingerprint, stamp, 0) != (entry.fingerprint, entry.stamp, gone):
            self._run(
                f"update {self.relation(LEDGER)} set rows = $1, fingerprint = $2, stamp = $3 "
                "where port = $4 and batch = $5",
                (entry.rows - gone, fingerprint, stamp, entry.port, entry.batch),
            )

    def refused_with(self, port: str, text: str) -> tuple[str, ...]:
        """The origins of the messages put aside for ``port`` that hold ``text`` as a word of its own."""
        table = refused_table(port)
        if not self._is_table(table):
            return ()
        word = re.compile(rb"(?<![0-9A-Za-z])" + re.escape(text.encode()) + rb"(?![0-9A-Za-z])")
        rows = self._run(f"select origin, reason, key, value from {self.relation(table)}")
        return tuple(str(row[0]) for row in rows if any(word.search(_bytes(part)) for part in row[1:]))

    def forget_refused(self, port: str, origins: tuple[str, ...]) -> int:
        """Delete the messages put aside for ``port`` that stood at ``origins``."""
        if origins:
            listed = ", ".join(map(literal, origins))
            self._run(f"delete from {self.relation(refused_table(port))} where origin in ({listed})")
        return len(origins)


def _where(holding: Holding) -> str:
    return " or ".join(f"cast({ident(name)} as varchar) = {literal(text)}" for name, text in holding.items())


def _bytes(part: object) -> bytes:
    return part.encode() if isinstance(part, str) else bytes(part) if isinstance(part, bytes | memoryview) else b""
