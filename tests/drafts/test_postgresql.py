from __future__ import annotations

import pytest

from mesh_orchestration.errors import SettingsError, SourceError
from mesh_orchestration.settings import Settings
from tests.builders import settings_at
from tests.drafts.drafting import comments, constraints, drafted, fields, finished
from tests.postgres import PostgresDatabase

SHOP = """
    create schema shop;
    create type shop.state as enum ('open', 'closed');
    create domain shop.sku as varchar(8) not null check (value ~ '^[A-Z]');
    create table shop.customers (id int primary key);
    create table shop.orders (
        order_id bigint generated always as identity primary key,
        sku shop.sku,
        state shop.state not null default 'open',
        amount numeric(12,2) check (amount >= 0),
        share numeric,
        email text,
        customer_id int references shop.customers,
        placed_at timestamptz not null,
        tags text[],
        payload jsonb,
        raw bytea,
        code char(2) unique,
        check (amount > 0 or state = 'open')
    );
    comment on table shop.orders is 'One row per order.';
    comment on column shop.orders.amount is 'What was paid.';
    create table shop.lines (order_id int not null, line int not null, "Odd Name" real, unique (order_id, line));
    create view shop.amounts as select order_id, amount from shop.orders;
    insert into shop.customers select generate_series(1, 3);
    insert into shop.orders (sku, state, amount, share, email, customer_id, placed_at, tags, payload, raw, code)
    select 'AB' || i % 3, 'closed', i, case when i = 5 then 'NaN' else i / 8.0 end, '', 1 + i % 3,
           timestamptz '2026-01-01 00:00:00+00' + i * interval '1 hour', '{a,"b"}', '{}', 'xx', chr(60 + i) || 'a'
    from generate_series(1, 50) i;
    insert into shop.lines select i / 2, i % 2, null from generate_series(1, 9) i
"""


@pytest.fixture
def shop(settings: Settings, postgres: PostgresDatabase) -> Settings:
    postgres.run(SHOP, user="mesh")
    return settings_at(settings.root, MESH_IMPORT_POSTGRES_URL=postgres.url)


def test_what_a_table_states_is_stated_and_what_its_rows_say_is_suggested(shop: Settings) -> None:
    found = drafted("postgresql", shop, table="shop.orders")
    assert fields(found) == {
        "order_id": "long", "sku": "string", "state": "string", "amount": "decimal(12,2)", "share": "decimal(38,9)",
        "email": "string", "customer_id": "integer", "placed_at": "timestamptz", "tags": "array<string>",
        "raw": "binary", "code": "string",
    }  # fmt: skip
    assert constraints(found) == {
        "order_id": {"primary_key": True},
        "sku": {"null": False, "max_length": 8},
        "state": {"null": False, "enum": ["open", "closed"]},
        "placed_at": {"null": False},
        "code": {"unique": True, "max_length": 2},
    }
    assert comments(found, "amount") == [
        "the table says: CHECK ((amount >= (0)::numeric))",
        "observed: 1.00 … 50.00, no nulls in 50 rows, about 50 distinct",
        'constraints: {"null": false, min: 0}',
    ]
    assert comments(found, "share")[:3] == [
        "numeric without digits in the table: decimal(38,9) is a guess",
        "values that are no decimal(38,9), such as NaN or infinity, count as null here: 1",
        "observed: 0.125000000 … 6.250000000, 2.0% null (1 of 50 rows), about 49 distinct",
    ]
    assert (
        comments(found, "customer_id")[0] == "the table says: FOREIGN KEY (customer_id) REFERENCES shop.customers(id)"
    )
    assert comments(found, "tags")[0] == "observed: no nulls in 50 rows, about 1 distinct"
    assert found.to_decide[:2] == (
        "left out payload: jsonb is no type of a contract; make a column of each part that matters, or cast it to text",
        "primary key order_id: the primary key orders_pkey of the table",
    )
    assert any(line.startswith("the table says orders_check: CHECK") for line in found.to_decide)
    assert finished(found, shop).fields[3].description == "What was paid."
    assert found.product["metadata"]["description"] == "One row per order."


def test_a_table_with_a_key_brings_a_port_that_follows_its_changes(shop: Settings) -> None:
    found = drafted("postgresql", shop, table="customers")
    assert found.port == {
        "name": "customers", "type": "postgres-cdc", "table": "shop.customers", "key": ["id"],
        "columns": {"id": "integer"},
    }  # fmt: skip
    assert found.to_decide[-1] == (
        "inputs: the port follows the table's change log; MESH_SOURCE_CUSTOMERS_URL is its database"
    )
    assert finished(found, shop).inputs[0].options["table"] == "shop.customers"


def test_a_unique_constraint_over_columns_that_are_never_null_is_a_key(shop: Settings) -> None:
    found = drafted("postgresql", shop, table="shop.lines")
    assert constraints(found) == {"order_id": {"primary_key": True}, "line": {"primary_key": True}}
    assert found.port is None
    assert found.to_decide[-1].startswith("inputs: only a batch input calls columns otherwise")


def test_a_view_has_no_change_log(shop: Settings) -> None:
    found = drafted("postgresql", shop, table="shop.amounts")
    assert (constraints(found), found.port) == ({"order_id": {"primary_key": True}}, None)
    assert found.to_decide[-1] == "inputs: shop.amounts is no plain table, so no change log can be read; name an input"


def test_of_a_large_table_the_first_rows_are_looked_at(shop: Settings, postgres: PostgresDatabase) -> None:
    postgres.run("analyze", user="mesh")
    found = drafted("postgresql", shop, table="shop.orders", rows=10)
    assert found.rows == 50
    assert "distinct values, sets and keys are those of the first 10 of 50 rows" in found.to_decide


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ("", r"has 4 tables; choose one with --table: shop\.amounts, shop\.customers, shop\.lines, shop\.orders"),
        ("shop.order", r"has no table 'shop\.order'; did you mean 'shop\.orders'\?"),
    ],
)
def test_a_table_that_is_not_there_is_answered_with_those_that_are(table: str, said: str, shop: Settings) -> None:
    with pytest.raises(SourceError, match=said):
        drafted("postgresql", shop, table=table)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("", "OPS_URL is not set; give the database to read, e.g. OPS_URL=postgresql://"),
        ("mysql://root:hunter2@h/db", "OPS_URL is no PostgreSQL URL"),
        ("postgresql://me:hunter2@127.0.0.1:1/db", r"PostgreSQL at 127\.0\.0\.1:1/db \(OPS_URL\) cannot be read"),
    ],
)
def test_a_database_out_of_reach_is_said_without_its_password(url: str, said: str, settings: Settings) -> None:
    with pytest.raises(SettingsError, match=said) as refused:
        drafted("postgresql", settings_at(settings.root, OPS_URL=url), url_setting="OPS_URL")
    assert "hunter2" not in str(refused.value)
