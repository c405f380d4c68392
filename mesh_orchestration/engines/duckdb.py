"""DuckDB: one file a domain, one writing process a file, no server."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import duckdb
import tenacity

from mesh_orchestration.engines.base import Batch, Files
from mesh_orchestration.engines.columns import Column, duckdb_type
from mesh_orchestration.engines.files import offered_types, select_sql
from mesh_orchestration.engines.forgetting import ForgettingEngine
from mesh_orchestration.engines.landing import landing_table
from mesh_orchestration.engines.session import configure, first_line, session_settings
from mesh_orchestration.engines.suppression import Suppression
from mesh_orchestration.errors import EngineError
from mesh_orchestration.quoting import ident, literal
from mesh_orchestration.settings import Settings

if TYPE_CHECKING:
    import pyarrow as pa

ROW_GROUP = 61_440
_WRITERS: dict[Path, threading.RLock] = {}
"""One lock a file: DuckDB keeps other processes out, but not another connection of this one."""
_WIDENED = {"VARCHAR": ("ENUM",), "INTEGER": ("TINYINT", "SMALLINT", "UTINYINT", "USMALLINT")}


def open_engine(settings: Settings, domain: str) -> DuckDBEngine:
    """The DuckDB engine of the domain, not yet opened."""
    return DuckDBEngine(settings, domain)


class DuckDBEngine(ForgettingEngine):
    """A domain's DuckDB file ``<home>/engines/<domain>_engine.duckdb`` with one schema named as the domain."""

    dialect: Literal["duckdb", "postgres"] = "duckdb"

    def __init__(self, settings: Settings, domain: str) -> None:
        self.settings, self.domain = settings, domain
        # DuckDB names the catalog after the file; named as the schema, every view would be ambiguous.
        self.path = settings.duckdb_dir / f"{domain}_engine.duckdb"
        self._connection: duckdb.DuckDBPyConnection | None = None

    def _open(self) -> None:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._connection = self._connect()
            configure(self._connection, self.settings)
            with self._transaction("create its schema"):
                self._run(f"create schema if not exists {ident(self.path.stem, self.domain)}")
        except (duckdb.Error, OSError) as error:
            raise EngineError(f"{self.path}: the DuckDB file cannot be opened: {first_line(error)}") from error

    def _connect(self) -> duckdb.DuckDBPyConnection:
        deadline = self.settings.integer("MESH_LOCK_TIMEOUT", 120)
        waiting = tenacity.Retrying(
            retry=tenacity.retry_if_exception(_is_locked),
            stop=tenacity.stop_after_delay(deadline),
            wait=tenacity.wait_exponential(multiplier=0.05, max=1),
            reraise=True,
        )
        try:
            # Session settings are SET later: a connection made with other options than one that is
            # still open in this process is refused by DuckDB.
            return waiting(duckdb.connect, str(self.path))
        except duckdb.IOException as error:
            if not _is_locked(error):
                raise
            raise EngineError(
                f"{self.path} is held by {_holder(error)}; waited {deadline} s (MESH_LOCK_TIMEOUT). DuckDB allows one "
                f"writing process a file: wait for that run of domain {self.domain} to end, or stop that process"
            ) from error

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def dbt_target(self) -> dict[str, Any]:
        session = session_settings(self.settings)
        return {
            "type": "duckdb",
            "path": str(self.path),
            "schema": self.domain,
            "threads": session.pop("threads"),
            "settings": session,
            "retries": {"connect_attempts": 7, "retryable_exceptions": ["IOException"]},
        }

    def dbt_environment(self) -> dict[str, str]:
        return {}

    def relation(self, name: str) -> str:
        return ident(self.path.stem, self.domain, name)

    def execute(self, sql: str) -> list[tuple[Any, ...]]:
        return self._run(sql)

    @property
    def _open_connection(self) -> duckdb.DuckDBPyConnection:
        if self._connection is None:
            raise EngineError(f"the DuckDB engine of {self.domain} is not open; use `with engine_for(...) as engine`")
        return self._connection

    @contextmanager
    def _transaction(self, what: str) -> Iterator[None]:
        with _WRITERS.setdefault(self.path, threading.RLock()), self._committed(what):
            yield

    @contextmanager
    def _committed(self, what: str) -> Iterator[None]:
        connection = self._open_connection
        try:
            connection.execute("begin transaction")
            yield
            connection.execute("commit")
        except BaseException as error:
            self._roll_back()
            if isinstance(error, duckdb.Error):
                raise EngineError(f"{self.domain} (duckdb) could not {what}: {first_line(error)}") from error
            raise

    def _roll_back(self) -> None:
        try:
            self._open_connection.execute("rollback")
        except duckdb.Error:
            # A failed commit has ended the transaction already.
            return

    def _run(self, sql: str, params: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        try:
            rows: list[tuple[Any, ...]] = self._open_connection.execute(sql, list(params)).fetchall()
        except duckdb.Error as error:
            raise EngineError(f"{self.domain} (duckdb): {first_line(error)}") from error
        return rows

    def _spell(self, column: Column) -> str:
        return duckdb_type(column)

    def _columns(self, table: str) -> Mapping[str, str]:
        return dict(
            self._run(
                "select column_name, data_type from duckdb_columns() where database_name = current_database() "
                "and schema_name = $1 and table_name = $2 order by column_index",
                (self.domain, table),
            )
        )

    def _is_view(self, table: str) -> bool:
        sql = (
            "select 1 from duckdb_views() where database_name = current_database() "
            "and schema_name = $1 and view_name = $2"
        )
        return bool(self._run(sql, (self.domain, table)))

    def _lock(self, port: str) -> None:
        """Nothing to do: the file has one writing process, and that one transaction at a time."""

    def _clear(self, table: str) -> None:
        self._run(f"delete from {table}")

    def _copy_in(
        self, table: str, columns: Sequence[Column], batch: Batch, rows: Files | pa.RecordBatchReader, *, port: str = ""
    ) -> int:
        names = ", ".join([*(ident(column.name) for column in columns), "_batch", "_landed_at"])
        insert = f"insert into {self.relation(table)} ({names})"
        kept = Suppression.load(self.settings).condition(self.domain, port, columns)
        if isinstance(rows, Files):
            source = f"select * from ({self._select(rows, columns)}){kept}"
            return int(self._run(f"{insert} select *, $1, $2 from ({source})", (batch.name, batch.landed_at))[0][0])
        casts = ", ".join(f"{ident(c.name)}::{duckdb_type(c)} as {ident(c.name)}" for c in columns)
        self._open_connection.register("landing_rows", rows)
        try:
            return int(
                self._run(
                    f"{insert} select *, $1, $2 from (select {casts} from landing_rows){kept}",
                    (batch.name, batch.landed_at),
                )[0][0]
            )
        finally:
            self._open_connection.unregister("landing_rows")

    def _select(self, files: Files, columns: Sequence[Column]) -> str:
        present = offered_types(self._open_connection, files) if files.partial else None
        return select_sql(files, columns, present=present)

    def _refer(self, port: str, columns: Sequence[Column], batch: Batch, files: Files) -> int:
        table = landing_table(port)
        if self._columns(table) and not self._is_view(table):
            self._run(f"drop table {self.relation(table)}")
        rows = self._select(files, columns)
        self._run(
            f"create or replace view {self.relation(table)} as select *, {literal(batch.name)} as _batch, "
            f"{literal(batch.landed_at.isoformat())}::timestamptz as _landed_at from ({rows})"
        )
        return int(self._run(f"select count(*) from {self.relation(table)}")[0][0])

    @property
    def exists(self) -> bool:
        return self.path.is_file()

    def compact(self) -> None:
        # A deleted row stays in the file until its block is used again, so the file is written anew.
        fresh = self.path.with_suffix(".compacting")
        fresh.unlink(missing_ok=True)
        try:
            with _WRITERS.setdefault(self.path, threading.RLock()):
                self._run("checkpoint")
                self._run(f"attach {literal(str(fresh))} as compacted")
                self._run(f"copy from database {ident(self.path.stem)} to compacted")
                self._run("detach compacted")
                # The new file takes the place while this connection still holds the old one, so nobody gets in between.
                fresh.replace(self.path)
                self.close()
                self._open()
        except (OSError, duckdb.Error) as error:
            raise EngineError(f"{self.path} cannot be written anew: {first_line(error)}") from error
        finally:
            fresh.unlink(missing_ok=True)

    def _accepts(self, found: str, column: Column) -> bool:
        expected = duckdb_type(column)
        return found == expected or found.split("(")[0] in _WIDENED.get(expected, ())

    def _write(self, model: str, columns: Sequence[Column], directory: Path, *, where: str) -> tuple[Path, ...]:
        target = directory / "part-00000.parquet"
        selected = ", ".join(f"{ident(c.name)}::{duckdb_type(c)} as {ident(c.name)}" for c in columns)
        with self._transaction(f"export {model} to {directory}"):
            self._run(
                f"copy (select {selected} from {self.relation(model)}{where}) to {literal(str(target))} "
                f"(format parquet, compression zstd, row_group_size {ROW_GROUP})"
            )
        return (target,)


def _is_locked(error: BaseException) -> bool:
    return isinstance(error, duckdb.IOException) and "Could not set lock" in str(error)


def _holder(error: duckdb.Error) -> str:
    match = re.search(r"held in (.+?) \(PID (\d+)\)", str(error))
    return f"process {match[2]} ({Path(match[1]).name})" if match else "another process"
