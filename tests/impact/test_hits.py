"""Whom a change concerns."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mesh_orchestration.contract.evolution import changes
from mesh_orchestration.contract.model import DataProduct
from mesh_orchestration.impact.hits import Hit, hits
from tests.builders import product
from tests.impact.meshes import LINES, SOURCE, files, lines, read, revenue

FIELDS: dict[str, Any] = {
    "line_id": {"type": "long", "constraints": {"primary_key": True}},
    "amount": {"type": "double", "constraints": {"null": False}},
    "note": "string",
    "Store": "long",
}


def struck(root: Path, after: DataProduct, *more: DataProduct) -> dict[str, Hit]:
    """Who is hit when the lines become ``after``."""
    files(root, "billing", models__revenue___sql=f"select amount as total, 1 as stores from {SOURCE} where store > 0")
    found = read(root, lines(), revenue(), *more)
    return {hit.consumer: hit for hit in hits(LINES, changes(lines(), after), found)}


def without(*names: str) -> DataProduct:
    return lines(fields={name: said for name, said in FIELDS.items() if name not in names})


def test_removing_a_column_that_nobody_reads_names_nobody(tmp_path: Path) -> None:
    assert struck(tmp_path, without("note")) == {}


def test_removing_a_column_names_who_reads_it_and_where_its_values_go(tmp_path: Path) -> None:
    monthly = product(
        "finance.monthly.v1",
        fields={"sum_total": "double"},
        inputs=[{"name": "revenue", "type": "data-product", "product": "billing.revenue.v1"}],
    )
    files(
        tmp_path,
        "finance",
        models__monthly___sql="select sum(total) as sum_total from {{ source('landing', 'revenue') }}",
    )
    found = struck(tmp_path, without("amount", "note"), monthly)
    assert {name: (hit.owner, hit.domain, hit.columns, hit.reaches, str(hit.level)) for name, hit in found.items()} == {
        "billing.revenue.v1": (
            "team:money", "billing", ("amount",),
            ("billing.revenue.v1.total", "finance.monthly.v1.sum_total"), "breaking",
        )
    }  # fmt: skip


def test_a_column_that_only_decides_on_rows_hits_too(tmp_path: Path) -> None:
    assert struck(tmp_path, without("Store"))["billing.revenue.v1"].columns == ("Store",)


def test_a_change_of_the_whole_product_concerns_everybody(tmp_path: Path) -> None:
    (hit,) = struck(tmp_path, lines(sla={"freshness": "1h"}, retention="30d", access={"roles": ["clerk"]})).values()
    assert ([change.kind for change in hit.changes if change.kind == "access.restricted"], hit.columns) == (
        ["access.restricted"],
        (),
    )


def test_what_is_only_added_concerns_nobody(tmp_path: Path) -> None:
    assert struck(tmp_path, lines(fields=FIELDS | {"more": "string"})) == {}


def test_who_cannot_be_told_is_hit_by_every_column(tmp_path: Path) -> None:
    board = {"name": "Board", "type": "dashboard", "owner": "ann@example.com"}
    files(tmp_path, "billing", models__revenue___sql="select 1.0 as total, 1 as stores")
    found = read(tmp_path, lines(consumers=[board]), revenue())
    (hit,) = hits(LINES, changes(lines(), without("note")), found)
    assert (hit.consumer, hit.why) == ("Board", "it declares no columns")
