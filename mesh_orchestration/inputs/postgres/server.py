"""A source's PostgreSQL server: its session, what it says of a table, and the publication and slot of a port."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg2
import tenacity
from psycopg2.extensions import make_dsn, parse_dsn
from psycopg2.extras import LogicalReplicationConnection
from psycopg2.sql import SQL, Identifier, Literal

from mesh_orchestration.errors import SettingsError, SourceError
from mesh_orchestration.quoting import ident

OLDEST = 130_000  # PostgreSQL 13 tells which slots it has given up
PATIENCE = 60  # seconds to wait for transactions of the source, or for a reader that was killed
_SESSION = {
    "datestyle": "ISO, YMD", "intervalstyle": "postgres", "timezone": "UTC", "bytea_output": "hex",
    "extra_float_digits": "3", "row_security": "off", "statement_timeout": "0",
    "idle_in_transaction_session_timeout": "0",
}  # fmt: skip


@dataclass(frozen=True)
class Slot:
    """A logical replication slot; ``confirmed`` is how far its reader says it has kept what was sent."""

    plugin: str
    database: str
    confirmed: str
    lost: bool


class Server:
    """An open session with the database of one source; close it."""

    def __init__(self, url: str, connection: str) -> None:
        self.name, self._dsn = connection, _dsn(url, connection)
        parts = parse_dsn(self._dsn)
        self.where = f"{parts.get('host', 'localhost')}:{parts.get('port', 5432)}/{parts.get('dbname', '')}"
        with self.errors("be reached"):
            self.session = psycopg2.connect(self._dsn)
        try:
            self._begin()
        except BaseException:
            self.close()
            raise

    def _begin(self) -> None:
        with self.errors("be set up"):
            self.session.autocommit = True
            self.session.set_client_encoding("UTF8")
            for name, value in _SESSION.items():
                self.rows("select set_config(%s, %s, false)", (name, value))
        if self.session.server_version < OLDEST:
            raise self.error("is older than PostgreSQL 13, which reading its change log needs; upgrade it")
        if (level := self.rows("show wal_level")[0][0]) != "logical":
            raise self.error(
                f"writes its log with wal_level = {level}, which holds no rows; "
                "set wal_level = logical there and restart it"
            )

    def close(self) -> None:
        self.session.close()

    def error(self, message: str) -> SourceError:
        """An error about this source; it names host and database and never the login."""
        return SourceError(f"the PostgreSQL source {self.name} ({self.where}) {message}")

    @contextmanager
    def errors(self, what: str) -> Iterator[None]:
        """Turn what the server says into a SourceError."""
        try:
            yield
        except psycopg2.Error as error:
            lines = [line.strip() for line in str(error).splitlines() if line.strip()]
            raise self.error(f"could not {what}: {lines[0] if lines else type(error).__name__}") from error

    def rows(self, sql: str, given: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """The rows of a statement; ``%s`` marks a parameter."""
        with self.session.cursor() as cursor:
            cursor.execute(sql, tuple(given) or None)
            return cursor.fetchall() if cursor.description else []

    @contextmanager
    def replication(self) -> Iterator[Any]:
        """A cursor of a replication session, which lives as long as the block."""
        with self.errors("start replication; the login needs the attribute REPLICATION"):
            session = psycopg2.connect(
                self._dsn, connection_factory=LogicalReplicationConnection, options=f"-c lock_timeout={PATIENCE}s"
            )
        try:
            with session.cursor() as cursor:
                yield cursor
        finally:
            session.close()

    def position(self) -> str:
        """How far the log is written to disk: everything committed before now is in it."""
        return str(self.rows("select pg_current_wal_flush_lsn()")[0][0])

    def slot(self, name: str) -> Slot | None:
        found = self.rows(
            "select plugin, database, confirmed_flush_lsn, wal_status from pg_replication_slots where slot_name = %s",
            (name,),
        )
        return Slot(found[0][0], found[0][1], found[0][2], found[0][3] == "lost") if found else None

    def await_slot(self, name: str) -> None:
        """Wait until nobody reads the slot; the server takes a moment to notice that a reader was killed."""
        waiting = tenacity.Retrying(
            retry=tenacity.retry_if_result(bool),
            stop=tenacity.stop_after_delay(PATIENCE),
            wait=tenacity.wait_fixed(0.2),
            retry_error_callback=lambda state: state.outcome and state.outcome.result(),
        )
        reader = waiting(
            self.rows, "select active_pid from pg_replication_slots where slot_name = %s and active", (name,)
        )
        if reader:
            raise self.error(
                f"has the replication slot {name} read by its process {reader[0][0]} for more than {PATIENCE} s; "
                "let that run end, or give each reader a `slot:` of its own"
            )

    def drop_slot(self, name: str) -> None:
        with self.errors(f"drop the replication slot {name}"):
            self._patiently("select pg_drop_replication_slot(%s)", (name,))

    def advance_slot(self, name: str, position: str) -> None:
        """Let the server forget the log before ``position``."""
        with self.errors(f"advance the replication slot {name}"):
            self._patiently("select pg_replication_slot_advance(%s, %s)", (name, position))

    def _patiently(self, sql: str, given: Sequence[Any]) -> None:
        """Run a statement on a slot; the server may not have noticed yet that its last reader is gone."""
        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(psycopg2.errors.ObjectInUse),
            stop=tenacity.stop_after_delay(PATIENCE),
            wait=tenacity.wait_fixed(0.2),
            reraise=True,
        )
        retrying(self.rows, sql, given)

    def provide_publication(self, name: str, schema: str, table: str, columns: Sequence[str]) -> None:
        """Create the publication when it is missing, else make sure that it tells everything of the table."""
        found = self.rows(
            "select pubinsert and pubupdate and pubdelete and pubtruncate, "
            "exists (select 1 from pg_publication_tables "
            "where pubname = p.pubname and schemaname = %s and tablename = %s) "
            "from pg_publication p where pubname = %s",
            (schema, table, name),
        )
        create = SQL("create publication {} for table only {}").format(Identifier(name), Identifier(schema, table))
        if not found:
            self._create(create)
        elif not found[0][1]:
            raise self.error(
                f"publishes {name} without {schema}.{table}; let its owner run: "
                f"alter publication {name} add table only {schema}.{table}"
            )
        elif not found[0][0]:
            raise self.error(
                f"publishes only some operations in {name}; let its owner run: "
                f"alter publication {name} set (publish = 'insert, update, delete, truncate')"
            )
        if self.session.server_version >= 150_000:
            self._whole(name, schema, table, columns)

    def _create(self, statement: Any) -> None:
        try:
            with self.session.cursor() as cursor:
                cursor.execute(statement)
        except psycopg2.errors.InsufficientPrivilege as error:
            spelled = statement.as_string(self.session)
            raise self.error(f"lets this login create no publication; let the table's owner run: {spelled}") from error

    def _whole(self, name: str, schema: str, table: str, columns: Sequence[str]) -> None:
        found = self.rows(
            "select attnames::text[], rowfilter from pg_publication_tables "
            "where pubname = %s and schemaname = %s and tablename = %s",
            (name, schema, table),
        )
        published, condition = found[0]
        missing = [column for column in columns if column not in published]
        if missing or condition:
            why = f"without {', '.join(missing)}" if missing else f"only where {condition}"
            raise self.error(f"publishes {schema}.{table} in {name} {why}; publish the whole table there")

    def peek(self, slot: str, publication: str, *, upto: str, changes: int) -> Iterator[bytes]:
        """The messages of whole transactions that committed before ``upto``, at least ``changes`` if there are.

        Nothing is confirmed: the server sends the same again until the slot is advanced.
        """
        sql = SQL(
            "declare changes no scroll cursor for select data from pg_logical_slot_peek_binary_changes("
            "{}, {}, {}, 'proto_version', '1', 'publication_names', {})"
        ).format(Literal(slot), Literal(upto), Literal(changes), Literal(ident(publication)))
        with self._transaction(), self.session.cursor() as cursor:
            cursor.execute(sql)
            while True:
                cursor.execute("fetch 2000 from changes")
                if not (found := cursor.fetchall()):
                    return
                yield from (bytes(data) for (data,) in found)

    def copy(self, snapshot: str, table: tuple[str, str], columns: Sequence[str], rows: int) -> Iterator[list[Any]]:
        """The table as an exported snapshot shows it, as the text that the types write, ``rows`` at a time."""
        values = SQL(", ").join(
            SQL("case when num_nulls({0}) = 0 then format('%s', {0}) end").format(Identifier(name)) for name in columns
        )
        with self._transaction("isolation level repeatable read read only"), self.session.cursor() as cursor:
            cursor.execute(SQL("set transaction snapshot {}").format(Literal(snapshot)))
            cursor.execute(
                SQL("declare snapshot_rows no scroll cursor for select {} from only {}").format(
                    values, Identifier(*table)
                )
            )
            while True:
                cursor.execute(SQL("fetch {} from snapshot_rows").format(Literal(rows)))
                if not (found := cursor.fetchall()):
                    return
                yield found

    @contextmanager
    def _transaction(self, kind: str = "") -> Iterator[None]:
        self.rows(f"begin {kind}")
        try:
            yield
        finally:
            # Nothing was written; a broken connection has ended the transaction itself.
            if not self.session.closed:
                self.rows("rollback")


def _dsn(url: str, connection: str) -> str:
    try:
        return str(make_dsn(url, application_name="mesh", connect_timeout=10))
    except psycopg2.ProgrammingError:
        # The text itself may hold a password.
        raise SettingsError(
            f"the URL of the source {connection} is not one of PostgreSQL such as "
            "postgresql://reader@db.example.org:5432/shop"
        ) from None
