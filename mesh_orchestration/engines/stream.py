"""Landing a stream exactly once: rows that come, change and go, with how far the stream was read.

What a step changes and the ledger's entries change in one transaction, as files do. The ledger keeps its
promise that a port's rows are exactly those of its entries: a batch that lost rows to a newer one has fewer
and another fingerprint, so whoever follows the ledger reads it again.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mesh_orchestration.contract.ports import LANDED
from mesh_orchestration.engines.base import KEPT, LEDGER, OP, REFUSED, WAS, Batch, Changes, Landed, LedgerEntry
from mesh_orchestration.engines.columns import Column
from mesh_orchestration.engines.landing import SqlEngine, landing_table, port_of
from mesh_orchestration.errors import EngineError
from mesh_orchestration.quoting import ident, literal

if TYPE_CHECKING:
    import pyarrow as pa

_REFUSED = tuple(Column.parse(name, kind) for name, kind in REFUSED.items())


def refused_table(port: str) -> str:
    """The table that holds the messages of a port which could not be read."""
    return f"refused__{port}"


@dataclass(frozen=True)
class _Stage:
    """A table for one step's rows that lives as long as the transaction; names are quoted."""

    name: str
    columns: tuple[Column, ...]
    rows: str
    landing: str
    key: tuple[str, ...]

    @property
    def same(self) -> str:
        """Where a landed row ``l`` has the key of a staged row ``s``."""
        return " and ".join(f"l.{name} = s.{name}" for name in self.key)

    @property
    def was(self) -> str:
        """Where a landed row ``l`` is the one whose values a staged row ``s`` keeps."""
        return " and ".join(f"l.{name} = s.{ident(f'{WAS}{number}')}" for number, name in enumerate(self.key))


@dataclass
class _Tally:
    """The rows that a batch added, and those it took from others, by batch."""

    added: int = 0
    taken: Counter[str] = field(default_factory=Counter)


class StreamEngine(SqlEngine):
    """An SQL engine that also lands streams."""

    def apply(
        self,
        port: str,
        columns: Sequence[Column],
        batch: Batch,
        changes: Iterable[Changes],
        *,
        key: Sequence[str] = (),
        expected: Sequence[LedgerEntry] = (),
        anew: bool = False,
    ) -> Landed:
        table, tally = landing_table(port), _Tally()
        with self._transaction(f"land {batch.name} in {table}"):
            self._lock(port)
            self._same(port, expected)
            if anew:
                self._renew(table, columns)
                tally.taken.update({entry.batch: entry.rows for entry in expected})
            self._prepare(table, columns)
            stage = self._stage(port, columns, key) if key else None
            for step in changes:
                self._step(table, columns, batch, step, stage=stage, tally=tally)
                if step.refused is not None:
                    self._prepare(refused_table(port), _REFUSED)
                    self._copy_in(refused_table(port), _REFUSED, batch, _reader(step.refused))
            if stage:
                self._run(f"drop table {stage.rows}")
            self._settle(port, batch, expected, tally)
        return Landed(tally.added, changed=True)

    def advance(self, port: str, batch: str, watermark: str, *, expected: Sequence[LedgerEntry]) -> None:
        with self._transaction(f"note how far {port} is read"):
            self._lock(port)
            self._same(port, expected)
            self._run(
                f"update {self.relation(LEDGER)} set watermark = $1 where port = $2 and batch = $3",
                (watermark, port, batch),
            )

    def _same(self, port: str, expected: Sequence[LedgerEntry]) -> None:
        if self.ledger(port) != tuple(expected):
            raise EngineError(f"{self.domain}: another run has landed {port} meanwhile; run it again")

    def _renew(self, table: str, columns: Sequence[Column]) -> None:
        """Empty the landing table; one with other columns is dropped, with the views of it, which dbt makes again."""
        found = self._columns(table)
        wanted = {column.name: self._spell(column) for column in columns}
        if {name: kind for name, kind in found.items() if name not in LANDED} == wanted:
            self._clear(self.relation(table))
        elif found:
            self._run(f"drop table {self.relation(table)} cascade")

    def _stage(self, port: str, columns: Sequence[Column], key: Sequence[str]) -> _Stage:
        kinds = {column.name: column for column in columns}
        was = (Column(f"{WAS}{number}", kinds[name].type, kinds[name].instant) for number, name in enumerate(key))
        own = (Column.parse(OP, "string"), Column.parse(KEPT, "string"), *was)
        name = f"changes__{hashlib.sha256(port.encode()).hexdigest()[:16]}"
        spelled = tuple(ident(part) for part in key)
        stage = _Stage(name, (*columns, *own), self.relation(name), self.relation(landing_table(port)), spelled)
        self._prepare(stage.name, stage.columns)
        return stage

    def _step(
        self,
        table: str,
        columns: Sequence[Column],
        batch: Batch,
        step: Changes,
        *,
        stage: _Stage | None,
        tally: _Tally,
    ) -> None:
        if step.clear:
            tally.taken.update(self._counted(f"select _batch, count(*) from {self.relation(table)} group by 1"))
            self._clear(self.relation(table))
        if stage is None:
            rows = _reader(step.rows)
            tally.added += self._copy_in(table, columns, batch, rows, port=port_of(table)) if step.rows.num_rows else 0
        elif step.rows.num_rows:
            self._copy_in(stage.name, stage.columns, batch, _reader(step.rows), port=port_of(table))
            self._keep(stage, step.kept)
            self._merge(stage, columns, tally)
            self._clear(stage.rows)

    def _keep(self, stage: _Stage, kept: Sequence[str]) -> None:
        """Give staged rows the values that the stream did not repeat, from the rows they change."""
        if not kept:
            return
        keeping = f"s.{ident(KEPT)} is not null"
        found = self._run(
            f"select count(*) from {stage.rows} as s where {keeping} "
            f"and not exists (select 1 from {stage.landing} as l where {stage.was})"
        )
        if found[0][0]:
            raise EngineError(f"{self.domain}: {found[0][0]} changes are of rows that {stage.landing} does not hold")
        values = (
            f"{ident(name)} = case when position({literal(f',{name},')} in s.{ident(KEPT)}) > 0 "
            f"then l.{ident(name)} else s.{ident(name)} end"
            for name in kept
        )
        self._run(
            f"update {stage.rows} as s set {', '.join(values)} "
            f"from {stage.landing} as l where {keeping} and {stage.was}"
        )

    def _merge(self, stage: _Stage, columns: Sequence[Column], tally: _Tally) -> None:
        """Take the staged rows' keys out of the landing table and put the upserts in."""
        tally.taken.update(
            self._counted(
                f"select l._batch, count(*) from {stage.landing} as l join {stage.rows} as s on {stage.same} group by 1"
            )
        )
        self._run(f"delete from {stage.landing} as l using {stage.rows} as s where {stage.same}")
        upserts = f"from {stage.rows} where {ident(OP)} = 'upsert'"
        names = ", ".join([*(ident(column.name) for column in columns), "_batch", "_landed_at"])
        self._run(f"insert into {stage.landing} ({names}) select {names} {upserts}")
        tally.added += int(self._run(f"select count(*) {upserts}")[0][0])

    def _counted(self, sql: str) -> Mapping[str, int]:
        return {str(batch): int(rows) for batch, rows in self._run(sql)}

    def _settle(self, port: str, batch: Batch, expected: Sequence[LedgerEntry], tally: _Tally) -> None:
        """Enter the batch, correct the entries that lost rows and forget those that hold none any more."""
        ledger = self.relation(LEDGER)
        for entry in expected:
            if taken := tally.taken[entry.batch]:
                changed = hashlib.sha256(f"{entry.fingerprint} {batch.name}".encode()).hexdigest()
                self._run(
                    f"update {ledger} set rows = $1, fingerprint = $2 where port = $3 and batch = $4",
                    (entry.rows - taken, f"sha256:{changed}", port, entry.batch),
                )
        self._run(f"delete from {ledger} where port = $1 and rows <= 0", (port,))
        self._enter(port, batch, tally.added - tally.taken[batch.name], alone=False)


def _reader(rows: pa.RecordBatch) -> pa.RecordBatchReader:
    import pyarrow as pa

    return pa.RecordBatchReader.from_batches(rows.schema, [rows])
