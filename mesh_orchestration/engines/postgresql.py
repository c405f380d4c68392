"""PostgreSQL: one schema and one role a domain, in a database that domains may share.

The role ``mesh_<domain>`` owns the schema and every session works as it, so that a domain can neither
write nor read another domain's tables. Rows go in and out as binary COPY through ADBC, which measured
twice as fast as COPY of text and holds one Arrow batch at a time.
"""

from __future__ import annotations

import getpass
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import adbc_driver_manager
import duckdb
import psycopg2
import pyarrow as pa
from adbc_driver_postgresql import dbapi
from psycopg2.extensions import parse_dsn

from mesh_orchestration.engines.base import Batch, Files
from mesh_orchestration.engines.columns import Column, arrow_type, duckdb_type, postgres_type
from mesh_orchestration.engines.files import offered_types, select_sql
from mesh_orchestration.engines.forgetting import ForgettingEngine
from mesh_orchestration.engines.session import file_reader
from mesh_orchestration.engines.suppression import Suppression
from mesh_orchestration.errors import EngineError, SettingsError
from mesh_orchestration.quoting import ident, literal
from mesh_orchestration.settings import Settings

BATCH_ROWS = 65_536
_SSL = ("sslmode", "sslcert", "sslkey", "sslrootcert")


def open_engine(settings: Settings, domain: str) -> PostgresEngine:
    """The PostgreSQL engine of the domain, not yet opened; raises SettingsError without a usable URL."""
    return PostgresEngine(settings, domain)


class PostgresEngine(ForgettingEngine):
    """The schema of one domain in the database that ``MESH_POSTGRES_URL[_<DOMAIN>]`` names."""

    dialect: Literal["duckdb", "postgres"] = "postgres"

    def __init__(self, settings: Settings, domain: str) -> None:
        self.settings, self.domain = settings, domain
        self.role = f"mesh_{domain}"
        self._url = settings.postgres_url(domain)
        self._server = _parsed(self._url, domain)
        self._bulk: dbapi.Connection | None = None
        self._plain: Any = None
        self._within = False

    def _open(self) -> None:
        with self._errors(f"open its schema at {self._where}"):
            self._plain = psycopg2.connect(self._url, application_name="mesh")
            self._plain.autocommit = True
            self._provide()
            for statement in self._session():
                self.execute(statement)
            self._bulk = dbapi.connect(self._url)
            for statement in self._session():
                self._run(statement)

    def close(self) -> None:
        for connection in (self._bulk, self._plain):
            if connection is not None:
                connection.close()
        self._bulk = self._plain = None

    def dbt_target(self) -> dict[str, Any]:
        server = self._server
        target: dict[str, Any] = {
            "type": "postgres",
            "host": server.get("host", ""),
            "port": int(server.get("port", 5432)),
            "user": server.get("user") or getpass.getuser(),
            "password": f"{{{{ env_var('{self._password_variable}', '') }}}}",
            "dbname": server.get("dbname") or server.get("user", ""),
            "schema": self.domain,
            "role": self.role,
            "threads": self.settings.integer("MESH_THREADS", 2),
        }
        return target | {name: server[name] for name in _SSL if name in server}

    def dbt_environment(self) -> dict[str, str]:
        password = self._server.get("password")
        # dbt's postgres sessions take the timezone from libpq; its profile has no key for it.
        return {"PGTZ": "UTC"} | ({self._password_variable: password} if password else {})

    @property
    def _password_variable(self) -> str:
        """dbt keeps variables with this prefix out of its logs and artifacts."""
        return f"DBT_ENV_SECRET_MESH_{self.domain.upper()}"

    @property
    def _where(self) -> str:
        server = self._server
        return f"{server.get('host', 'localhost')}:{server.get('port', 5432)}/{server.get('dbname', '')}"

    def relation(self, name: str) -> str:
        return ident(self.domain, name)

    def execute(self, sql: str) -> list[tuple[Any, ...]]:
        if self._plain is None:
            raise EngineError(f"the PostgreSQL engine of {self.domain} is not open; use `with engine_for(...)`")
        with self._errors("run a statement"), self._plain.cursor() as cursor:
            cursor.execute(sql)
            rows: list[tuple[Any, ...]] = cursor.fetchall() if cursor.description else []
            return rows

    def _session(self) -> tuple[str, ...]:
        return (f"set role {ident(self.role)}", "set timezone to 'UTC'", f"set search_path to {ident(self.domain)}")

    def _provide(self) -> None:
        """Create the domain's role and schema when they are missing and the login may."""
        role, schema = literal(self.role), literal(self.domain)
        found = self.execute(
            f"select exists (select 1 from pg_roles where rolname = {role}), "
            f"exists (select 1 from pg_namespace n join pg_roles r on r.oid = n.nspowner "
            f"where nspname = {schema} and rolname = {role})"
        )
        if found == [(True, True)]:
            return
        statements = (
            f"create role {ident(self.role)} nologin",
            f"grant {ident(self.role)} to current_user",
            f"create schema if not exists {ident(self.domain)} authorization {ident(self.role)}",
        )
        try:
            # Others may be doing the same at this moment, in this database or another of the server.
            self.execute(
                f"do $$ begin {statements[0]}; {statements[1]}; "
                "exception when duplicate_object or unique_violation then null; end $$"
            )
            self.execute(f"do $$ begin {statements[2]}; exception when unique_violation then null; end $$")
        except EngineError as error:
            raise EngineError(
                f"{error}; the login may not provide the domain's role and schema, so let an administrator run: "
                f"{'; '.join(statements).replace('current_user', ident(self._server.get('user', 'the login')))}"
            ) from error

    @contextmanager
    def _errors(self, what: str) -> Iterator[None]:
        try:
            yield
        except (adbc_driver_manager.Error, psycopg2.Error, duckdb.Error) as error:
            raise EngineError(f"{self.domain} (postgresql) could not {what}: {_cause(error)}") from error

    @property
    def _open_bulk(self) -> dbapi.Connection:
        if self._bulk is None:
            raise EngineError(f"the PostgreSQL engine of {self.domain} is not open; use `with engine_for(...)`")
        return self._bulk

    @contextmanager
    def _transaction(self, what: str) -> Iterator[None]:
        connection = self._open_bulk
        self._within = True
        try:
            with self._errors(what):
                yield
                connection.commit()
        except BaseException:
            connection.rollback()
            raise
        finally:
            self._within = False

    def _run(self, sql: str, params: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        connection = self._open_bulk
        try:
            with self._errors("run a statement"), connection.cursor() as cursor:
                cursor.execute(sql, tuple(params) or None)
                rows: list[tuple[Any, ...]] = cursor.fetchall()
        except EngineError:
            if not self._within:
                connection.rollback()
            raise
        # An open transaction would keep locks that dbt then waits for.
        if not self._within:
            connection.commit()
        return rows

    def _spell(self, column: Column) -> str:
        return postgres_type(column)

    def _columns(self, table: str) -> Mapping[str, str]:
        rows = self._run(
            "select attname::text, format_type(atttypid, atttypmod) from pg_attribute a "
            "join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace "
            "where nspname = $1 and relname = $2 and attnum > 0 and not attisdropped order by attnum",
            (self.domain, table),
        )
        return {str(name): str(kind) for name, kind in rows}

    def _is_view(self, table: str) -> bool:
        sql = "select 1 from pg_views where schemaname = $1 and viewname = $2"
        return bool(self._run(sql, (self.domain, table)))

    def _lock(self, port: str) -> None:
        self._run("select pg_advisory_xact_lock(hashtextextended($1, 0))::text", (f"{self.domain}.{port}",))

    def _clear(self, table: str) -> None:
        self._run(f"truncate {table}")

    def _refer(self, port: str, columns: Sequence[Column], batch: Batch, files: Files) -> int | None:  # noqa: ARG002
        return None

    def _copy_in(
        self, table: str, columns: Sequence[Column], batch: Batch, rows: Files | pa.RecordBatchReader, *, port: str = ""
    ) -> int:
        kept = Suppression.load(self.settings).condition(self.domain, port, columns)
        with file_reader(self.settings) as session, self._open_bulk.cursor() as cursor:
            reader = _typed(session, columns, batch, rows, kept=kept)
            return int(cursor.adbc_ingest(table, reader, mode="append", db_schema_name=self.domain))

    @property
    def exists(self) -> bool:
        return True

    def compact(self) -> None:
        for table in self.tables():
            self.execute(f"vacuum (full) {self.relation(table)}")

    def _accepts(self, found: str, column: Column) -> bool:
        expected = postgres_type(column)
        if expected == "text":
            return found == "text" or found.startswith("character varying")
        if expected == "integer":
            return found in ("integer", "smallint")
        return found == expected

    def _write(self, model: str, columns: Sequence[Column], directory: Path, *, where: str) -> tuple[Path, ...]:
        import pyarrow.parquet as pq

        target = directory / "part-00000.parquet"
        selected = ", ".join(f"{ident(c.name)}::{postgres_type(c)} as {ident(c.name)}" for c in columns)
        schema = pa.schema([pa.field(column.name, arrow_type(column)) for column in columns])
        try:
            with self._transaction(f"export {model} to {directory}"), self._open_bulk.cursor() as cursor:
                cursor.execute(f"select {selected} from {self.relation(model)}{where}")
                with pq.ParquetWriter(target, schema, compression="zstd") as writer:
                    for rows in cursor.fetch_record_batch():
                        writer.write_batch(_conform(rows, schema))
        except (OSError, pa.ArrowException) as error:
            raise EngineError(
                f"{self.domain} (postgresql) could not export {model} to {directory}: {_cause(error)}"
            ) from error
        return (target,)


def _parsed(url: str, domain: str) -> dict[str, str]:
    try:
        return dict(parse_dsn(url))
    except psycopg2.ProgrammingError:
        # The text itself may hold a password.
        raise SettingsError(
            f"MESH_POSTGRES_URL (domain {domain}) is not a PostgreSQL URL such as postgresql://mesh@127.0.0.1:5432/mesh"
        ) from None


def _typed(
    session: duckdb.DuckDBPyConnection,
    columns: Sequence[Column],
    batch: Batch,
    rows: Files | pa.RecordBatchReader,
    *,
    kept: str,
) -> pa.RecordBatchReader:
    """The rows as Arrow batches of exactly the types that PostgreSQL's binary COPY expects."""
    if isinstance(rows, Files):
        present = offered_types(session, rows) if rows.partial else None
        source = select_sql(rows, columns, present=present)
    else:
        session.register("landing_rows", rows)
        casts = ", ".join(f"{ident(c.name)}::{duckdb_type(c)} as {ident(c.name)}" for c in columns)
        source = f"select {casts} from landing_rows"
    sent = ", ".join(_wire(column) for column in columns)
    stamps = f"{literal(batch.name)} as _batch, {literal(batch.landed_at.isoformat())}::timestamptz as _landed_at"
    return session.sql(f"select {sent}, {stamps} from (select * from ({source}){kept})").to_arrow_reader(BATCH_ROWS)


def _wire(column: Column) -> str:
    """The column as Arrow must carry it; DuckDB gives UUIDs as text, the wire has their 16 bytes."""
    name = ident(column.name)
    return f"unhex(replace({name}::varchar, '-', '')) as {name}" if column.type.name == "uuid" else name


def _conform(rows: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    """Columns as the contract types them; PostgreSQL's numerics arrive as text."""
    arrays = []
    for found, field in zip(rows.columns, schema, strict=True):
        stored = found.storage if isinstance(found.type, pa.OpaqueType) else found
        arrays.append(stored if stored.type == field.type else stored.cast(field.type))
    return pa.record_batch(arrays, schema=schema)


def _cause(error: BaseException) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0].removesuffix(".") if lines else type(error).__name__
