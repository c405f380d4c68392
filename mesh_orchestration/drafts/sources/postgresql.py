"""A PostgreSQL table: what its definition says is stated, what its first rows say is suggested.

Everything is read in one read-only transaction.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from mesh_orchestration.drafts.base import Found, Observed, Options, SourceColumn
from mesh_orchestration.drafts.files import SAMPLE, ordered_reader
from mesh_orchestration.drafts.names import slug
from mesh_orchestration.drafts.profile import find_key
from mesh_orchestration.drafts.tables import chosen, profile_text
from mesh_orchestration.drafts.types import from_sql
from mesh_orchestration.errors import SettingsError, SourceError
from mesh_orchestration.quoting import ident, literal

_SECONDS = 10
_TEXT = "as_text"
_TABLES = """
    select n.nspname || '.' || c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p', 'v', 'm', 'f') and n.nspname <> 'information_schema' and n.nspname !~ '^pg_'
      and not c.relispartition and has_table_privilege(c.oid, 'select')
"""
_TABLE = """
    select c.oid, c.relkind, c.reltuples::bigint, coalesce(obj_description(c.oid, 'pg_class'), '')
    from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname || '.' || c.relname = %s
"""
_COLUMNS = """
    select a.attname, format_type(coalesce(nullif(t.typbasetype, 0), a.atttypid),
                                  case when t.typbasetype <> 0 then t.typtypmod else a.atttypmod end),
           a.attnotnull or t.typnotnull, coalesce(col_description(a.attrelid, a.attnum), ''),
           array(select e.enumlabel::text from pg_enum e where e.enumtypid = a.atttypid order by e.enumsortorder)
    from pg_attribute a join pg_type t on t.oid = a.atttypid
    where a.attrelid = %s and a.attnum > 0 and not a.attisdropped order by a.attnum
"""
_CONSTRAINTS = """
    select c.contype, c.conname, pg_get_constraintdef(c.oid), array(
        select a.attname::text from unnest(c.conkey) with ordinality as k(num, place)
        join pg_attribute a on a.attrelid = c.conrelid and a.attnum = k.num order by k.place)
    from pg_constraint c where c.conrelid = %s and c.contype in ('p', 'u', 'f', 'c') order by c.contype, c.conname
"""


@dataclass(frozen=True)
class _Table:
    """A table's definition: ``estimate`` is the planner's row count, below 0 when it has none."""

    name: str
    kind: str
    estimate: int
    comment: str
    columns: tuple[tuple[str, str, bool, str, list[str]], ...]
    constraints: tuple[tuple[str, str, str, list[str]], ...]

    def of_type(self, kind: str) -> list[tuple[str, str, list[str]]]:
        """Name, definition and columns of the constraints of one kind."""
        return [(name, text, columns) for found, name, text, columns in self.constraints if found == kind]


def recognises(source: str) -> bool:
    """Whether it is the word of the database; its URL is in a setting, never in a command."""
    return source == "postgresql"


def read(source: str, options: Options) -> Found:
    """The columns, keys and comments of the table and what its rows say; raises SettingsError when the database
    cannot be reached, SourceError when the table is not there."""
    with _session(options) as cursor:
        table = _definition(cursor, chosen(options.table, _tables(cursor), what="table", source=source))
        words, left_out = _words(table)
        if not words:
            reasons = "; ".join(left_out.values())
            raise SourceError(f"has no column that a contract can hold: {reasons}", source=table.name)
        with ordered_reader(options.settings) as connection:
            with TemporaryDirectory(prefix="import-", dir=options.settings.home) as folder:
                rows = _copy(cursor, table.name, tuple(words), Path(folder) / "rows.csv", limit=options.rows)
                _load(connection, Path(folder) / "rows.csv", tuple(words))
            seen, unread = profile_text(connection, _TEXT, words)
            declared, reason = _declared_key(table, words)
            key = declared or find_key(connection, SAMPLE, words, seen)
    total = max(table.estimate, rows) if options.rows and rows == options.rows else rows
    return Found(
        kind="postgresql",
        name=slug(table.name.rsplit(".", 1)[-1]),
        title=f"the PostgreSQL table {table.name}",
        columns=tuple(_column(table, name, word, seen[name], unread.get(name)) for name, word in words.items()),
        key=key,
        key_reason=reason,
        rows=total,
        looked_at=rows,
        left_out=left_out,
        port=_port(table, key),
        metadata={"description": table.comment} if table.comment else {},
        to_decide=tuple(_to_decide(table, words, key)),
    )


@contextmanager
def _session(options: Options) -> Iterator[Any]:
    """A cursor in a read-only transaction; no message of it shows a password."""
    import psycopg2
    from psycopg2.extensions import parse_dsn

    url = options.settings.get(options.url_setting)
    if not url:
        raise SettingsError(
            f"{options.url_setting} is not set; give the database to read, "
            f"e.g. {options.url_setting}=postgresql://reader@127.0.0.1:5432/shop"
        )
    try:
        server = parse_dsn(url)
    except psycopg2.Error:
        raise SettingsError(f"{options.url_setting} is no PostgreSQL URL such as postgresql://host/database") from None
    where = f"{server.get('host', 'localhost')}:{server.get('port', 5432)}/{server.get('dbname', '')}"
    try:
        connection = psycopg2.connect(url, application_name="mesh", connect_timeout=_SECONDS)
        try:
            connection.set_session(readonly=True, isolation_level="REPEATABLE READ")
            with connection.cursor() as cursor:
                cursor.execute("set local timezone to 'UTC'; set local datestyle to 'ISO'")
                yield cursor
        finally:
            connection.close()
    except psycopg2.Error as error:
        said = str(error).strip().splitlines()[:1] or [type(error).__name__]
        text = said[0].replace(server.get("password") or "\0", "***")
        raise SettingsError(f"PostgreSQL at {where} ({options.url_setting}) cannot be read: {text}") from None


def _tables(cursor: Any) -> list[str]:
    cursor.execute(_TABLES)
    return [name for (name,) in cursor.fetchall()]


def _definition(cursor: Any, name: str) -> _Table:
    cursor.execute(_TABLE, (name,))
    oid, kind, estimate, comment = cursor.fetchone()
    cursor.execute(_COLUMNS, (oid,))
    columns = tuple(cursor.fetchall())
    cursor.execute(_CONSTRAINTS, (oid,))
    return _Table(name, kind, estimate, comment, columns, tuple(cursor.fetchall()))


def _words(table: _Table) -> tuple[dict[str, str], dict[str, str]]:
    words, left_out = {}, {}
    for name, kind, _, _, labels in table.columns:
        try:
            words[name] = "string" if labels else from_sql(kind, "postgres")
        except ValueError as error:
            left_out[name] = str(error)
    return words, left_out


def _relation(name: str) -> str:
    return ident(*name.split(".", 1))


def _copy(cursor: Any, table: str, names: tuple[str, ...], path: Path, *, limit: int) -> int:
    """Write the first rows as text to a file of its own; returns how many."""
    columns = ", ".join(f"{ident(name)}::text" for name in names)
    bound = f" limit {limit}" if limit else ""
    with path.open("wb") as file:
        cursor.copy_expert(f"copy (select {columns} from {_relation(table)}{bound}) to stdout (format csv)", file)
    return int(cursor.rowcount)


def _load(connection: Any, path: Path, names: tuple[str, ...]) -> None:
    columns = ", ".join(f"{literal(name)}: 'VARCHAR'" for name in names)
    connection.execute(
        f"create temp table {_TEXT} as select * from read_csv({literal(str(path))}, auto_detect = false, "
        f"header = false, delim = ',', quote = '\"', escape = '\"', allow_quoted_nulls = false, "
        f"columns = {{{columns}}})"
    )


def _declared_key(table: _Table, words: Mapping[str, str]) -> tuple[tuple[str, ...], str]:
    never_null = {name for name, _, not_null, *_ in table.columns if not_null}
    for kind, what in (("p", "primary key"), ("u", "unique constraint")):
        for name, _, columns in table.of_type(kind):
            if set(columns) <= never_null & set(words):
                return tuple(columns), f"the {what} {name} of the table"
    return (), ""


def _column(table: _Table, name: str, word: str, seen: Observed, unread: str | None) -> SourceColumn:
    _, kind, not_null, comment, labels = next(column for column in table.columns if column[0] == name)
    constraints: dict[str, Any] = {"null": False} if not_null else {}
    if [name] in [columns for _, _, columns in table.of_type("u")]:
        constraints["unique"] = True
    if labels:
        constraints["enum"] = labels
    length = kind.partition("(")[2].rstrip(")")
    if word == "string" and length.isdigit():
        constraints["max_length"] = int(length)
    remarks = [f"the table says: {text}" for _, text, columns in table.of_type("c") if columns == [name]]
    remarks += [f"the table says: {text}" for _, text, columns in table.of_type("f") if columns == [name]]
    if kind == "numeric":
        remarks.append("numeric without digits in the table: decimal(38,9) is a guess")
    said: dict[str, Any] = {"description": comment} if comment else {}
    said |= {"constraints": constraints} if constraints else {}
    return SourceColumn(name, word, said, (*remarks, *([unread] if unread else ())), seen)


def _port(table: _Table, key: tuple[str, ...]) -> dict[str, Any] | None:
    """A port that keeps up with the table; a view has no change log, a table without a key no identity."""
    if table.kind not in {"r", "p"} or not key:
        return None
    return {"name": slug(table.name.rsplit(".", 1)[-1]), "type": "postgres-cdc", "table": table.name}


def _to_decide(table: _Table, words: Mapping[str, str], key: tuple[str, ...]) -> Iterator[str]:
    for kind in ("c", "f", "u"):
        for name, text, columns in table.of_type(kind):
            if len(columns) != 1 and tuple(columns) != key and set(columns) <= set(words):
                yield f"the table says {name}: {text}; say it as a check if consumers rely on it"
    if table.kind not in {"r", "p"}:
        yield f"inputs: {table.name} is no plain table, so no change log can be read; name an input"
