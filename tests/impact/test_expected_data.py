"""What a consumer expects, asked of published rows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from mesh_orchestration.contract.mesh import load_mesh
from mesh_orchestration.contract.model import DataProduct
from mesh_orchestration.impact.expected import expected_of
from mesh_orchestration.impact.expected_data import UnmetData, unmet_data
from mesh_orchestration.publication.publish import publish
from mesh_orchestration.publication.request import PublishRequest
from mesh_orchestration.settings import Settings
from mesh_orchestration.storage.catalog import open_lake
from tests.builders import mesh_at, product, settings_at
from tests.publication.publishing import copy_to

NOW = datetime(2026, 11, 20, 6, tzinfo=UTC)
FIELDS: dict[str, Any] = {
    "order_id": {"type": "string", "constraints": {"primary_key": True}},
    "amount": "decimal(12,2)",
    "email": {"type": "string", "pii": True, "masking": "redact"},
}


def orders() -> DataProduct:
    return product("orders.order_lines.v1", fields=FIELDS)


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A mesh whose orders were published at six: three rows, one without an amount."""
    settings = mesh_at(tmp_path_factory.mktemp("mesh"), orders(), MESH_NOW="2026-11-20T08:30:00+00:00")

    def export(directory: Path) -> Sequence[Path]:
        rows = "('a', 10.0, 'a@example.com'), ('b', -5.0, 'b@example.com'), ('c', null, 'c@example.com')"
        query = f"select id as order_id, x::decimal(12,2) as amount, email from (values {rows}) as r(id, x, email)"
        copy_to(directory / "part-0.parquet", query)
        return [directory / "part-0.parquet"]

    with open_lake(settings) as lake:
        assert publish(orders(), export, request=PublishRequest(lake, "run", NOW)).published
    return settings


def found(settings: Settings, **expects: Any) -> tuple[UnmetData, ...] | None:
    port = {"name": "orders", "type": "data-product", "product": "orders.order_lines.v1", "expects": expects}
    mesh_at(settings.root, product("billing.revenue.v1", inputs=[port]))
    mesh = load_mesh(settings)
    (filed,) = expected_of(mesh, orders().address)
    return unmet_data(settings, mesh, filed)


def between(column: str, **value: Any) -> dict[str, Any]:
    return {"column": column, "assertion": "expect_column_values_to_be_between", "value": value}


def test_rows_that_keep_everything_leave_nothing_unmet(published: Settings) -> None:
    fields = [{"name": "order_id", "type": "string", "null": False}, {"name": "amount", "type": "decimal(14,2)"}]
    checks = [between("amount", min_value=-10), {"column": "amount", "assertion": "expect_column_mean_to_be_between",
              "value": {"min_value": 1, "max_value": 5}}]  # fmt: skip
    assert found(published, fields=fields, checks=checks, freshness="3h") == ()


def test_rows_that_break_a_check_are_counted_and_shown(published: Settings) -> None:
    (unmet,) = found(published, checks=[between("amount", min_value=0) | {"name": "positive"}]) or ()
    assert unmet.message.endswith("found 1 unexpected of 3 rows")
    assert (unmet.severity, [float(value) for value in unmet.sample]) == ("error", [-5.0])


def test_nulls_where_a_value_is_expected_are_found(published: Settings) -> None:
    (unmet,) = found(published, fields=[{"name": "amount", "null": False}]) or ()
    assert "expect_column_values_to_not_be_null on column amount" in unmet.message


def test_a_sample_is_masked_as_the_producer_masks_it(published: Settings) -> None:
    check = {"column": "email", "assertion": "expect_column_values_to_match_regex", "value": {"regex": "^z"}}
    (unmet,) = found(published, checks=[check]) or ()
    assert unmet.sample != ()
    assert not any("example.com" in str(value) for value in unmet.sample)


def test_a_column_that_is_not_published_or_of_another_type_is_told(published: Settings) -> None:
    messages = [
        one.message for one in found(published, fields=[{"name": "amounts"}, {"name": "amount", "type": "long"}]) or ()
    ]
    assert messages == [
        "orders.order_lines.v1 was published without 'amounts'; did you mean 'amount'?",
        "orders.order_lines.v1.amount was published as decimal(12,2), which cannot be read as long",
    ]


def test_a_publication_that_is_older_than_expected_is_told(published: Settings) -> None:
    (unmet,) = found(published, freshness="2h") or ()
    assert unmet.message == "orders.order_lines.v1 was last published 2026-11-20 06:00 UTC, expected a freshness of 2h"


def test_a_check_that_only_warns_says_so(published: Settings) -> None:
    (unmet,) = found(published, checks=[between("amount", min_value=0) | {"severity": "warn"}]) or ()
    assert unmet.severity == "warn"


def test_nothing_is_told_of_what_was_never_published(tmp_path: Path) -> None:
    mesh_at(tmp_path, orders())
    assert found(settings_at(tmp_path), fields=[{"name": "amounts"}]) is None
