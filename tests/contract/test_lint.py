"""Findings over a whole mesh."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from mesh_orchestration.contract.lint import lint
from mesh_orchestration.settings import Settings
from tests.builders import FIELDS, contract_text, mesh_at, product, write_contract

LINES = "orders.order_lines.v1"


def with_model(settings: Settings, *names: str, domain: str = "orders") -> Settings:
    for name in names:
        path = settings.dbt_dir / domain / "models" / "marts" / f"{name}.sql"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("select 1 as order_id\n")
    return settings


def messages(settings: Settings, *paths: Path) -> list[str]:
    return [str(problem) for problem in lint(settings, paths)]


def test_a_sound_mesh_has_no_findings(tmp_path: Path) -> None:
    assert lint(with_model(mesh_at(tmp_path, product(LINES)), "order_lines")) == ()


def test_a_contract_that_names_a_missing_model_is_told_where_it_belongs_and_the_nearest(tmp_path: Path) -> None:
    settings = with_model(mesh_at(tmp_path, product(LINES, model="order_lines")), "orders_lines")
    (message,) = messages(settings)
    assert message == (
        "contracts/orders/order_lines/v1.yaml:10 spec.model: there is no model 'order_lines', expected "
        "dbt_projects/orders/models/**/order_lines.sql; did you mean 'orders_lines'?"
    )


def test_a_description_that_does_not_start_with_the_grain_is_a_finding(tmp_path: Path) -> None:
    settings = with_model(mesh_at(tmp_path, product(LINES, description="All order lines.")), "order_lines")
    (message,) = messages(settings)
    assert message == (
        "contracts/orders/order_lines/v1.yaml:7 metadata.description: "
        "found 'All order lines.', expected the grain first: 'One row per …'"
    )


def test_a_missing_description_is_a_finding(tmp_path: Path) -> None:
    settings = with_model(mesh_at(tmp_path, product(LINES, description="")), "order_lines")
    assert "metadata.description: is missing; start it with the grain" in messages(settings)[0]


def test_a_field_without_description_is_a_finding(tmp_path: Path) -> None:
    fields = dict(FIELDS) | {"extra": {"type": "string", "description": ""}}
    (message,) = messages(with_model(mesh_at(tmp_path, product(LINES, fields=fields)), "order_lines"))
    assert message.endswith(
        "spec.schema.fields[3].description: 'extra' has no description; say what it means in one sentence"
    )


def test_findings_and_broken_contracts_are_reported_in_one_run(tmp_path: Path) -> None:
    settings = with_model(mesh_at(tmp_path, product(LINES, description="Lines.")), "order_lines")
    write_contract(tmp_path, contract_text("billing.revenue.v1", owner="nobody"), at="billing.revenue.v1")
    assert [message.split(" ")[1] for message in messages(settings)] == ["spec.owner:", "metadata.description:"]


def test_paths_narrow_the_findings_to_a_folder(tmp_path: Path) -> None:
    settings = mesh_at(tmp_path, product(LINES), product("billing.revenue.v1"))
    assert [problem.file for problem in lint(settings, (tmp_path / "contracts" / "billing",))] == [
        "contracts/billing/revenue/v1.yaml"
    ]


def test_a_path_that_does_not_exist_is_a_finding(tmp_path: Path) -> None:
    missing = tmp_path / "contracts" / "nowhere"
    assert messages(mesh_at(tmp_path), missing) == [f"{missing}:1 there is no such file or folder"]


def test_linting_imports_none_of_the_heavy_packages() -> None:
    heavy = "{'dagster', 'dbt', 'great_expectations', 'pandas', 'polars', 'pyarrow', 'duckdb', 'pyiceberg'}"
    code = f"import sys, mesh_orchestration.contract.lint; print(sorted({heavy} & sys.modules.keys()))"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"
