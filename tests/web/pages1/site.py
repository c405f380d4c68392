"""A small mesh that was published and refused, whose contracts are hostile, and the service that shows it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from mesh_orchestration.anomalies.series import Expected, Finding, Key
from mesh_orchestration.anomalies.store import open_store
from mesh_orchestration.catalog.project import project
from mesh_orchestration.catalog.store import open_catalog
from mesh_orchestration.contract.mesh import load_mesh
from mesh_orchestration.settings import Settings
from mesh_orchestration.storage.catalog import open_lake
from tests.builders import FIELDS, mesh_at, product
from tests.publication.publishing import exported, publish_orders

HOSTILE = "\"'><script>window.pwned = 1</script><img src=x onerror=window.pwned=1>"
LINES = product(
    title=f"Order lines {HOSTILE}",
    description=f"One row per line. {HOSTILE} [press](javascript:window.pwned=1) and **read**.",
    tags=["sales"],
    fields=FIELDS
    | {
        "amount": {"type": "decimal(12,2)", "constraints": {"min": 0, "null": False}, "description": HOSTILE},
        "email": {"type": "string", "pii": True, "masking": "redact", "semantics": "e-mail address"},
    },
    inputs=[
        {
            "name": "till", "type": "batch", "path": "till/*.csv", "format": "csv",
            "key": ["order_id"], "columns": {"order_id": "string", "amount": "double"},
        }
    ],
    support={"channel": "#orders", "url": "javascript:window.pwned=1", "email": "orders@example.com"},
    consumers=[{"name": HOSTILE, "owner": "team:finance", "url": "javascript:window.pwned=1"}],
    sla={"freshness": "1h"},
)  # fmt: skip
REVENUE = product(
    "billing.revenue.v1",
    title="Revenue",
    status="deprecated",
    sunset="2030-01-31",
    inputs=[{"name": "order_lines", "type": "data-product", "product": "orders.order_lines.v1"}],
)
NEXT = product("billing.revenue.v2", title="Revenue, net", model="revenue_v2")
EMAIL = ", 'ann@example.com' as email"


def site_at(root: Path) -> Settings:
    """The mesh in ``root``: order lines published twice, then refused; the catalog knows it."""
    settings = mesh_at(root, LINES, REVENUE, NEXT)
    with open_lake(settings) as lake:
        for run, amounts in {"r1": (1.0, 2.0, 3.0), "r2": (1.0, 2.0, 3.0, 4.0), "r3": (1.0, -2.0)}.items():
            found = publish_orders(
                lake,
                run=run,
                now=datetime.now(UTC),
                export=exported(*amounts, columns=EMAIL),
                contract=LINES,
                audit=None,
            )
            assert found.published == (run != "r3")
    with open_store(settings) as store, store.recording() as writer:
        seen, key = settings.now(), Key("orders.order_lines.v1", "rows")
        writer.put(Finding(key, seen, seen, 1, 4, Expected(1, 3, 2, 30), f"4 rows, where 1 to 3 are usual {HOSTILE}"))
    with open_catalog(settings) as catalog:
        project(settings, catalog, load_mesh(settings))
    return settings
