"""Who reads which column, on the example mesh and on small ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from mesh_orchestration.contract.address import Address
from mesh_orchestration.contract.mesh import load_mesh
from mesh_orchestration.impact.readers import ROWS, Readers, readers
from tests.builders import product, settings_at
from tests.impact.meshes import LINES, SOURCE, files, lines, read, revenue, use
from tests.orchestration.shop import REPOSITORY


def example() -> Readers:
    settings = settings_at(REPOSITORY)
    return readers(load_mesh(settings), REPOSITORY)


def test_consumers_are_known_by_the_columns_that_their_models_name() -> None:
    found = {use.consumer: use.columns for use in example().of(LINES)}
    assert found["inventory.daily_movements.v1"] == {
        "basket_id", "product_id", "store_id", "ordered_on", "quantity", "sales_value",
    }  # fmt: skip


def test_a_product_of_the_same_domain_reads_another_through_its_model() -> None:
    uses = {use.consumer: use for use in example().of(LINES)}
    assert uses["orders.orders.v1"].files == ("dbt_projects/orders/models/marts/orders.sql",)
    assert uses["orders.orders.v1"].into("coupon_discount") == ("coupon_discount", "used_coupon")


def test_a_column_that_nobody_reads_names_nobody() -> None:
    assert [use.consumer for use in example().of(LINES) if use.read("shelf_value")] == []


def test_a_column_is_followed_to_the_columns_it_becomes() -> None:
    steps = {(flow.consumer, flow.column) for flow in example().downstream(LINES, "sales_value")}
    assert ("billing.daily_revenue.v1", "private_label_value") in steps
    assert ("billing.coupon_reimbursements.v1", ROWS) in steps


def test_a_column_says_where_its_values_come_from() -> None:
    came = example().columns(Address.parse("billing.daily_revenue.v1"))
    assert came["private_label_value"] == ("orders.order_lines.v1.sales_value", "products.catalog.v1.brand")
    assert came["line_count"] == ()


def test_a_port_that_no_model_reads_gives_no_column(tmp_path: Path) -> None:
    files(tmp_path, "billing", models__revenue___sql="select 1.0 as total, 1 as stores")
    assert use(read(tmp_path), "billing.revenue.v1").columns == frozenset()


def test_a_column_goes_through_stars_and_joins_to_the_mart(tmp_path: Path) -> None:
    files(
        tmp_path,
        "billing",
        models__staging__stg_lines___sql=f"with p as (select * from {SOURCE}) select * from p",
        models__revenue___sql="select sum(amount) as total, count(distinct store) as stores "
        "from {{ ref('stg_lines') }} where note <> ''",
    )
    found = use(read(tmp_path), "billing.revenue.v1")
    assert {one.column: (one.into, one.rows) for one in found.reads} == {
        "amount": (("total",), False),
        "Store": (("stores",), False),
        "note": ((), True),
    }


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("select {{ dbt_utils.star(source('landing', 'lines')) }} from " + SOURCE, "'dbt_utils' is undefined"),
        ("select from where " + SOURCE, "its SQL cannot be read"),
    ],
)
def test_what_cannot_be_told_counts_as_reading_everything_and_says_why(tmp_path: Path, text: str, reason: str) -> None:
    files(tmp_path, "billing", models__revenue___sql=text)
    found = use(read(tmp_path), "billing.revenue.v1")
    assert (found.columns, found.read("note")) == (None, True)
    assert found.why.startswith("dbt_projects/billing/models/revenue.sql: ")
    assert reason in found.why


def test_a_python_model_reads_everything_it_asks_for(tmp_path: Path) -> None:
    text = "def model(dbt, session):\n    return dbt.source('landing', 'lines')\n"
    files(tmp_path, "billing", models__revenue___py=text)
    assert use(read(tmp_path), "billing.revenue.v1").why.endswith("a Python model may read any column")


def test_a_product_without_its_model_reads_everything(tmp_path: Path) -> None:
    assert use(read(tmp_path), "billing.revenue.v1").why == "there is no dbt project dbt_projects/billing"
    files(tmp_path, "billing", models__other___sql="select 1 as one")
    assert use(read(tmp_path), "billing.revenue.v1").why == "there is no model 'revenue' in dbt_projects/billing"


def test_exposures_read_the_products_they_depend_on(tmp_path: Path) -> None:
    board = """
exposures:
  - name: board
    type: dashboard
    url: https://bi.example.com/board
    owner: {name: Ann, email: ann@example.com}
    depends_on: [ref('revenue'), "source('landing', 'lines')"]
    config: {meta: {columns: [total, note]}}
  - name: notebook
    type: notebook
    owner: {name: Ben}
    depends_on: [ref('stg_lines')]
"""
    files(
        tmp_path,
        "billing",
        models__stg_lines___sql=f"select amount, store from {SOURCE}",
        models__revenue___sql="select sum(amount) as total, count(store) as stores from {{ ref('stg_lines') }}",
        models__exposures___yml=board,
    )
    found = read(tmp_path)
    board_use = use(found, "billing.board", Address.parse("billing.revenue.v1"))
    assert (board_use.columns, board_use.owner, board_use.url) == (
        frozenset({"total"}),
        "ann@example.com",
        "https://bi.example.com/board",
    )
    assert use(found, "billing.board").columns == {"note"}
    notebook = use(found, "billing.notebook")
    assert (notebook.kind, notebook.type, notebook.owner, notebook.columns) == (
        "exposure", "notebook", "Ben", frozenset({"amount", "Store"}),
    )  # fmt: skip


def test_an_exposure_that_names_no_columns_reads_all_of_a_product(tmp_path: Path) -> None:
    text = "exposures: [{name: board, type: dashboard, owner: {name: Ann}, depends_on: [ref('revenue')]}]\n"
    files(tmp_path, "billing", models__revenue___sql=f"select 1 as total from {SOURCE}", models__e___yml=text)
    found = use(read(tmp_path), "billing.board", Address.parse("billing.revenue.v1"))
    assert (found.columns, found.why) == (None, "it takes every column")


@pytest.mark.parametrize(
    "text",
    [
        "exposures: [{name: board, depends_on: 5}]\n",
        "exposures: 5\n",
        "exposures: " + "[" * 5000 + "]" * 5000 + "\n",
        "exposures: [{name: board, depends_on: [2026-99-99]}]\n",
    ],
)
def test_a_file_that_dbt_refuses_hides_no_reader(tmp_path: Path, text: str) -> None:
    files(tmp_path, "billing", models__revenue___sql=f"select amount from {SOURCE}", models__e___yml=text)
    assert use(read(tmp_path), "billing.revenue.v1").columns == {"amount"}


def test_declared_consumers_read_what_they_declare(tmp_path: Path) -> None:
    said = [
        {"name": "Board", "type": "dashboard", "owner": "ann@example.com", "columns": ["amount"]},
        {"name": "Model", "type": "ml", "owner": "team:science"},
    ]
    found = read(tmp_path, lines(consumers=said))
    assert use(found, "Board").columns == {"amount"}
    assert use(found, "Model").columns is None


def test_models_that_lead_to_no_product_and_tests_read_too(tmp_path: Path) -> None:
    files(
        tmp_path,
        "billing",
        models__revenue___sql="select 1.0 as total, 1 as stores",
        models__loose___sql=f"select note from {SOURCE}",
        tests__lines_have_amounts___sql=f"select line_id from {SOURCE} where amount is null",
        tests__generic__any___sql="{% test any(model) %} select 1 {% endtest %}",
    )
    found = {one.consumer: (one.kind, one.columns) for one in read(tmp_path).of(LINES)}
    assert found == {
        "billing.revenue.v1": ("product", frozenset()),
        "billing.loose": ("model", frozenset({"note"})),
        "billing.lines_have_amounts": ("test", frozenset({"line_id", "amount"})),
    }


def test_a_column_that_the_upstream_has_lost_is_still_known_to_be_read(tmp_path: Path) -> None:
    files(
        tmp_path,
        "billing",
        models__stg_lines___sql=f"select * from {SOURCE}",
        models__revenue___sql="select sum(gone) as total, 1 as stores from {{ ref('stg_lines') }}",
    )
    assert use(read(tmp_path), "billing.revenue.v1").columns == {"gone"}


def test_a_column_is_followed_through_several_products_and_a_circle_is_walked_once(tmp_path: Path) -> None:
    monthly = product(
        "finance.monthly.v1",
        fields={"sum_total": "double"},
        inputs=[{"name": "revenue", "type": "data-product", "product": "billing.revenue.v1"}],
    )
    files(tmp_path, "billing", models__revenue___sql=f"select amount as total, 1 as stores from {SOURCE}")
    files(
        tmp_path,
        "finance",
        models__monthly___sql="select sum(total) as sum_total from {{ source('landing', 'revenue') }}",
    )
    found = read(tmp_path, lines(), revenue(), monthly)
    assert [(flow.consumer, flow.column) for flow in found.downstream(LINES, "amount")] == [
        ("billing.revenue.v1", "total"),
        ("finance.monthly.v1", "sum_total"),
    ]
    assert found.columns(monthly.address) == {"sum_total": ("billing.revenue.v1.total",)}


def test_both_forms_of_an_incremental_model_count(tmp_path: Path) -> None:
    text = f"""
    {{{{ config(materialized='incremental') }}}}
    select amount as total, store as stores from {SOURCE}
    {{% if is_incremental() %}}where line_id > (select max(stores) from {{{{ this }}}}){{% endif %}}
    """
    files(tmp_path, "billing", models__revenue___sql=text)
    found = use(read(tmp_path), "billing.revenue.v1")
    assert found.columns == {"amount", "Store", "line_id"}
    assert found.into("amount") == ("total",)


def test_seeds_and_relations_of_nobody_are_no_products(tmp_path: Path) -> None:
    files(
        tmp_path,
        "billing",
        seeds__rates___csv="store,rate\n1,2.5\n",
        models__revenue___sql=f"select amount * rate as total, 1 as stores from {SOURCE} join {{{{ ref('rates') }}}} "
        "using (store) join somewhere.else_ on true",
    )
    assert use(read(tmp_path), "billing.revenue.v1").columns == {"amount", "Store"}
