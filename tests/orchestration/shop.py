"""A small mesh on disk: ``orders`` lands a file and publishes order_lines, ``billing`` turns them into revenue."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path

from mesh_orchestration.compile import files
from mesh_orchestration.contract.mesh import load_mesh
from mesh_orchestration.contract.model import DataProduct
from mesh_orchestration.settings import Settings
from tests.builders import mesh_at, product

REPOSITORY = Path(__file__).parents[2]
LINES = product(
    "orders.order_lines.v1",
    owner="team-orders@example.com",
    tags=["sales"],
    fields={"line_id": {"type": "long", "constraints": {"primary_key": True}}, "amount": "double"},
    inputs=[
        {
            "name": "till", "type": "batch", "path": "till/*.csv", "format": "csv",
            "key": ["line_id"], "columns": {"line_id": "long", "amount": "double"},
        }
    ],
    checks=[
        {"column": "amount", "assertion": "expect_column_values_to_not_be_null", "threshold": 0.9},
        {"column": "amount", "assertion": "expect_column_values_to_be_between", "value": {"max_value": 100},
         "severity": "warn"},
    ],
    sla={"freshness": "1h"},
)  # fmt: skip
REVENUE = product(
    "billing.revenue.v1",
    fields={"lines": "long", "amount": "double"},
    inputs=[{"name": "order_lines", "type": "data-product", "product": "orders.order_lines.v1"}],
    checks=[{"column": "lines", "assertion": "expect_column_values_to_not_be_null"}],
    sla={"freshness": "2h"},
)
MODELS = {
    "orders": {
        "stg_till__lines": "select line_id, amount from {{ source('landing', 'till') }}",
        "order_lines": "select line_id, amount from {{ ref('stg_till__lines') }}",
    },
    "billing": {
        "revenue": "select count(line_id) as lines, sum(amount) as amount from {{ source('landing', 'order_lines') }}"
    },
}
TESTS = {
    "orders": ("lines_have_numbers", "select * from {{ ref('stg_till__lines') }} where line_id is null"),
    "billing": ("revenue_is_positive", "select * from {{ ref('revenue') }} where amount < 0"),
}


def shop_at(root: Path, *, products: Iterable[DataProduct] = (LINES, REVENUE), **environ: str) -> Settings:
    """The mesh in ``root`` with one landed batch of three lines; returns its settings."""
    settings = mesh_at(root, *products, **environ)
    shutil.copy(REPOSITORY / "dagster.yaml", root)
    for domain, models in MODELS.items():
        write_project(root, domain, models)
        name, sql = TESTS[domain]
        (root / "dbt_projects" / domain / "tests").mkdir()
        (root / "dbt_projects" / domain / "tests" / f"{name}.sql").write_text(f"{sql}\n")
    files.write(load_mesh(settings), root)
    land(settings, "day1", "1,10.5\n2,20\n3,30\n")
    return settings


def write_project(root: Path, domain: str, models: dict[str, str]) -> None:
    """A dbt project whose marts are tables and whose staging models are views."""
    folder = root / "dbt_projects" / domain
    (folder / "models").mkdir(parents=True, exist_ok=True)
    (folder / "dbt_project.yml").write_text(
        f"name: {domain}\nversion: 1.0.0\nprofile: {domain}\nmodels: {{+materialized: table}}\n"
        "flags: {send_anonymous_usage_stats: false}\n"
    )
    for name, sql in models.items():
        view = "{{ config(materialized='view') }}\n" if name.startswith("stg_") else ""
        (folder / "models" / f"{name}.sql").write_text(f"{view}{sql}\n")


def land(settings: Settings, batch: str, rows: str) -> None:
    """Drop a file of ``line_id,amount`` rows at the source of orders."""
    folder = settings.landing_dir / "till"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{batch}.csv").write_text(f"line_id,amount\n{rows}")
