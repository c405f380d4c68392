"""What engines say of errors, held against the engines: no value is left in it, and it still says what is wrong."""

from __future__ import annotations

import re
from pathlib import Path

import duckdb
import psycopg2
import pytest

from mesh_orchestration.masking import without_values
from tests.postgres import PostgresDatabase

SECRETS = ("Zwiebelfrucht", 'O\'Zwiebel "frucht" (a) x', "Zwiebel' to INT32\nfrucht", "73911.37")
DUCKDB = (
    "select cast(person as integer) from people",
    "select cast(person as date) from people",
    "select cast(person as timestamptz) from people",
    "select cast(person as decimal(4, 2)) from people",
    "select cast(person as integer[]) from people",
    "select cast(person as struct(a integer)) from people",
    "select cast(person as json) from people",
    "select person::enum('a', 'b') from people",
    "select strptime(person, '%Y') from people",
    "select from_base64(person || '!') from people",
    "select date_part(person, current_date) from people",
    "select regexp_matches('a', person || '((') from people",
    "select error(person) from people",
    "select error('column born_on: found ' || person || ', expected date') from people",
    "insert into people select * from people",
    "select cast(salary as decimal(4, 2)) from people",
    "select cast(cast(salary as integer) as tinyint) from people",
    "select cast(salary as integer) * cast(salary as integer) from people",
    "select make_date(cast(salary as integer), 99, 1) from people",
    "select chr(cast(salary as integer) * 1000) from people",
)
POSTGRES = (
    "select cast(person as integer) from people",
    "select cast(person as date) from people",
    "select cast(person as json) from people",
    "select cast(person as integer[]) from people",
    "select cast(person as uuid) from people",
    "select cast(person as boolean) from people",
    "select to_date(person, 'MM')::text from people",
    "insert into people select * from people",
    "insert into people select person || 'x', null from people",
    "insert into people select person || 'x', -1 from people",
    "select cast(salary * 100000 as integer) from people",
    "select cast(salary as numeric(4, 2)) from people",
    "select decode(person || '!', 'hex') from people",
)
WORDS = re.compile(r"Zwiebel|frucht|73911")


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize("sql", DUCKDB)
def test_duckdb_quotes_no_value(sql: str, secret: str) -> None:
    with duckdb.connect() as database:
        database.execute("create table people (person varchar primary key, salary decimal(10, 2))")
        database.execute("insert into people values (?, 73911.37)", [secret])
        try:
            database.execute(sql).fetchall()
        except duckdb.Error as error:
            said = without_values(f"Failure in model people\n  {error}")
            assert said.startswith("Failure in model people\n")
            assert WORDS.search(said) is None


@pytest.mark.parametrize("row", ['"Zwiebelfrucht x",4', "Zwiebelfrucht", 'a"Zwiebel"frucht,"1'])
def test_a_file_that_cannot_be_read_is_not_quoted(row: str, tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text(f"a,b\n1,2\n{row}\n")
    columns = "{'a': 'integer', 'b': 'integer'}"
    with pytest.raises(duckdb.Error) as caught:
        duckdb.sql(f"from read_csv('{tmp_path}/rows.csv', columns = {columns}, header = true)").fetchall()

    assert WORDS.search(without_values(str(caught.value))) is None


@pytest.mark.slow
def test_postgresql_quotes_no_value(postgres: PostgresDatabase) -> None:
    postgres.run("create table people (person varchar primary key, salary numeric not null check (salary > 0))")
    found = []
    for secret in SECRETS:
        quoted = secret.replace("'", "''")
        postgres.run(f"delete from people; insert into people values ('{quoted}', 73911.37)")
        for sql in POSTGRES:
            try:
                postgres.run(sql)
            except psycopg2.Error as error:
                said = without_values(f"Database Error in model people\n  {error}")
                assert said.startswith("Database Error in model people\n")
                assert WORDS.search(said) is None, said
                found.append(said)
    assert len(found) > len(POSTGRES)


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("Conversion Error: Could not convert string 'Ada' to INT32 when casting from source column phone",
         "Conversion Error: *** to INT32 when casting from source column phone"),
        ("a.csv: Invalid Input Error: column born_on: found 28.07.91x, expected date",
         "a.csv: Invalid Input Error: column born_on: found ***, expected date"),
        ("column salary: found 'Ada', expected decimal(10,2); nothing was kept",
         "column salary: found ***, expected decimal(10,2); nothing was kept"),
        ('Constraint Error: Duplicate key "id: Ada" violates primary key constraint.',
         "Constraint Error: *** violates primary key constraint"),
        ('duplicate key value violates unique constraint "people_pkey"\nDETAIL:  Key (id)=(Ada) already exists.',
         '*** violates unique constraint "people_pkey"'),
    ],
)  # fmt: skip
def test_what_is_no_value_stays(said: str, told: str) -> None:
    assert without_values(said) == told


@pytest.mark.parametrize(
    "said",
    [
        'Binder Error: Referenced column "nothere" not found in FROM clause!\nCandidate bindings: "n"',
        "column born_on: found VARCHAR, expected date (DATE)",
        "column amount: found BIGINT, expected decimal(10,2) (DECIMAL(10,2))",
        'relation "people" does not exist',
        "Compilation Error in model people (models/people.sql)\n  This model has an enforced contract that failed.",
        "/data/day1.csv: column email: not in the file, expected string (VARCHAR); did you mean 'mail'?",
    ],
)
def test_a_message_that_is_not_about_a_value_stays_as_it_is(said: str) -> None:
    assert without_values(said) == said
