"""Which models a change of dbt files touches, without dbt."""

from __future__ import annotations

from pathlib import Path

import pytest

from mesh_orchestration.planning.dbt_models import model_changes
from tests.orchestration.shop import write_project

MODELS = {
    "stg_till__lines": "select {{ cents('amount') }} as cents from {{ source('landing', 'till') }}",
    "int_lines": "select * from {{ ref('stg_till__lines') }}",
    "order_lines": "select * from {{ ref('int_lines') }}",
    "orders": "select 1 as n",
}
MACROS = {
    "cents": "{% macro cents(name) %}{{ rounded(name) }} * 100{% endmacro %}",
    "rounded": "{%- macro rounded(name) -%} round({{ name }}) {%- endmacro -%}",
    "unused": "{% macro unused() %}{% endmacro %}",
}
ALL = ["int_lines", "order_lines", "orders", "stg_till__lines"]
CHAIN = ["int_lines", "order_lines", "stg_till__lines"]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    write_project(tmp_path, "orders", MODELS)
    for name, text in MACROS.items():
        path = tmp_path / f"dbt_projects/orders/macros/{name}.sql"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    (tmp_path / "dbt_projects/orders/models/staging.yml").write_text(
        "models: [{name: stg_till__lines}, {name: gone}]\nsources: [{name: landing}]\n"
    )
    return tmp_path


def changed(root: Path, *paths: str) -> list[str]:
    found = model_changes(root, {f"dbt_projects/orders/{path}" for path in paths})
    return [one.model for one in found]


@pytest.mark.parametrize(
    ("path", "models"),
    [
        ("models/int_lines.sql", ["int_lines", "order_lines"]),
        ("models/stg_till__lines.sql", CHAIN),
        ("models/staging.yml", CHAIN),
        ("models/gone.sql", ["gone"]),
        ("macros/cents.sql", CHAIN),
        ("macros/rounded.sql", CHAIN),
        ("macros/unused.sql", []),
        ("macros/gone.sql", ALL),
        ("dbt_project.yml", ALL),
        ("tests/a_test.sql", []),
        ("models/_generated/contracts.yml", []),
        ("README.md", []),
    ],
)
def test_a_file_touches_its_models_and_those_built_from_them(root: Path, path: str, models: list[str]) -> None:
    assert changed(root, path) == models


def test_each_says_which_file_or_model_is_behind_it(root: Path) -> None:
    found = model_changes(root, {"dbt_projects/orders/models/int_lines.sql"})
    assert [(one.model, one.files, one.because) for one in found] == [
        ("int_lines", ("dbt_projects/orders/models/int_lines.sql",), ""),
        ("order_lines", (), "int_lines"),
    ]


def test_properties_that_are_no_yaml_touch_nothing(root: Path) -> None:
    (root / "dbt_projects/orders/models/staging.yml").write_text("models: [")
    assert changed(root, "models/staging.yml") == []


def test_a_project_that_is_gone_has_no_models_left_but_those_that_went(tmp_path: Path) -> None:
    assert changed(tmp_path, "models/orders.sql", "dbt_project.yml") == ["orders"]
