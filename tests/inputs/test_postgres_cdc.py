from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import psycopg2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg2.extras import LogicalReplicationConnection

from mesh_orchestration.engines import engine_for
from mesh_orchestration.errors import EngineError, SettingsError, SourceError
from mesh_orchestration.inputs.postgres import fold, following, server
from mesh_orchestration.settings import Settings
from tests.engines.landing import EVERY_SQL, EVERY_TYPE
from tests.inputs import dying_ingestion
from tests.inputs.shop_database import TABLE, Shop, port
from tests.postgres import PostgresDatabase, PostgresServer


@pytest.fixture
def source(postgres_server: PostgresServer, postgres: PostgresDatabase) -> Iterator[PostgresDatabase]:
    """A database with the table of orders; its slots are dropped so that the database can be."""
    postgres.run(TABLE)
    yield postgres
    postgres_server.run(
        f"select pg_drop_replication_slot(slot_name) from pg_replication_slots where database = '{postgres.name}'"
    )


def settings_for(folder: Path, source: PostgresDatabase, **environ: str) -> Settings:
    url = source.server.url(source.name)
    found = {"MESH_SOURCE_ORDERS_DB_URL": url, "MESH_POSTGRES_URL": source.url} | environ
    (folder / "contracts").mkdir(exist_ok=True)
    (folder / "workspace.yaml").touch()
    return Settings(root=folder, home=folder / ".mesh", environ=found)


@pytest.fixture
def shop(tmp_path: Path, source: PostgresDatabase) -> Iterator[Shop]:
    found = settings_for(tmp_path, source)
    with engine_for(found, "orders") as engine:
        yield Shop(source, engine, found)


@pytest.fixture(params=["duckdb", pytest.param("postgresql", marks=pytest.mark.slow)])
def each(request: pytest.FixtureRequest, tmp_path: Path, source: PostgresDatabase) -> Iterator[Shop]:
    """The shop with each engine in turn."""
    found = settings_for(tmp_path, source, MESH_ENGINE=request.param)
    with engine_for(found, "orders") as engine:
        yield Shop(source, engine, found)


def refused(shop: Shop, **given: object) -> str:
    with pytest.raises(SourceError) as error:
        shop.ingest(**given)
    return str(error.value)


def test_the_first_run_copies_the_table_and_the_next_follow_its_changes(each: Shop) -> None:
    each.run("insert into orders values (1, 'new', 'a'), (2, 'new', null), (3, 'new', '')")
    first = each.ingest()
    assert (first.rows, each.landed()) == (3, [(1, "new", "a"), (2, "new", None), (3, "new", "")])
    each.run("insert into orders values (4, 'new', 'd')")
    each.run("update orders set status = 'paid' where id = 1")
    each.run("delete from orders where id = 2")
    each.run("update orders set id = 30 where id = 3")
    second = each.ingest()
    assert each.landed() == [(1, "paid", "a"), (4, "new", "d"), (30, "new", "")]
    assert second.rows == 3
    assert first.watermark < second.watermark


def test_the_ledger_counts_the_rows_of_each_batch_after_changes(each: Shop) -> None:
    each.run("insert into orders select g, 'new', null from generate_series(1, 10) g")
    each.ingest()
    before = {entry.batch: entry.fingerprint for entry in each.engine.ledger("orders_db")}
    each.run("update orders set status = 'paid' where id <= 4")
    each.ingest()
    each.run("delete from orders where id = 10")
    each.ingest()
    assert sorted(each.entered().values()) == [4, 5]
    assert each.entered() == each.counted()
    after = {entry.batch: entry.fingerprint for entry in each.engine.ledger("orders_db")}
    assert {batch for batch in before if before[batch] == after[batch]} == set()


def test_a_batch_without_rows_left_is_forgotten(shop: Shop) -> None:
    shop.run("insert into orders values (1, 'new', null)")
    shop.ingest()
    shop.run("update orders set status = 'paid'")
    shop.ingest()
    assert list(shop.entered().values()) == [1]
    assert len(shop.engine.ledger("orders_db")) == 1


def test_a_run_without_changes_lands_nothing_and_lets_the_server_forget_its_log(shop: Shop) -> None:
    shop.ingest()
    shop.run("create table other (id int); insert into other select generate_series(1, 1000)")
    done = shop.ingest()
    confirmed = shop.run(f"select confirmed_flush_lsn::text from pg_replication_slots where slot_name = '{shop.slot}'")
    assert (done.rows, done.batches) == (0, ())
    assert following.position(str(confirmed[0][0])) == following.position(done.watermark)


def test_every_type_lands_the_same_from_the_copy_and_from_the_log(each: Shop) -> None:
    each.run(f"create table things as select 1::bigint as id, {EVERY_SQL}")
    each.run("alter table things add primary key (id)")
    options = {"table": "things", "columns": {"id": "long", **EVERY_TYPE}}
    each.ingest(**options)
    each.run(f"insert into things select 2, {EVERY_SQL}")
    each.run("insert into things (id) values (3)")
    each.ingest(**options)
    names = ", ".join(EVERY_TYPE)
    copied, logged, empty = each.landed(f"id, {names}")
    assert copied[1:] == logged[1:]
    assert [value for value in copied if value is None] == []
    assert set(empty[1:]) == {None}
    if each.engine.dialect == "postgres":
        assert copied == each.run(f"select id, {names} from things where id = 1")[0]


def test_without_columns_the_port_takes_all_there_are(shop: Shop) -> None:
    shop.run("create type mood as enum ('good', 'bad')")
    shop.run(
        "create table things (id int primary key, at timestamptz, price numeric(10,2), feeling mood, doc jsonb, "
        "twice int generated always as (id * 2) stored)"
    )
    shop.run("insert into things values (1, '2026-01-02 03:04:05+02', 9.5, 'good', '{\"a\": 1}')")
    shop.ingest(table="things", columns={})
    table = shop.engine.relation("landing__orders_db")
    assert shop.engine.execute(f'select id, "at"::varchar, price::varchar, feeling, doc from {table}') == [
        (1, "2026-01-02 01:04:05+00", "9.50", "good", '{"a": 1}')
    ]


def test_large_values_that_an_update_leaves_alone_are_kept(each: Shop) -> None:
    large = "(select string_agg(md5(g::text || {}), '') from generate_series(1, 2000) g)"
    each.run(f"insert into orders select 1, 'new', {large.format(1)}")
    each.run(f"insert into orders select 2, 'new', {large.format(2)}")
    each.ingest()
    each.run("update orders set status = 'paid' where id = 1")
    each.run("update orders set id = 20, status = 'sent' where id = 2")
    each.run("update orders set id = 200 where id = 20")
    each.run(f"insert into orders select 3, 'new', {large.format(3)}; update orders set status = 'back' where id = 3")
    each.ingest()
    assert each.landed() == each.source()
    assert [row[:2] for row in each.landed()] == [(1, "paid"), (3, "back"), (200, "sent")]


def test_with_the_full_identity_a_table_without_primary_key_is_followed(shop: Shop) -> None:
    shop.run("alter table orders drop constraint orders_pkey; create unique index on orders (id)")
    assert "alter table public.orders replica identity full" in refused(shop, key="id")
    shop.run("alter table orders replica identity full; alter table orders alter id set not null")
    shop.run("insert into orders values (1, 'new', repeat('x', 10)), (2, 'new', null)")
    shop.ingest(key="id")
    shop.run("update orders set id = 3, status = 'paid' where id = 1; delete from orders where id = 2")
    shop.ingest(key="id")
    assert shop.landed() == shop.source() == [(3, "paid", "x" * 10)]


def test_truncating_the_source_empties_the_port_and_what_follows_stays(each: Shop) -> None:
    each.run("insert into orders values (1, 'new', 'a'), (2, 'new', 'b')")
    each.ingest()
    each.run("insert into orders values (3, 'new', 'c'); truncate orders; insert into orders values (1, 'again', null)")
    each.ingest()
    assert each.landed() == each.source() == [(1, "again", None)]
    assert each.entered() == each.counted()


def test_a_rolled_back_transaction_is_never_seen(shop: Shop) -> None:
    shop.ingest()
    shop.run("begin; insert into orders values (1, 'new', null); rollback")
    shop.ingest()
    assert shop.landed() == []


STATEMENTS = st.one_of(
    st.builds(
        "insert into orders values ({}, 's{}', 'n') on conflict do nothing".format, st.integers(1, 5), st.integers(0, 9)
    ),
    st.builds("update orders set status = 's{1}' where id = {0}".format, st.integers(1, 5), st.integers(0, 9)),
    st.builds("delete from orders where id = {}".format, st.integers(1, 5)),
    st.builds(
        "update orders set id = {1} where id = {0} and not exists (select 1 from orders where id = {1})".format,
        st.integers(1, 5),
        st.integers(1, 5),
    ),
    st.just("truncate orders"),
    st.just("insert into orders select 9, 's', string_agg(md5(g::text), '') from generate_series(1, 500) g "
            "on conflict (id) do nothing"),
    st.just("update orders set id = 5 where id = 9 and not exists (select 1 from orders where id = 5)"),
    st.just("-- ingest"),
)  # fmt: skip


@pytest.mark.slow
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(statements=st.lists(STATEMENTS, max_size=12))
def test_whatever_happens_to_the_table_the_landed_rows_are_its_rows(shop: Shop, statements: list[str]) -> None:
    for statement in statements:
        shop.ingest() if statement == "-- ingest" else shop.run(statement)
    shop.ingest()
    assert shop.landed() == shop.source()
    assert shop.entered() == shop.counted()


# Exactly once


@pytest.mark.slow
@pytest.mark.parametrize("where", ["within", "between"])
@pytest.mark.parametrize("first", [True, False], ids=["copy", "changes"])
def test_a_killed_run_loses_and_repeats_nothing(
    tmp_path: Path, source: PostgresDatabase, first: bool, where: str
) -> None:
    found = settings_for(tmp_path, source)
    source.run("insert into orders select g, 'new', null from generate_series(1, 25000) g")
    if not first:
        assert dying_ingestion.run(found, "nowhere", port()) == 0
        source.run("update orders set status = 'paid' where id % 2 = 0; delete from orders where id % 5 = 0")
    assert dying_ingestion.run(found, where, port()) == -9
    source.run("insert into orders values (50000, 'late', null)")
    with engine_for(found, "orders") as engine:
        shop = Shop(source, engine, found)
        shop.ingest()
        assert shop.landed() == shop.source()
        assert shop.entered() == shop.counted()


def test_what_changes_while_the_table_is_copied_comes_with_the_next_run(shop: Shop) -> None:
    shop.run("insert into orders select g, 'new', null from generate_series(1, 5000) g")
    done = threading.Event()

    def write() -> None:
        number = 10_000
        while not done.is_set():
            number += 1
            shop.run(
                f"insert into orders values ({number}, 'while', null); update orders set note = '{number}' where id = 7"
            )

    writer = threading.Thread(target=write)
    writer.start()
    try:
        shop.ingest()
        shop.ingest()
        shop.ingest()
    finally:
        done.set()
        writer.join(timeout=30)
    shop.ingest()
    assert shop.landed() == shop.source()
    assert shop.entered() == shop.counted()


@pytest.mark.slow
def test_a_large_transaction_is_landed_in_steps_and_as_one_batch(shop: Shop) -> None:
    shop.run("insert into orders select g, 'new', null from generate_series(1, 1000) g")
    shop.ingest()
    shop.run(
        "begin; insert into orders select g, 'new', 'n' from generate_series(1001, 150000) g; "
        "update orders set status = 'paid' where id % 3 = 0; delete from orders where id % 7 = 0; commit"
    )
    done = shop.ingest()
    assert len(done.batches) == 1
    assert shop.landed("count(*), sum(id), count(*) filter (where status = 'paid')") == shop.source(
        "count(*), sum(id), count(*) filter (where status = 'paid')"
    )
    assert shop.entered() == shop.counted()
    assert fold.STEP_ROWS < 150_000


@pytest.mark.slow
def test_many_transactions_are_landed_in_several_batches(shop: Shop) -> None:
    shop.ingest()
    half = following.CHANGES * 3 // 4
    shop.run(f"insert into orders select g, 'new', null from generate_series(1, {half}) g")
    shop.run(f"insert into orders select g, 'new', null from generate_series({half + 1}, {2 * half}) g")
    shop.run("insert into orders values (0, 'last', null)")
    done = shop.ingest()
    assert (len(done.batches), done.rows) == (2, 2 * half + 1)
    assert shop.landed("count(*), sum(id)") == shop.source("count(*), sum(id)")


def test_somebody_elses_landing_in_between_is_refused(shop: Shop) -> None:
    shop.ingest()
    entries = shop.engine.ledger("orders_db")
    with pytest.raises(EngineError, match="another run has landed orders_db meanwhile"):
        shop.engine.advance("orders_db", entries[0].batch, "00000001/00000000", expected=())


# What the source may do to its table


def test_a_type_that_changed_stops_before_it_and_a_resync_takes_it_up(each: Shop) -> None:
    each.run("insert into orders values (1, 'new', '5')")
    each.ingest()
    each.run("insert into orders values (2, 'new', '6')")
    each.run("alter table orders alter note type integer using note::integer")
    message = refused(each)
    assert "column note has another type" in message
    assert "mesh resync orders.orders_db" in message
    assert each.landed() == [(1, "new", "5")]
    columns = {"id": "long", "status": "string", "note": "integer"}
    each.ingest(columns=columns, resync=True)
    assert each.landed() == [(1, "new", 5), (2, "new", 6)]
    each.run("insert into orders values (3, 'new', 7)")
    each.ingest(columns=columns)
    assert each.landed() == each.source()


def test_a_change_and_back_within_the_log_stops_behind_what_came_before(shop: Shop) -> None:
    shop.ingest()
    shop.run("insert into orders values (1, 'new', 'a')")
    shop.run("begin; insert into orders values (2, 'new', 'b'); alter table orders rename note to remark; "
             "insert into orders values (3, 'new', 'c'); commit")  # fmt: skip
    shop.run("alter table orders rename remark to note")
    assert "column note is gone" in refused(shop)
    assert shop.landed() == [(1, "new", "a")]
    assert "column note is gone" in refused(shop)
    shop.ingest(resync=True)
    assert shop.landed() == shop.source()
    assert shop.entered() == shop.counted()


def test_a_new_column_of_the_source_is_left_alone_when_the_port_names_its_columns(shop: Shop) -> None:
    shop.ingest()
    shop.run("alter table orders add column extra int default 5; insert into orders values (1, 'new', 'a', 6)")
    shop.ingest()
    assert shop.landed() == [(1, "new", "a")]
    columns = {"id": "long", "status": "string", "note": "string", "extra": "integer"}
    assert "column extra is new" in refused(shop, columns=columns)
    shop.ingest(columns=columns, resync=True)
    assert shop.landed("id, extra") == [(1, 6)]


def test_a_new_column_of_the_source_stops_a_port_that_takes_all(shop: Shop) -> None:
    shop.ingest(columns={})
    shop.run("alter table orders add column extra int default 5")
    assert "column extra is new" in refused(shop, columns={})
    shop.run("alter table orders drop column extra")
    shop.ingest(columns={})


def test_a_dropped_column_stops_until_the_contract_leaves_it_out(shop: Shop) -> None:
    shop.run("insert into orders values (1, 'new', 'a')")
    shop.ingest()
    shop.run("update orders set status = 'paid'; alter table orders drop column note")
    assert "column note is not there" in refused(shop)
    shop.ingest(columns={"id": "long", "status": "string"})
    shop.run("insert into orders values (2, 'new')")
    shop.ingest(columns={"id": "long", "status": "string"})
    assert shop.landed("id, status") == [(1, "paid"), (2, "new")]


def test_a_table_made_anew_is_not_followed_as_the_old_one(shop: Shop) -> None:
    shop.ingest()
    shop.run("drop table orders")
    shop.run(TABLE)
    assert "has made public.orders anew since it was landed" in refused(shop)
    shop.run(
        "alter publication mesh_orders_orders_db add table only orders; insert into orders values (1, 'new', null)"
    )
    shop.ingest(resync=True)
    assert shop.landed() == [(1, "new", None)]


def test_a_lost_slot_is_told_and_a_resync_makes_it_good(shop: Shop) -> None:
    shop.run("insert into orders values (1, 'new', 'a')")
    shop.ingest()
    shop.run(f"select pg_drop_replication_slot('{shop.slot}')")
    shop.run("delete from orders; insert into orders values (2, 'new', 'b')")
    message = refused(shop)
    assert f"has lost the replication slot {shop.slot}: it is not there" in message
    assert "mesh resync orders.orders_db" in message
    shop.ingest(resync=True)
    assert shop.landed() == [(2, "new", "b")]
    assert shop.entered() == shop.counted()


def test_a_slot_that_somebody_else_has_read_is_told(shop: Shop) -> None:
    shop.ingest()
    shop.run("insert into orders values (1, 'new', 'a')")
    shop.run(f"select pg_replication_slot_advance('{shop.slot}', pg_current_wal_flush_lsn())")
    assert "to another reader" in refused(shop)


def test_a_reader_that_has_not_let_go_of_the_slot_yet_is_waited_for(shop: Shop) -> None:
    shop.ingest()
    shop.run("insert into orders values (1, 'new', 'a')")
    other = psycopg2.connect(shop.settings.source_url("orders_db"), connection_factory=LogicalReplicationConnection)
    options = {"proto_version": "1", "publication_names": shop.slot}
    other.cursor().start_replication(slot_name=shop.slot, options=options)
    assert shop.run("select count(*) from pg_replication_slots where active") == [(1,)]
    leaving = threading.Timer(0.3, other.close)
    leaving.start()
    try:
        assert shop.ingest().rows == 1
    finally:
        leaving.join(timeout=10)


def test_the_slot_of_another_mesh_is_left_alone(shop: Shop) -> None:
    shop.run(f"select pg_create_logical_replication_slot('{shop.slot}', 'pgoutput')")
    message = refused(shop)
    assert f"has a replication slot {shop.slot} that this mesh has not made" in message
    assert shop.run(f"select 1 from pg_replication_slots where slot_name = '{shop.slot}'") == [(1,)]
    shop.ingest(slot=f"{shop.slot}_2")


def test_a_value_that_the_declared_type_cannot_hold_keeps_nothing_and_no_slot(shop: Shop) -> None:
    shop.run("create table things (id int primary key, day date)")
    shop.run("insert into things values (1, '2026-01-01'), (2, 'infinity')")
    message = refused(shop, table="things", columns={"id": "long", "day": "date"})
    assert "column day: found 'infinity', expected date" in message
    assert shop.landed("id") == []
    assert shop.run(f"select 1 from pg_replication_slots where slot_name = '{shop.slot}'") == []
    shop.run("delete from things where id = 2")
    shop.ingest(table="things", columns={"id": "long", "day": "date"})
    shop.run("insert into things values (3, 'infinity')")
    assert "found 'infinity'" in refused(shop, table="things", columns={"id": "long", "day": "date"})
    assert shop.landed("id") == [(1,)]


# What the set-up may lack


def test_a_port_of_only_name_and_type_says_what_it_needs(shop: Shop) -> None:
    assert refused(shop, table=None) == (
        "orders_db: the port names no table; add `table: schema.name` to it in the contract"
    )


def test_a_source_without_url_names_the_setting(shop: Shop) -> None:
    with pytest.raises(SettingsError, match="MESH_SOURCE_ERP_CORE_URL is not set"):
        shop.ingest(connection="erp-core")


def test_a_url_that_is_none_is_told_without_its_text(tmp_path: Path, source: PostgresDatabase) -> None:
    found = settings_for(tmp_path, source, MESH_SOURCE_ORDERS_DB_URL="postgres//reader:s3cret@nowhere")
    with engine_for(found, "orders") as engine, pytest.raises(SettingsError) as error:
        Shop(source, engine, found).ingest()
    assert "s3cret" not in f"{error.value!r}{error.value.__cause__!r}"


def test_a_wrong_password_is_told_without_it(tmp_path: Path, source: PostgresDatabase) -> None:
    url = f"postgresql://nobody:s3cret@127.0.0.1:{source.server.port}/{source.name}"
    found = settings_for(tmp_path, source, MESH_SOURCE_ORDERS_DB_URL=url)
    with engine_for(found, "orders") as engine, pytest.raises(SourceError) as error:
        Shop(source, engine, found).ingest()
    assert 'role "nobody" does not exist' in str(error.value)
    assert "s3cret" not in str(error.value)


def test_a_table_that_is_not_there_and_one_without_identity(shop: Shop) -> None:
    assert "has no table public.ordres" in refused(shop, table="ordres")
    shop.run("create table log (at int)")
    assert "without a replica identity" in refused(shop, table="log", columns={})
    shop.run("create view seen as select * from orders")
    assert "as a view" in refused(shop, table="seen", columns={})
    shop.run("create table parts (id int primary key) partition by range (id)")
    assert "as a partitioned table" in refused(shop, table="parts", columns={})
    assert "column stauts is not there; did you mean 'status'?" in refused(
        shop, columns={"id": "long", "stauts": "string"}
    )
    assert "column status is text, expected long" in refused(shop, columns={"id": "long", "status": "long"})
    assert "which does not hold the key (status)" in refused(shop, key="status")
    assert "which the port does not take" in refused(shop, columns={"status": "string"})
    assert shop.run("select count(*) from pg_publication") == [(0,)]


def test_a_login_that_may_too_little_is_told_what_to_ask_for(tmp_path: Path, source: PostgresDatabase) -> None:
    source.server.run("do $$ begin create role reader login; exception when duplicate_object then null; end $$")
    url = source.server.url(source.name, "reader")
    found = settings_for(tmp_path, source, MESH_SOURCE_ORDERS_DB_URL=url)
    with engine_for(found, "orders") as engine:
        shop = Shop(source, engine, found)
        source.run("grant select on orders to reader")
        assert 'create publication "mesh_orders_orders_db" for table only "public"."orders"' in refused(shop)
        source.run("create publication mesh_orders_orders_db for table only orders")
        assert "needs the attribute REPLICATION" in refused(shop)
        source.server.run("alter role reader replication")
        source.run("insert into orders values (1, 'new', null)")
        shop.ingest()
        source.run("update orders set status = 'paid'")
        shop.ingest()
        assert shop.landed() == [(1, "paid", None)]


def test_a_publication_that_tells_too_little_is_told(shop: Shop) -> None:
    shop.run("create publication first for table orders with (publish = 'insert')")
    assert "publishes only some operations in first" in refused(shop, publication="first")
    shop.run("create table other (id int primary key); create publication others for table other")
    assert "alter publication others add table only public.orders" in refused(shop, publication="others")
    shop.run("create publication slim for table orders (id, status)")
    assert "publishes public.orders in slim without note" in refused(shop, publication="slim")
    shop.run("create publication few for table orders where (id > 5)")
    assert "only where (id > 5)" in refused(shop, publication="few")


def test_a_server_out_of_reach_is_told() -> None:
    with pytest.raises(SourceError, match=r"the PostgreSQL source orders_db \(127.0.0.1:1/shop\) could not be reached"):
        server.Server("postgresql://127.0.0.1:1/shop", "orders_db")
