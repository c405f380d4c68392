"""The pages that tell people which products there are."""

from __future__ import annotations

from pathlib import Path

from mesh_orchestration.compile.targets.products_pages import files
from mesh_orchestration.contract.mesh import load_mesh
from mesh_orchestration.contract.model import DataProduct
from tests.builders import mesh_at, product

LINES = "orders.order_lines.v1"
PLACE = "../../contracts/orders/order_lines"
FILES = (
    f"| files | [contract]({PLACE}/v1.yaml), [Avro]({PLACE}/generated/v1.avsc), "
    f"[JSON Schema]({PLACE}/generated/v1.schema.json) |"
)


def page(root: Path, *products: DataProduct, name: str = "orders") -> str:
    return dict(files(load_mesh(mesh_at(root, *products)).require()))[f"docs/products/{name}.md"]


def test_the_first_page_lists_every_product_with_its_grain_and_owner(tmp_path: Path) -> None:
    said = {"sla": {"freshness": "2h"}, "description": "One row per store and day: what was sold. Partial today."}
    text = page(tmp_path, product(LINES), product("billing.revenue.v1", **said), name="README")
    assert text.splitlines()[4:] == [
        "| product | one row per | owner | freshness |",
        "|-|-|-|-|",
        "| [billing.revenue.v1](billing.md#billingrevenuev1) | store and day: what was sold | team:billing | 2h |",
        "| [orders.order_lines.v1](orders.md#ordersorder_linesv1) | order_lines | team:orders | - |",
    ]


def test_a_product_is_shown_with_its_promises(tmp_path: Path) -> None:
    text = page(
        tmp_path,
        product(
            LINES,
            title="Lines",
            tags=["sales"],
            sla={"freshness": "1h", "availability": "99.95%"},
            access={"roles": ["analyst"], "purposes": ["billing"]},
            consumers=[{"name": "Weekly board", "type": "dashboard", "owner": "team:finance"}],
            inputs=[{"name": "orders", "type": "data-product", "product": "orders.orders.v1"}],
            support={"channel": "#orders"},
            retention="30d",
        ),
        product("orders.orders.v1"),
    )
    start = text.index("## orders.order_lines.v1")
    assert text[start : text.index("### Columns")].splitlines()[2:-1] == [
        "**Lines.** One row per order_lines.",
        "",
        "|  |  |",
        "|-|-|",
        "| version | 1.0.0, active |",
        "| owner | team:orders · #orders |",
        "| key | order_id |",
        "| reads | orders (orders.orders.v1) |",
        "| read by | Weekly board (dashboard, team:finance) |",
        "| service levels | freshness 1h, availability 99.95% |",
        "| roles | analyst |",
        "| purposes | billing |",
        "| kept for | 30d |",
        "| tags | sales |",
        FILES,
    ]


def test_a_deprecated_product_shows_its_end(tmp_path: Path) -> None:
    text = page(tmp_path, product(LINES, status="deprecated", sunset="2027-01-31"))
    assert "| version | 1.0.0, deprecated until 2027-01-31 |" in text


def test_columns_show_type_unit_and_mask(tmp_path: Path) -> None:
    fields = {
        "at": {"type": "timestamptz", "constraints": {"null": False}},
        "paid": {"type": "decimal(12,2)", "unit": "USD", "description": "What was paid."},
        "who": {"type": "string", "pii": True, "masking": "hash"},
    }
    assert [line for line in page(tmp_path, product(LINES, fields=fields)).splitlines() if line.startswith("| `")][
        :3
    ] == [
        "| `at` | timestamp (UTC) | no | The at. |  |",
        "| `paid` | decimal(12,2) in USD | yes | What was paid. |  |",
        "| `who` | string | yes | The who. | yes, masked: hash |",
    ]


def test_checks_are_said_in_words(tmp_path: Path) -> None:
    fields = {"a": {"type": "long", "constraints": {"min": 1}}, "b": {"type": "string"}, "day": "date"}
    checks = [
        {"column": "a", "assertion": "expect_column_mean_to_be_between", "value": {"min_value": 4, "max_value": 9}},
        {"column": "b", "assertion": "expect_column_values_to_not_be_null", "threshold": "99.9%", "severity": "warn"},
        {"column": "b", "assertion": "expect_column_values_to_be_in_set", "value": {"value_set": ["x", "y"]}},
        {"assertion": "expect_table_row_count_to_be_between", "value": {"min_value": 1}, "description": "Never empty."},
    ]
    sla = {"event_time": "day", "event_freshness": "2d"}
    text = page(tmp_path, product(LINES, fields=fields, checks=checks, sla=sla))
    assert text[text.index("### Checks") :].splitlines()[4:] == [
        "| `contract__between__a` | `a` | at least 1 | all | error |",
        "| `contract__mean__a` | `a` | mean from 4 to 9 | all | error |",
        "| `contract__not_null__b` | `b` | not null | 99.9% | warn |",
        "| `contract__in_set__b` | `b` | in set of x, y | all | error |",
        "| `contract__row_count` |  | Never empty. | all | error |",
        "| `event_freshness` | `day` | The newest day is at most 2d old. | all | error |",
    ]


def test_text_cannot_break_the_page(tmp_path: Path) -> None:
    text = page(tmp_path, product(LINES, description="One row per |item|, <b>a\n[link](https://x.test)."))
    assert "One row per \\|item\\|, \\<b\\>a \\[link\\](https://x.test)." in text.splitlines()
