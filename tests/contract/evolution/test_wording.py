"""How changes read: in words, whatever the values are in a program."""

from __future__ import annotations

from typing import Any

import pytest

from mesh_orchestration.contract.evolution import changes
from mesh_orchestration.contract.evolution.wording import MOST, in_words
from tests.builders import product

AMOUNT = {"name": "amount", "type": "double", "null": False}
CHECK = {"column": "amount", "assertion": "expect_column_values_to_be_between", "value": {"min_value": 0}}


def reading(*fields: Any, **expects: Any) -> Any:
    said = {"fields": list(fields)} | expects
    port = {"name": "lines", "type": "data-product", "product": "orders.order_lines.v1", "expects": said}
    return product("billing.revenue.v1", inputs=[port])


def landing(**columns: str) -> Any:
    port = {"name": "till", "type": "batch", "path": "till/*.csv", "format": "csv", "columns": columns}
    return product("billing.revenue.v1", inputs=[port])


def read_by(*roles: str) -> Any:
    return product(access={"roles": list(roles)})


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        (
            reading(AMOUNT),
            reading(AMOUNT, {"name": "quantity"}, checks=[CHECK], freshness="2h"),
            ("what is expected of an input changed: now fields quantity; "
            "checks expect_column_values_to_be_between of amount (min value 0); freshness 2h, before nothing"),
        ),
        (
            reading(AMOUNT, {"name": "quantity"}),
            reading({"name": "amount"}, {"name": "quantity"}),
            "what is expected of an input changed: now fields amount, before fields amount (double, never null)",
        ),
        (
            landing(id="long", amount="double"),
            landing(id="long", amount="decimal(12,2)"),
            "columns changed: now amount decimal(12,2), before amount double",
        ),
        (
            product(checks=[{"column": "amount", "assertion": CHECK["assertion"], "value": {"min_value": 0}}]),
            product(checks=[{"column": "amount", "assertion": CHECK["assertion"], "value": {"min_value": 1}}]),
            ("check expect_column_values_to_be_between of amount (min value 1) is stricter, was "
            "expect_column_values_to_be_between of amount (min value 0)"),
        ),
        (read_by("analyst"), read_by("analyst", "engineer"), "role engineer may read it"),
        (product(), read_by("analyst", "engineer"), ("only the roles analyst, engineer may read it; "
         "before, none was asked for")),
    ],
)  # fmt: skip
def test_a_change_is_said_in_words(old: Any, new: Any, says: str) -> None:
    assert [change.says for change in changes(old, new)] == [says]


def test_a_long_value_is_cut_between_words() -> None:
    said = in_words(["a long word"] * 99)
    assert len(said) <= MOST
    assert said.endswith(", a …")
