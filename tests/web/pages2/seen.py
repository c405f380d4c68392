"""A mesh with something to see on every page: lineage over two domains and beyond, breaches, findings, versions."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from mesh_orchestration.catalog.ingest import ingest
from mesh_orchestration.catalog.project import project
from mesh_orchestration.catalog.store import open_catalog
from mesh_orchestration.contract.loader import dump_product
from mesh_orchestration.contract.mesh import load_mesh
from mesh_orchestration.governance.decision_log import Decision, DecisionLog
from mesh_orchestration.lineage.names import Places
from mesh_orchestration.settings import Settings
from mesh_orchestration.sla.course import Interval
from mesh_orchestration.sla.ledger import open_ledger
from tests.builders import product, write_contract
from tests.orchestration.shop import REPOSITORY, shop_at
from tests.planning.repository import IGNORED, Repository

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
NASTY = "<script>alert('x')</script>"
LINES, REVENUE = "orders.order_lines.v1", "billing.revenue.v1"
BOARD = ("looker://bi", f"board {NASTY}")
_FIELDS: Mapping[str, Any] = {
    "line_id": {"type": "long", "constraints": {"primary_key": True}},
    "amount": "double",
    "note": {"type": "string", "description": NASTY},
}
_TILL = {"name": "till", "type": "batch", "path": "till/*.csv", "format": "csv", "key": ["line_id"],
         "columns": {"line_id": "long", "amount": "double"}}  # fmt: skip
_EXPECTED = {"fields": [{"name": "amount", "type": "double"}]}


def seen_at(root: Path) -> Settings:
    """The mesh in ``root``, which is a git repository, with its catalog, ledger and log of decisions filled."""
    first = product(LINES, fields={"line_id": _FIELDS["line_id"], "amount": "double"}, inputs=[_TILL],
                    sla={"freshness": "1h"}, description=f"One row per line. {NASTY}")  # fmt: skip
    second = product(
        LINES, version="1.1.0", fields=_FIELDS, inputs=[_TILL], sla={"freshness": "1h"},
        description=f"One row per line. {NASTY}", owner="team-orders@example.com",
        consumers=[{"name": "Finance board", "owner": "team:finance", "type": "dashboard", "columns": ["amount"]}],
    )  # fmt: skip
    revenue = product(
        REVENUE, fields={"lines": "long", "amount": "double"}, sla={"freshness": "2h"},
        inputs=[{"name": "order_lines", "type": "data-product", "product": LINES, "expects": _EXPECTED}],
    )  # fmt: skip
    settings = shop_at(root, products=(first, revenue), MESH_NOW=NOW.isoformat())
    shutil.copytree(REPOSITORY / "policies", root / "policies")
    (root / "policies" / "waivers").mkdir(exist_ok=True)
    (root / "policies" / "waivers" / "lines.yaml").write_text(
        f"rule: EVT-001\naddress: {LINES}\nowner: team:orders\napprover: team:platform-council\n"
        f"reason: {NASTY}\nexpires: 2026-12-01\n"
    )
    tree = Repository(settings, root)
    tree.git("init", "--quiet")
    tree.file(".gitignore", IGNORED)
    _commit(tree, "2026-11-10T08:00:00+00:00")
    write_contract(root, dump_product(second), at=LINES)
    _commit(tree, "2026-11-12T08:00:00+00:00")
    _fill(settings)
    return settings


def _commit(tree: Repository, at: str) -> None:
    tree.git("add", "--all")
    tree.git("commit", "--quiet", "--date", at, "-m", "change")


def _fill(settings: Settings) -> None:
    DecisionLog(settings).append(
        Decision("read", "allow", LINES, role="analyst"),
        Decision("read", "deny", LINES, role="guest", rules=("ACC-001",), reason=NASTY),
    )
    with open_ledger(settings) as ledger, ledger.recording() as recording:
        recording.add(LINES, list(_course()))
    with open_catalog(settings) as catalog:
        project(settings, catalog, load_mesh(settings))
        assert not ingest(catalog, events(settings)).refused


def _course() -> Sequence[Interval]:
    """Freshness: kept for five days, broken for one, kept since."""
    spells = (("kept", 5.0), ("broken", 1.0), ("kept", 1.0))
    start, found = NOW - timedelta(days=7), []
    for state, days in spells:
        end = start + timedelta(days=days)
        note, detected = ("the source was late", start + timedelta(minutes=2)) if state == "broken" else ("", None)
        value = 90_000.0 if state == "broken" else 600.0
        found.append(
            Interval("freshness", start, end, state, value, 3600.0, "1.1.0", 42, "", note, detected)  # type: ignore[arg-type]
        )
        start = end
    return found


def events(settings: Settings) -> list[dict[str, Any]]:
    """What runs told: a file into orders, orders into billing, and a dashboard of others that reads the amount."""
    places = Places(settings)

    def table(domain: str, name: str) -> tuple[str, str]:
        found = places.relation(domain, name)
        return found.namespace, found.name

    landed, staged = table("orders", "landing__till"), table("orders", "stg_till__lines")
    taken = table("billing", "landing__order_lines")
    lines, revenue = ((places.namespace, address) for address in (LINES, REVENUE))
    return [
        _run("mesh:orders.input.till", ("file", "/drop/till.csv"), landed),
        _run("mesh:orders.dbt.stg_till__lines", landed, staged, columns={"amount": "amount"}),
        _run(f"mesh:{LINES}", staged, lines, columns={"amount": "amount"}, fields=["line_id", "amount", "note"]),
        _run("mesh:billing.input.order_lines", lines, taken, columns={"amount": "amount"}),
        _run(f"mesh:{REVENUE}", taken, revenue, columns={"amount": "amount"}, fields=["lines", "amount"]),
        _run("airflow:refresh", revenue, BOARD, columns={"total": "amount"}, fields=["total"]),
    ]


def _run(
    job: str,
    source: tuple[str, str],
    target: tuple[str, str],
    *,
    columns: Mapping[str, str] | None = None,
    fields: Sequence[str] = (),
) -> dict[str, Any]:
    about = {"_producer": "https://example.com/test", "_schemaURL": "https://example.com/schema.json"}
    facets: dict[str, Any] = {}
    if fields:
        facets["schema"] = about | {"fields": [{"name": name, "type": "x"} for name in fields]}
    if columns:
        came = {"namespace": source[0], "name": source[1]}
        facets["columnLineage"] = about | {
            "fields": {name: {"inputFields": [came | {"field": field}]} for name, field in columns.items()}
        }
    namespace, _, name = job.partition(":")
    return {
        "eventType": "COMPLETE",
        "eventTime": NOW.isoformat(),
        "run": {"runId": str(uuid.uuid5(uuid.NAMESPACE_URL, job))},
        "job": {"namespace": namespace, "name": name},
        "inputs": [{"namespace": source[0], "name": source[1]}],
        "outputs": [{"namespace": target[0], "name": target[1], "facets": facets}],
        "producer": "https://example.com/test",
        "schemaURL": "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent",
    }
