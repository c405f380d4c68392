"""What breaks when a column goes, asked of DuckDB: exactly the columns that a query is said to name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import duckdb
import pytest

from mesh_orchestration.compile.sql_types import column_sql_type, field_sql_type
from mesh_orchestration.contract.mesh import Mesh, load_mesh
from mesh_orchestration.contract.ports import LANDED, options, upstream
from mesh_orchestration.impact.project import DbtProject
from mesh_orchestration.impact.sql import read_sql
from mesh_orchestration.impact.templates import Templates, macros_of
from tests.builders import settings_at
from tests.orchestration.shop import REPOSITORY

TABLES = {"t": ("a", "b", "c"), "u": ("x", "y", "a2"), "v": ("a", "z")}
QUERIES = (
    "select a, b as k, a + c as s from {t}",
    "with p as (select * from {t}), r as (select a from p where c > 0) select * from r",
    "select t.*, y from {t} t join {u} on a = x",
    "select * exclude (a) replace (c + 1 as c) from {t}",
    "select a as k from {t} union all select y from {u}",
    "select a from {t} t where exists (select 1 from {u} u where u.x = t.b and y > c)",
    "select a from {t} where b in (select max(y) from {u} group by x having count(a2) > 1)",
    "select (select max(y) from {u} u where u.x = t.a) as m from {t} t",
    "select s.p from (select a, b from {t}) as s(p, q)",
    "select z from {t} join {v} using (a)",
    "select a + 1 as d, d * 2 as e from {t} order by e, b",
    "select a, sum(b) over (partition by c order by a) as w from {t} qualify row_number() over (order by c) = 1",
    "select count(*) filter (where b > 1) as n from {t} group by all",
    "with recursive r(n) as (select a from {t} union all select n + 1 from r where n < 3) select n from r",
    "select l.m from {t} t, lateral (select t.b + u.y as m from {u} u) l",
    "select distinct on (b) a from {t}",
)


def breaks(connection: duckdb.DuckDBPyConnection, sql: str) -> bool:
    """Whether DuckDB can no longer make sense of the query."""
    try:
        connection.execute(f"explain {sql}")
    except duckdb.Error:
        return True
    return False


def without(sql: str, relation: str, column: str) -> str:
    """The query on ``relation`` as it would be without ``column``."""
    name = f'"(mesh)"."{relation}"'
    return sql.replace(name, f'(select * exclude ("{column}") from {name})')


def broken_by(
    connection: duckdb.DuckDBPyConnection, sql: str, columns: Mapping[str, Sequence[str]]
) -> set[tuple[str, str]]:
    assert not breaks(connection, sql), sql
    return {
        (relation, column)
        for relation, names in columns.items()
        for column in names
        if breaks(connection, without(sql, relation, column))
    }


@pytest.mark.parametrize("query", QUERIES)
def test_a_query_breaks_without_each_column_that_it_names_and_without_no_other(query: str) -> None:
    sql = query.format(**{name: f'"(mesh)"."{name}"' for name in TABLES})
    with duckdb.connect() as connection:
        connection.execute('create schema "(mesh)"')
        for name, columns in TABLES.items():
            typed = ", ".join(f"{column} integer" for column in columns)
            connection.execute(f'create table "(mesh)"."{name}" ({typed})')
        said = {tuple(one) for one in read_sql(sql, lambda relation: TABLES.get(relation, ())).used}
        assert said == broken_by(connection, sql, TABLES)


def landing_tables(mesh: Mesh, domain: str) -> Iterator[tuple[str, dict[str, str]]]:
    for name, port in mesh.ports(domain).items():
        source = upstream(port)
        fields = mesh.products[source].fields if source else ()
        columns = {field.name: field_sql_type(field) for field in fields}
        columns |= {column: column_sql_type(kind) for column, kind in options(port).declared.items()}
        yield f"landing__{name}", columns | dict(zip(LANDED, ("text", "timestamptz"), strict=True))
    yield "landing__ledger", {"port": "text", "batch": "text", "fingerprint": "text"}


@pytest.mark.slow
@pytest.mark.parametrize("domain", ["billing", "customers", "engagement", "inventory", "orders", "products"])
def test_every_model_of_the_example_breaks_without_exactly_the_columns_it_names(domain: str) -> None:
    mesh = load_mesh(settings_at(REPOSITORY))
    project = DbtProject(REPOSITORY, domain)
    names = frozenset(one.name for one in project.models)
    templates = Templates(domain, macros_of(project.macro_texts), project.variables, names)
    waiting = {one.name: templates.render(one.name, one.text) for one in project.models}
    with duckdb.connect() as connection:
        connection.execute("create schema \"(mesh)\"; set timezone = 'UTC'")
        columns: dict[str, tuple[str, ...]] = {}
        for table, typed in landing_tables(mesh, domain):
            listed = ", ".join(f'"{name}" {kind}' for name, kind in typed.items())
            connection.execute(f'create table "(mesh)"."{table}" ({listed})')
            columns[table] = tuple(typed)
        while ready := [name for name, one in waiting.items() if not set(one.relations) & waiting.keys() - {name}]:
            for name in ready:
                rendered = waiting.pop(name)
                connection.execute(f'create table "(mesh)"."{name}" as {rendered.sql[0]}')
                described = connection.execute(f'describe "(mesh)"."{name}"').fetchall()
                columns[name] = tuple(row[0] for row in described)
                for sql in rendered.sql:
                    reading = read_sql(sql, lambda relation: columns.get(relation, ()))
                    mine = {relation: columns[relation] for relation in reading.relations}
                    assert {tuple(one) for one in reading.used} == broken_by(connection, sql, mine), name
        assert waiting == {}
