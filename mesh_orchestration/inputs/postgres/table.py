"""What a source says of a table, and whether a port can follow it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from mesh_orchestration.contract.ports import LANDED, PostgresCdcPort
from mesh_orchestration.contract.wording import suggestion
from mesh_orchestration.engines.columns import Column
from mesh_orchestration.errors import SourceError
from mesh_orchestration.inputs.postgres.pgoutput import SourceColumn
from mesh_orchestration.inputs.postgres.server import Server
from mesh_orchestration.inputs.postgres.text import derived, fits


@dataclass(frozen=True)
class Found:
    """A column as the catalog shows it; ``spelled`` is the type in SQL's words."""

    source: SourceColumn
    spelled: str
    required: bool


@dataclass(frozen=True)
class Table:
    """The table a port follows, and what of it; ``origin`` tells a table made anew under the same name."""

    schema: str
    name: str
    origin: str
    columns: tuple[Column, ...]
    kinds: Mapping[str, str]
    key: tuple[str, ...]
    whole: bool
    """Whether the port takes every column, whatever they are."""
    logs_rows: bool
    """Whether the log has the whole old row of an update or delete, not only what identifies it."""

    def __str__(self) -> str:
        return f"{self.schema}.{self.name}"


def find_table(server: Server, options: PostgresCdcPort) -> Table:
    """The table of the options; raises SourceError that says why it cannot be followed and what to do."""
    schema, name = _named(options)
    found = server.rows(
        "select c.oid::bigint, c.relkind, c.relreplident, (select system_identifier::text from pg_control_system()) "
        "from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname = %s and c.relname = %s",
        (schema, name),
    )
    if not found:
        raise server.error(f"has no table {schema}.{name}, or the login may not see its schema; correct `table:`")
    oid, kind, identity, system = found[0]
    if kind != "r":
        what = {"p": "a partitioned table", "v": "a view", "m": "a materialized view", "f": "a foreign table"}
        raise server.error(
            f"has {schema}.{name} as {what.get(kind, 'no table')}, whose changes its log does not tell in full; "
            "follow plain tables (each partition can be a port of its own)"
        )
    offered = {one.source.name: one for one in _columns(server, oid)}
    columns = _taken(server, f"{schema}.{name}", options, offered)
    key = _key(server, f"{schema}.{name}", options, _indexes(server, oid), str(identity))
    _check_key(server, f"{schema}.{name}", key, offered, columns)
    kinds = {column.name: offered[column.name].source.kind for column in columns}
    return Table(schema, name, f"{system}/{oid}", columns, kinds, key, not options.columns, identity == "f")


def _named(options: PostgresCdcPort) -> tuple[str, str]:
    if options.table is None:
        raise SourceError("the port says no table; add `table: schema.name` to it in the contract")
    schema, _, name = options.table.rpartition(".")
    return schema or "public", name


def _columns(server: Server, oid: int) -> Iterator[Found]:
    rows = server.rows(
        "select attname, atttypid::bigint, atttypmod, format_type(atttypid, atttypmod), attnotnull from pg_attribute "
        "where attrelid = %s and attnum > 0 and not attisdropped and attgenerated = '' order by attnum",
        (oid,),
    )
    for name, kind, modifier, spelled, required in rows:
        yield Found(SourceColumn(name, kind, modifier), spelled, required)


def _taken(server: Server, table: str, options: PostgresCdcPort, offered: Mapping[str, Found]) -> tuple[Column, ...]:
    declared = options.columns or {name: derived(one.spelled) for name, one in offered.items() if name not in LANDED}
    columns = tuple(Column.parse(name, kind) for name, kind in declared.items())
    problems = []
    for column in columns:
        one = offered.get(column.name)
        if one is None:
            problems.append(f"column {column.name} is not there{suggestion(column.name, offered)}")
        elif not fits(one.spelled, column):
            problems.append(f"column {column.name} is {one.spelled}, expected {column.word}")
    if problems:
        raise server.error(
            f"offers {table} otherwise than the port declares: {'; '.join(problems)}; correct `columns:` in the "
            "contract (a column that was dropped can go), then run `mesh resync` if the port had landed already"
        )
    return columns


@dataclass(frozen=True)
class _Index:
    columns: tuple[str, ...]
    primary: bool
    identity: bool


def _indexes(server: Server, oid: int) -> tuple[_Index, ...]:
    """The unique indexes of plain columns over all rows."""
    rows = server.rows(
        "select array(select attname::text from unnest(i.indkey::int2[]) with ordinality k(attnum, place) "
        "join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.attnum where place <= i.indnkeyatts "
        "order by place), i.indisprimary, i.indisreplident from pg_index i where i.indrelid = %s and i.indisunique "
        "and i.indisvalid and i.indimmediate and i.indpred is null and i.indexprs is null",
        (oid,),
    )
    return tuple(_Index(tuple(columns), primary, identity) for columns, primary, identity in rows)


def _key(
    server: Server, table: str, options: PostgresCdcPort, indexes: tuple[_Index, ...], identity: str
) -> tuple[str, ...]:
    logged = next((one.columns for one in indexes if {"d": one.primary, "i": one.identity}.get(identity)), ())
    if identity != "f" and not logged:
        raise server.error(
            f"has {table} without a replica identity, so its log cannot tell which row was updated or deleted; "
            f"give it a primary key, or let its owner run: alter table {table} replica identity full"
        )
    primary = next((one.columns for one in indexes if one.primary), ())
    key = options.key or primary or logged
    if not key:
        raise server.error(f"has {table} without a primary key; name the columns that identify a row with `key:`")
    if logged and not set(key) <= set(logged):
        raise server.error(
            f"logs ({', '.join(logged)}) of a changed row of {table}, which does not hold the key "
            f"({', '.join(key)}); correct `key:`, or let its owner run: alter table {table} replica identity full"
        )
    if not any(set(one.columns) <= set(key) for one in indexes):
        raise server.error(
            f"does not keep ({', '.join(key)}) of {table} unique; let its owner add a unique index on it, "
            "or name other columns with `key:`"
        )
    return key


def _check_key(
    server: Server, table: str, key: tuple[str, ...], offered: Mapping[str, Found], columns: tuple[Column, ...]
) -> None:
    taken = {column.name for column in columns}
    for name in key:
        if name not in taken:
            raise server.error(f"identifies rows of {table} by {name}, which the port does not take; add it to columns")
        if not offered[name].required:
            raise server.error(
                f"allows nulls in {table}.{name}, so it identifies no row; let its owner make it not null, "
                "or name other columns with `key:`"
            )
