"""Applying: steps follow from what is there, so they can be made twice, and after a crash."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from mesh_orchestration.compile.files import stale
from mesh_orchestration.contract.address import Address
from mesh_orchestration.contract.mesh import load_mesh
from mesh_orchestration.errors import MeshError, SettingsError
from mesh_orchestration.planning.apply import Applying, Step, steps
from mesh_orchestration.settings import Settings
from mesh_orchestration.storage.catalog import open_lake
from tests.builders import FIELDS, mesh_at, product
from tests.cli.mesh import environment
from tests.planning.repository import product_of, repository_at, rules
from tests.publication.publishing import ORDERS, exported, publish_orders, served

WIDER = product(version="1.1.0", fields={**FIELDS, "note": "string"})


def applied(settings: Settings, *only: str, drop: tuple[str, ...] = ()) -> list[str]:
    """Make every step; returns what was done."""
    mesh = load_mesh(settings)
    found = steps(settings, mesh, only=only, drop=drop)
    with Applying(settings, mesh) as applying:
        for step in found:
            applying.make(step)
    return [said(step) for step in found]


def said(step: Step) -> str:
    return f"{step.action} {step.target}"


def on_lake(done: list[str]) -> list[str]:
    return [one for one in done if "-file " not in one]


def columns(settings: Settings, address: Address) -> list[str]:
    with open_lake(settings) as lake:
        table = lake.table(address)
        return [field.name for field in table.schema().fields] if table else []


def test_a_new_mesh_gets_namespaces_tables_and_files_and_then_nothing(tmp_path: Path) -> None:
    settings = mesh_at(tmp_path, product(), product("billing.revenue.v1"))
    assert on_lake(applied(settings)) == [
        "create-namespace billing",
        "create-namespace orders",
        "create-table billing.revenue_v1",
        "create-table orders.order_lines_v1",
    ]
    assert columns(settings, ORDERS.address) == list(FIELDS)
    assert stale(load_mesh(settings), tmp_path) == ()
    assert applied(settings) == []


def test_a_published_table_evolves_and_is_published_under_the_new_schema(tmp_path: Path) -> None:
    settings = mesh_at(tmp_path, product())
    with open_lake(settings) as lake:
        publish_orders(lake, 1, run="one")
    mesh_at(tmp_path, WIDER)
    assert on_lake(applied(settings)) == ["evolve-table orders.order_lines_v1"]
    assert columns(settings, ORDERS.address) == [*FIELDS, "note"]
    with open_lake(settings) as lake:
        assert served(lake) == [1]
        publish_orders(lake, run="two", contract=WIDER, export=exported(2, columns=", 'n' as note"))
        assert served(lake) == [2]
    assert on_lake(applied(settings)) == []


def test_only_what_is_asked_for_is_made(tmp_path: Path) -> None:
    settings = mesh_at(tmp_path, product(), product("orders.orders.v1"), product("billing.revenue.v1"))
    done = applied(settings, "orders.orders")
    assert on_lake(done) == ["create-namespace orders", "create-table orders.orders_v1"]
    assert [one for one in done if "billing" in one] == []
    assert on_lake(applied(settings, "billing", "orders")) == [
        "create-namespace billing", "create-table billing.revenue_v1", "create-table orders.order_lines_v1",
    ]  # fmt: skip
    with pytest.raises(MeshError, match="'bilings' is not a data product"):
        applied(settings, "bilings")


def test_a_table_of_a_removed_product_stays_until_it_is_named(tmp_path: Path) -> None:
    tree = repository_at(tmp_path, product(), product("orders.old.v1"))
    applied(tree.settings)
    tree.remove("orders.old.v1")
    assert [(one.action, one.address) for one in tree.plan().tables] == [("stale-table", "orders.old.v1")]
    assert on_lake(applied(tree.settings)) == []
    assert on_lake(applied(tree.settings, drop=("orders.old.v1",))) == ["drop-table orders.old.v1"]
    assert columns(tree.settings, Address.parse("orders.old.v1")) == []
    assert tree.plan().tables == ()


@pytest.mark.parametrize(
    ("word", "why"),
    [
        ("orders.order_lines.v1", "it is still a product"),
        ("orders.old", "is not an address"),
        ("orders.gone.v1", "still read by billing.revenue.v1"),
    ],
)
def test_a_table_that_somebody_needs_is_not_dropped(tmp_path: Path, word: str, why: str) -> None:
    port = {"name": "gone", "type": "data-product", "product": "orders.gone.v1"}
    settings = mesh_at(tmp_path, product(), product("billing.revenue.v1", inputs=[port]))
    with pytest.raises(SettingsError, match=why):
        steps(settings, load_mesh(settings), only=("orders",), drop=(word,))


def test_a_table_that_cannot_become_its_contract_refuses_plan_and_apply(tmp_path: Path) -> None:
    tree = repository_at(tmp_path, product())
    with open_lake(tree.settings) as lake:
        publish_orders(lake, 1, run="one")
    # The lake is ahead of git here: the commit already says so, and only the table knows better.
    tree.write(product(version="1.1.0", fields={**FIELDS, "amount": "string"}))
    tree.commit()
    tree.write(product(version="1.1.1", fields={**FIELDS, "amount": "string"}, schedule="15 * * * *"))
    assert rules(tree.plan()) == ["table-cannot-evolve"]
    with pytest.raises(MeshError, match="column amount is published as"):
        steps(tree.settings, load_mesh(tree.settings))


def test_a_plan_knows_the_lake_from_the_contract(tmp_path: Path) -> None:
    tree = repository_at(tmp_path, product())
    with open_lake(tree.settings) as lake:
        publish_orders(lake, 1, run="one")
    tree.write(WIDER)
    (change,) = tree.plan().tables
    assert (change.action, change.compared_with, [(one.kind, one.column) for one in change.columns]) == (
        "evolve-table", "lake", [("added", "note")],
    )  # fmt: skip


def test_a_lake_that_cannot_be_read_is_a_warning_and_contracts_stand_for_it(tmp_path: Path) -> None:
    tree = repository_at(tmp_path, product())
    (tmp_path / ".mesh").mkdir(exist_ok=True)
    (tmp_path / ".mesh/catalog.db").write_bytes(b"no database at all" * 100)
    tree.write(WIDER)
    found = tree.plan()
    assert [one.rule for one in found.findings if one.severity != "note"] == ["lake-unreadable"]
    assert [(one.action, one.compared_with) for one in found.tables] == [("evolve-table", "contract")]


@pytest.mark.slow
@pytest.mark.parametrize("after", [1, 7])
def test_a_killed_apply_is_finished_by_the_next_one(tmp_path: Path, after: int) -> None:
    products = [product(f"orders.product_{number}.v1") for number in range(12)]
    tree = repository_at(tmp_path, *products)
    command = [sys.executable, "-m", "mesh_orchestration.cli", "apply", "--yes"]
    running = subprocess.Popen(command, env=environment(tree.settings), stdout=subprocess.PIPE, text=True)
    assert running.stdout
    done = 0
    while done < after:
        line = running.stdout.readline()
        assert line, "the process ended before it could be killed"
        done += line.startswith("done")
    running.send_signal(signal.SIGKILL)
    running.communicate(timeout=60)

    again = subprocess.run(command, env=environment(tree.settings), capture_output=True, text=True, timeout=120)
    assert (again.returncode, again.stderr) == (0, "")
    with open_lake(tree.settings) as lake:
        assert all(lake.table(one.address) for one in products)
    assert stale(load_mesh(tree.settings), tmp_path) == ()
    assert applied(tree.settings) == []


def test_a_new_expectation_is_held_against_the_published_rows(tmp_path: Path) -> None:
    tree = repository_at(tmp_path, product(), product("billing.revenue.v1", fields={"n": "long"}))
    with open_lake(tree.settings) as lake:
        publish_orders(lake, 1, 250, run="one")
    check = {"column": "amount", "assertion": "expect_column_values_to_be_between", "value": {"max_value": 100}}
    port = {"name": "lines", "type": "data-product", "product": "orders.order_lines.v1", "expects": {"checks": [check]}}
    tree.write(product("billing.revenue.v1", version="1.0.1", fields={"n": "long"}, inputs=[port]))
    found = tree.plan()
    (unmet,) = product_of(found, "billing.revenue.v1").unmet
    assert (rules(found), unmet.of) == (["expectation-unmet"], "data")
