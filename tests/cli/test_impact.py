"""``mesh impact`` and what else tells of consumers and of products that end, as a person uses it."""

from __future__ import annotations

from pathlib import Path

import pytest

from mesh_orchestration.settings import Settings
from tests.builders import settings_at
from tests.cli.mesh import mesh
from tests.impact.meshes import PORT, SOURCE, files, lines, read, revenue

NOW = "2026-11-21T06:00:00+00:00"
EXPECTS = {"fields": [{"name": "amount", "type": "double", "null": False}], "freshness": "2h"}


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Revenue of deprecated lines that a board reads too; revenue expects a freshness that nobody promises."""
    root = tmp_path_factory.mktemp("shop")
    board = {"name": "Board", "type": "dashboard", "owner": "ann@example.com", "columns": ["note"]}
    files(
        root, "billing", models__revenue___sql=f"select sum(amount) as total, 1 as stores from {SOURCE} where store > 0"
    )
    files(root, "orders", models__order_lines___sql="select 1 as line_id, 1.0 as amount, '' as note, 1 as store")
    read(
        root,
        lines(consumers=[board], status="deprecated", sunset="2026-12-31"),
        revenue(inputs=[PORT | {"expects": EXPECTS}]),
    )
    return settings_at(root, MESH_NOW=NOW)


def test_a_person_sees_who_reads_what_and_until_when(shop: Settings) -> None:
    answer = mesh(shop, "impact", "orders.order_lines")
    assert answer.code == 0, answer.err
    assert [line.strip(" │├└─") for line in answer.out.splitlines()] == [
        "orders.order_lines.v1  version 1.0.0, team:orders",
        "billing.revenue.v1  product, team:money",
        "amount → total",
        "Store → which rows there are",
        "Board  declared dashboard, ann@example.com",
        "note → declared",
        "orders.order_lines.v1 is deprecated and ends on 2026-12-31, in 40 days",
        "Nobody reads line_id.",
        "What billing.revenue.v1 expects at lines is not met.",
        "contract: orders.order_lines.v1 promises no freshness, expected 2h",
    ]


def test_a_program_gets_one_column_as_json(shop: Settings) -> None:
    said = mesh(shop, "impact", "orders.order_lines.v1.amount", "--json").json
    assert (said["address"], said["column"]) == ("orders.order_lines.v1", "amount")
    assert [(one["consumer"], one["reads"][0]["into"]) for one in said["consumers"]] == [
        ("billing.revenue.v1", ["total"])
    ]
    assert said["flows"] == [
        {"from": "orders.order_lines.v1.amount", "consumer": "billing.revenue.v1", "column": "total", "certain": True}
    ]
    assert said["expectations"][0]["met"] is False


def test_check_exits_1_when_a_consumer_does_not_get_what_it_expects(shop: Settings) -> None:
    answer = mesh(shop, "impact", "orders.order_lines", "--check")
    assert answer.code == 1
    assert "nothing of orders.order_lines.v1 is published yet" in answer.out


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("orders.order_lines.v1.amounts", "orders.order_lines.v1 has no column 'amounts'; did you mean 'amount'?"),
        ("orders.order_line", "'orders.order_line' is not a data product; did you mean 'orders.order_lines.v1'?"),
    ],
)
def test_a_name_that_is_nothing_is_answered_with_the_nearest(shop: Settings, name: str, message: str) -> None:
    answer = mesh(shop, "impact", name)
    assert (answer.code, message in answer.err) == (1, True)


def test_lint_reports_what_is_not_kept_and_warns_of_what_ends(shop: Settings) -> None:
    said = mesh(shop, "lint", "--json")
    assert said.code == 1
    messages = {one["message"] for one in said.json["problems"]}
    assert "orders.order_lines.v1 promises no freshness, expected 2h" in messages
    assert [one["path"] for one in said.json["warnings"]] == ["spec.inputs[0].product"]


@pytest.mark.slow
def test_show_and_status_tell_of_what_ends_to_owner_and_consumer(shop: Settings) -> None:
    ends = "orders.order_lines.v1 is deprecated and ends on 2026-12-31, in 40 days"
    assert ends in mesh(shop, "show", "billing.revenue").out
    shown = mesh(shop, "show", "orders.order_lines", "--json").json
    assert (shown["deprecations"], shown["consumers"]) == ([ends], ["billing.revenue.v1", "Board"])
    assert {one["address"]: one["deprecations"] for one in mesh(shop, "status", "--json").json} == {
        "orders.order_lines.v1": [ends],
        "billing.revenue.v1": [f"{ends} (read by billing.revenue.v1)"],
    }


def test_a_warning_alone_does_not_fail_lint(tmp_path: Path) -> None:
    files(tmp_path, "billing", models__revenue___sql=f"select 1.0 as total, 1 as stores from {SOURCE}")
    files(tmp_path, "orders", models__order_lines___sql="select 1 as line_id")
    read(tmp_path, lines(status="deprecated", sunset="2026-12-31"), revenue())
    answer = mesh(settings_at(tmp_path, MESH_NOW=NOW), "lint")
    assert (answer.code, answer.out.splitlines()[-1]) == (0, "no findings, 1 warning")
