"""Landing batches exactly once: the part every SQL engine shares.

A port's rows and its entries in the ledger change in one transaction, so after a crash or a retry the
landing table holds each batch once or not at all.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self

from mesh_orchestration.contract.model import SchemaField
from mesh_orchestration.contract.wording import suggestion
from mesh_orchestration.engines.base import LEDGER, Batch, Files, Landed, LedgerEntry, Mode, Since
from mesh_orchestration.engines.columns import Column
from mesh_orchestration.errors import EngineError
from mesh_orchestration.quoting import ident

if TYPE_CHECKING:
    import pyarrow as pa

_PREFIX = "landing__"
_LEDGER_COLUMNS = (
    "port text not null, batch text not null, fingerprint text not null, rows bigint not null, "
    "landed_at timestamptz not null, run_id text not null, watermark text not null, snapshot_id bigint, "
    "stamp text not null"
)
_ENTRY = "port, batch, fingerprint, rows, landed_at, run_id, watermark, snapshot_id, stamp"


def landing_table(port: str) -> str:
    """The table an input port lands in."""
    return f"{_PREFIX}{port}"


def _since(columns: Sequence[Column], since: Since) -> str:
    """The clause that leaves out older rows."""
    name, moment = since
    kind = next(column for column in columns if column.name == name)
    spelled = {"date": f"date '{moment:%Y-%m-%d}'"}.get(kind.type.name)
    spelled = spelled or f"{'timestamptz' if kind.instant else 'timestamp'} '{_utc(moment, kind)}'"
    return f" where {ident(name)} is null or {ident(name)} >= {spelled}"


def _utc(moment: datetime, column: Column) -> str:
    text = moment.astimezone(UTC).replace(tzinfo=None).isoformat(" ")
    return f"{text}+00" if column.instant else text


def port_of(table: str) -> str:
    """The input port of a landing table."""
    return table.removeprefix(_PREFIX)


class SqlEngine(ABC):
    """Base of the engines that speak SQL; ``$1`` marks a parameter of ``_run``."""

    domain: str
    dialect: Literal["duckdb", "postgres"]

    def __enter__(self) -> Self:
        try:
            self._open()
            if not self._columns(LEDGER):
                with self._transaction(f"create {LEDGER}"):
                    self._lock(LEDGER)
                    self._run(f"create table if not exists {self.relation(LEDGER)} ({_LEDGER_COLUMNS})")
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    @abstractmethod
    def close(self) -> None: ...

    @abstractmethod
    def dbt_target(self) -> dict[str, Any]: ...

    @abstractmethod
    def dbt_environment(self) -> dict[str, str]: ...

    @abstractmethod
    def relation(self, name: str) -> str: ...

    @abstractmethod
    def execute(self, sql: str) -> list[tuple[Any, ...]]: ...

    @abstractmethod
    def _open(self) -> None: ...

    @abstractmethod
    def _transaction(self, what: str) -> AbstractContextManager[None]:
        """A transaction that commits at its end; engine failures leave it as EngineError."""

    @abstractmethod
    def _run(self, sql: str, params: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """The rows of one statement, inside the transaction if there is one."""

    @abstractmethod
    def _spell(self, column: Column) -> str:
        """The column's type in this engine's words."""

    @abstractmethod
    def _columns(self, table: str) -> Mapping[str, str]:
        """The columns of a table or view with their types; empty when there is none."""

    @abstractmethod
    def _is_view(self, table: str) -> bool: ...

    @abstractmethod
    def _lock(self, port: str) -> None:
        """Keep every other landing of the port out until the transaction ends."""

    @abstractmethod
    def _clear(self, table: str) -> None:
        """Remove all rows of a table."""

    @abstractmethod
    def _copy_in(
        self, table: str, columns: Sequence[Column], batch: Batch, rows: Files | pa.RecordBatchReader, *, port: str = ""
    ) -> int:
        """Append the batch's rows to a table, those of ``port`` without erased people; returns how many."""

    @abstractmethod
    def _write(self, model: str, columns: Sequence[Column], directory: Path, *, where: str) -> tuple[Path, ...]:
        """Write the columns of a mart as Parquet files, of the rows that the clause `` where …`` keeps."""

    @abstractmethod
    def _refer(self, port: str, columns: Sequence[Column], batch: Batch, files: Files) -> int | None:
        """Make the port a view over the files; returns its rows, or None where the engine cannot."""

    def _accepts(self, found: str, column: Column) -> bool:
        """Whether a mart's column type holds exactly the values of the contract's type."""
        return found == self._spell(column)

    def ledger(self, port: str) -> tuple[LedgerEntry, ...]:
        rows = self._run(
            f"select {_ENTRY} from {self.relation(LEDGER)} where port = $1 order by landed_at, batch", (port,)
        )
        return tuple(LedgerEntry(*row) for row in rows)

    def prepare(self, port: str, columns: Sequence[Column]) -> None:
        with self._transaction(f"prepare {landing_table(port)}"):
            self._lock(port)
            self._prepare(landing_table(port), columns)

    def land(
        self,
        port: str,
        columns: Sequence[Column],
        batch: Batch,
        rows: Files | pa.RecordBatchReader,
        *,
        mode: Mode = "append",
    ) -> Landed:
        # Asked before the transaction, which a reference to files that are gone would abort.
        readable = self._readable(port)
        with self._transaction(f"land {batch.name} in {landing_table(port)}"):
            self._lock(port)
            entries = self.ledger(port)
            same = next((entry for entry in entries if entry.batch == batch.name), None)
            alone = mode == "append" or len(entries) == 1
            unchanged = same is not None and same.fingerprint == batch.fingerprint and alone
            if same and unchanged and (readable or self._is_table(landing_table(port))):
                return Landed(same.rows, changed=False)
            count = self._land(port, columns, batch, rows, mode=mode, replaced=same is not None)
            self._enter(port, batch, count, alone=mode != "append")
        return Landed(count, changed=True)

    def _enter(self, port: str, batch: Batch, rows: int, *, alone: bool) -> None:
        """Write the batch's ledger entry in place of an older one, or of all the port's when ``alone``."""
        ledger = self.relation(LEDGER)
        if alone:
            self._run(f"delete from {ledger} where port = $1", (port,))
        else:
            self._run(f"delete from {ledger} where port = $1 and batch = $2", (port, batch.name))
        self._run(
            f"insert into {ledger} ({_ENTRY}) values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
            (
                port, batch.name, batch.fingerprint, rows, batch.landed_at,
                batch.run_id, batch.watermark, batch.snapshot_id, batch.stamp,
            ),
        )  # fmt: skip

    def check_landing(self, port: str) -> None:
        table = landing_table(port)
        try:
            self._run(f"select * from {self.relation(table)} limit 0")
        except EngineError as error:
            held = ", ".join(entry.batch for entry in self.ledger(port)) or "nothing"
            raise EngineError(
                f"{self.domain}.{table} (holding {held}) cannot be read any more: {error}; "
                f"materialise the input port {port} again, then run dbt"
            ) from error

    def export(
        self, model: str, fields: Sequence[SchemaField], directory: Path, *, since: Since | None = None
    ) -> tuple[Path, ...]:
        columns = tuple(Column.of(field) for field in fields)
        found = self._columns(model)
        if not found:
            models = [row[0] for row in self._models() if not str(row[0]).startswith("landing__")]
            raise EngineError(
                f"schema {self.domain} has no model {model}{suggestion(model, models)}; "
                f"the contract names it in spec.model or metadata.name, and `dbt build` must have made it "
                f"(models there: {', '.join(models) or 'none'})"
            )
        if differences := self._differences(found, columns):
            listed = "\n".join(f"  - {difference}" for difference in differences)
            raise EngineError(f"{self.domain}.{model} drifted from its contract:\n{listed}")
        try:
            directory.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise EngineError(f"{self.domain}.{model} cannot be exported to {directory}: {error.strerror}") from error
        return self._write(model, columns, directory, where=_since(columns, since) if since else "")

    def _models(self) -> list[tuple[Any, ...]]:
        return self._run(
            "select table_name from information_schema.tables where table_schema = $1 order by 1", (self.domain,)
        )

    def _differences(self, found: Mapping[str, str], columns: Sequence[Column]) -> list[str]:
        expected = {column.name for column in columns}
        spare = [name for name in found if name not in expected]
        differences = []
        for column in columns:
            wanted = f"{column.word} ({self._spell(column)})"
            if column.name not in found:
                differences.append(f"{column.name}: missing, expected {wanted}{suggestion(column.name, spare)}")
            elif not self._accepts(found[column.name], column):
                differences.append(
                    f"{column.name}: found {found[column.name]}, expected {wanted}; "
                    f"cast it in the model: cast({column.name} as {self._spell(column)})"
                )
        return differences

    def _is_table(self, table: str) -> bool:
        return bool(self._columns(table)) and not self._is_view(table)

    def _readable(self, port: str) -> bool:
        """Whether the landing table is there and what it refers to is too."""
        try:
            self.check_landing(port)
        except EngineError:
            return False
        return True

    def _land(
        self,
        port: str,
        columns: Sequence[Column],
        batch: Batch,
        rows: Files | pa.RecordBatchReader,
        *,
        mode: Mode,
        replaced: bool,
    ) -> int:
        if mode == "reference" and isinstance(rows, Files):
            count = self._refer(port, columns, batch, rows)
            if count is not None:
                return count
        self._prepare(landing_table(port), columns)
        table = self.relation(landing_table(port))
        if mode != "append":
            self._clear(table)
        elif replaced:
            self._run(f"delete from {table} where _batch = $1", (batch.name,))
        return self._copy_in(landing_table(port), columns, batch, rows, port=port)

    def _prepare(self, table: str, columns: Sequence[Column]) -> None:
        if self._is_view(table):
            self._run(f"drop view {self.relation(table)}")
        found = self._columns(table)
        if not found:
            spelled = [f"{ident(column.name)} {self._spell(column)}" for column in columns]
            spelled += ["_batch text not null", "_landed_at timestamptz not null"]
            self._run(f"create table {self.relation(table)} ({', '.join(spelled)})")
            return
        for column in columns:
            self._add_or_compare(table, column, found.get(column.name))

    def _add_or_compare(self, table: str, column: Column, found: str | None) -> None:
        if found is None:
            self._run(f"alter table {self.relation(table)} add column {ident(column.name)} {self._spell(column)}")
        elif found != self._spell(column):
            raise EngineError(
                f"{self.domain}.{table}.{column.name} is {found} but the input port now declares {column.word}; "
                f"drop the table and its rows of {LEDGER} to load it afresh, or add a column under a new name"
            )
