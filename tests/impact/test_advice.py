"""Findings between contracts: deprecated inputs, expectations that a producer no longer keeps."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from mesh_orchestration.contract.mesh import load_mesh
from mesh_orchestration.contract.model import DataProduct
from mesh_orchestration.impact.advice import advice
from tests.builders import mesh_at
from tests.impact.meshes import PORT, lines, revenue

TODAY = date(2026, 11, 21)


def told(root: Path, *products: DataProduct, today: date = TODAY, paths: tuple[Path, ...] = ()) -> list[str]:
    settings = mesh_at(root, *products)
    found = advice(load_mesh(settings), root, today, paths)
    return [f"{one.severity}: {one.problem}" for one in found]


def test_reading_a_deprecated_product_is_a_warning_until_its_sunset(tmp_path: Path) -> None:
    going = lines(status="deprecated", sunset="2026-12-31")
    newer = lines("orders.order_lines.v2", model="order_lines_v2")
    (said,) = told(tmp_path, going, newer, revenue())
    place, message = said.split(": ", 2)[1:]
    assert (said[:7], place) == ("warning", "contracts/billing/revenue/v1.yaml:13 spec.inputs[0].product")
    days = "orders.order_lines.v1 is deprecated and ends on 2026-12-31, in 40 days"
    assert message == f"{days}; move to orders.order_lines.v2"


def test_reading_a_product_past_its_sunset_is_an_error_and_its_owner_is_warned(tmp_path: Path) -> None:
    going = lines(status="deprecated", sunset="2026-11-20")
    consumer, owner = told(tmp_path, going, revenue())
    assert consumer.startswith("error: contracts/billing/revenue/v1.yaml")
    assert consumer.endswith("orders.order_lines.v1 ended on 2026-11-20, 1 day ago")
    assert owner.startswith("warning: contracts/orders/order_lines/v1.yaml")
    assert owner.endswith("orders.order_lines.v1 ended on 2026-11-20, 1 day ago; still read by billing.revenue.v1")


def test_the_sunset_itself_is_still_a_day_to_rely_on(tmp_path: Path) -> None:
    (said,) = told(tmp_path, lines(status="deprecated", sunset="2026-11-21"), revenue())
    assert said.startswith("warning: ")
    assert said.endswith("orders.order_lines.v1 is deprecated and ends on 2026-11-21, today")


def test_a_retired_product_may_not_be_read(tmp_path: Path) -> None:
    (said,) = told(tmp_path, lines(status="retired"), revenue())
    assert said.startswith("error: ")
    assert said.endswith("orders.order_lines.v1 is retired")


def test_an_expectation_that_the_upstream_does_not_keep_is_told_at_the_consumers_line(tmp_path: Path) -> None:
    expects = {"fields": [{"name": "amount", "type": "double"}, {"name": "notes"}]}
    filed = revenue(inputs=[PORT | {"expects": expects}])
    place = "contracts/billing/revenue/v1.yaml:18 spec.inputs[0].expects.fields[1].name"
    message = "orders.order_lines.v1 has no column 'notes'; did you mean 'note'?"
    assert told(tmp_path, lines(), filed) == [f"error: {place}: {message}"]
    settings = mesh_at(tmp_path, lines(), filed)
    assert load_mesh(settings).broken == {}, "a producer must not break its consumer's location"


def test_an_expectation_that_only_warns_is_a_warning(tmp_path: Path) -> None:
    check = {"column": "nope", "assertion": "expect_column_values_to_not_be_null", "severity": "warn"}
    (said,) = told(tmp_path, lines(), revenue(inputs=[PORT | {"expects": {"checks": [check]}}]))
    assert said.startswith("warning: ")


def test_an_unknown_expectation_is_the_consumers_own_mistake(tmp_path: Path) -> None:
    check = {"column": "amount", "assertion": "expect_column_values_to_be_positive"}
    settings = mesh_at(tmp_path, lines(), revenue(inputs=[PORT | {"expects": {"checks": [check]}}]))
    (problem,) = load_mesh(settings).problems
    assert problem.path == "spec.inputs[0].expects.checks[0].assertion"
    assert problem.message.startswith("'expect_column_values_to_be_positive' is not an expectation; did you mean")


def test_only_the_files_that_are_asked_for_are_told_of(tmp_path: Path) -> None:
    going = lines(status="deprecated", sunset="2026-12-31")
    assert told(tmp_path, going, revenue(), paths=(tmp_path / "contracts/orders",)) == []
