"""A name that is not quoted is read as a column by DuckDB and by PostgreSQL."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from mesh_orchestration.compile.dbt import dbt_properties
from mesh_orchestration.compile.sql_names import RESERVED, column
from mesh_orchestration.contract.mesh import load_mesh
from tests.builders import mesh_at, product
from tests.postgres import PostgresServer


def query(word: str) -> str:
    name = column(word)
    ranked = f"select *, row_number() over (partition by {name} order by {name} desc) as place from made"
    return f"""with made as (select 42 as "{word}", 1 as other) select {name}, other from ({ranked}) as ranked"""


def test_duckdb_reads_every_keyword_that_is_not_quoted() -> None:
    with duckdb.connect() as connection:
        words = [row[0] for row in connection.execute("select keyword_name from duckdb_keywords()").fetchall()]
        assert [word for word in words if connection.execute(query(word)).fetchall() != [(42, 1)]] == []
    assert len(words) > len(RESERVED)


@pytest.mark.slow
def test_postgresql_reads_every_keyword_that_is_not_quoted(postgres_server: PostgresServer) -> None:
    words = [str(row[0]) for row in postgres_server.run("select word from pg_get_keywords()")]
    assert [word for word in words if postgres_server.run(query(word)) != [(42, 1)]] == []


def test_dbt_is_told_to_quote_a_reserved_name(tmp_path: Path) -> None:
    settings = mesh_at(tmp_path, product(fields={"order": "string", "amount": "long"}))
    text = dbt_properties(load_mesh(settings), "orders")
    assert text.count("quote") == 1
