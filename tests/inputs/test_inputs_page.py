"""The examples of docs/inputs.md: each is valid; files, and what follows a stream, are run as a user would."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from mesh_orchestration.compile import files
from mesh_orchestration.contract.mesh import load_mesh
from mesh_orchestration.contract.rules import draft_of, rule_findings
from mesh_orchestration.settings import Settings
from tests.builders import mesh_at, product
from tests.cli.mesh import mesh
from tests.cli.pages import Step, copy_of_the_repository, run_step, steps
from tests.kafka import Broker, Topic
from tests.orchestration.shop import write_project
from tests.postgres import PostgresDatabase

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "inputs.md").read_text()
PORTS: dict[str, dict[str, Any]] = {
    port["type"]: port
    for text in re.findall(r"```yaml\n(.*?)```", PAGE, flags=re.DOTALL)
    for port in yaml.safe_load(text)["inputs"]
}
FOLLOWING_MODEL = next(text for text in re.findall(r"```sql\n(.*?)```", PAGE, flags=re.DOTALL) if "config(" in text)


@pytest.mark.parametrize("kind", ["batch", "postgres-cdc", "kafka", "data-product"])
def test_the_example_of_a_type_is_valid(kind: str) -> None:
    assert list(rule_findings(draft_of(product(inputs=[PORTS[kind]])))) == []


@pytest.mark.slow
def test_the_files_of_the_page_are_published_in_the_example_mesh_as_its_commands_say(tmp_path: Path) -> None:
    copy_of_the_repository(tmp_path)
    part = PAGE.partition("## Files: `batch`")[2].partition("\n## ")[0]
    typed = [(step, run_step(step, tmp_path, MESH_REPLAY="off")) for step in steps(part)]

    assert [(step.command, said.code) for step, said in typed] == [(step.command, step.code) for step, _ in typed]
    rows = run_step(Step(f"{typed[-1][0].command} --json", 0), tmp_path, MESH_REPLAY="off").json
    assert rows == [
        {"line_id": 1, "amount": 10.5}, {"line_id": 2, "amount": 20.5}, {"line_id": 3, "amount": 7.25}
    ]  # fmt: skip
    contract = yaml.safe_load((tmp_path / "contracts" / "orders" / "till_lines" / "v1.yaml").read_text())
    (port,) = contract["spec"]["inputs"]
    shown = ("name", "type", "path", "format", "key")
    assert {key: port[key] for key in shown} == {key: PORTS["batch"][key] for key in shown}


STATES = product(
    "orders.order_states.v1",
    fields={"id": {"type": "long", "constraints": {"primary_key": True}}, "status": "string"},
    inputs=[PORTS["postgres-cdc"]],
)
PAYMENTS = product(
    "orders.payments.v1",
    fields={"payment_id": {"type": "long", "constraints": {"primary_key": True}}, "amount": "decimal(12,2)"},
    inputs=[PORTS["kafka"]],
)
MODELS = {
    "stg_orders_db__orders": FOLLOWING_MODEL,
    "order_states": "select id, status from {{ ref('stg_orders_db__orders') }}",
    "payments": "select payment_id, amount from {{ source('landing', 'payments') }}",
}


def shop_at(root: Path, source: PostgresDatabase, broker: Broker) -> Settings:
    url = source.server.url(source.name)
    settings = mesh_at(root, STATES, PAYMENTS, MESH_SOURCE_ORDERS_DB_URL=url, MESH_KAFKA_BOOTSTRAP=broker.address)
    shutil.copy(ROOT / "dagster.yaml", root)
    write_project(root, "orders", MODELS)
    macros = root / "dbt_projects" / "orders" / "macros"
    macros.mkdir()
    shutil.copy(ROOT / "dbt_projects" / "orders" / "macros" / "landing_ledger.sql", macros)
    files.write(load_mesh(settings), root)
    return settings


def published(settings: Settings, sql: str) -> list[list[Any]]:
    answer = mesh(settings, "query", sql, "--json")
    assert answer.code == 0, answer.err
    return [list(row.values()) for row in answer.json]


def payment(number: int, amount: str) -> bytes:
    said = f'{{"payment_id": {number}, "order_id": 1, "amount": {amount}, "paid_at": "2026-01-31T12:00:00Z"}}'
    return said.encode()


@pytest.mark.slow
def test_a_table_and_a_topic_become_published_products_and_stay_up_to_date(
    tmp_path: Path, postgres: PostgresDatabase, kafka_broker: Broker
) -> None:
    kafka_broker.create("shop.payments", 1)
    topic = Topic(kafka_broker, "shop.payments")
    postgres.run("create table orders (id bigint primary key, status text, note text)")
    postgres.run("insert into orders select g, 'new', null from generate_series(1, 4) g")
    topic.send(payment(1, "10.50"), payment(2, "20"))
    settings = shop_at(tmp_path, postgres, kafka_broker)
    states, paid = "select id, status from orders.order_states order by 1", "select * from orders.payments order by 1"
    try:
        first = mesh(settings, "run", "orders")
        assert first.code == 0, first.out + first.err
        assert published(settings, states) == [[1, "new"], [2, "new"], [3, "new"], [4, "new"]]

        postgres.run("update orders set status = 'paid' where id = 2; delete from orders where id = 3")
        postgres.run("insert into orders values (5, 'new', null)")
        topic.send(payment(2, "21.00"), b"oops", payment(3, "5"))
        topic.send(None, key="1")
        second = mesh(settings, "run", "orders")
        assert second.code == 0, second.out + second.err
        assert published(settings, states) == [[1, "new"], [2, "paid"], [4, "new"], [5, "new"]]
        assert [row[0] for row in published(settings, paid)] == [2, 3]

        postgres.run("update orders set status = 'sent'")
        again = mesh(settings, "resync", "orders.orders_db", "--json").json
        assert (again["rows"], again["batches"][0].split()[-1]) == (4, "snapshot")
    finally:
        postgres.run("select pg_drop_replication_slot('mesh_orders_orders_db')")


def test_resync_says_which_ports_there_are(tmp_path: Path) -> None:
    settings = mesh_at(tmp_path, STATES, PAYMENTS)
    wrong = mesh(settings, "resync", "orders.order_db")
    assert (wrong.code, "did you mean 'orders_db'?" in wrong.err) == (2, True)
    assert mesh(settings, "resync", "orders_db").code == 2
