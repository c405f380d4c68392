"""A mesh in git that published twice, was refused once, and was read; and the catalog of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from sqlalchemy import select

from mesh_orchestration.catalog.project import Projected, project
from mesh_orchestration.catalog.store import Catalog
from mesh_orchestration.catalog.tables_products import MARKS, METADATA
from mesh_orchestration.contract.mesh import load_mesh
from mesh_orchestration.governance.decision_log import Decision, DecisionLog
from mesh_orchestration.settings import Settings
from mesh_orchestration.storage.catalog import open_lake
from tests.builders import FIELDS, product
from tests.planning.repository import Repository, repository_at
from tests.publication.publishing import exported, publish_orders

LINES = product(
    "orders.order_lines.v1",
    version="1.1.0",
    title="Order lines",
    description="One row per line of an order, as rung up at the till.",
    tags=["sales", "core"],
    fields=FIELDS
    | {"amount": {"type": "decimal(12,2)", "constraints": {"min": 0, "null": False}, "masking": "redact", "pii": True}},
    sla={"freshness": "1h"},
    support={"channel": "#orders"},
)
FIRST = LINES.model_copy(update={"metadata": LINES.metadata.model_copy(update={"version": "1.0.0", "tags": ()})})
REVENUE = product(
    "billing.revenue.v1",
    description="One row per day and what came in.",
    inputs=[{"name": "order_lines", "type": "data-product", "product": "orders.order_lines.v1"}],
    fields={"sold_on": "date", "grossAmount": "double"},
)
MORNING, NOON, EVENING = "2026-11-20T06:00:00+00:00", "2026-11-20T12:00:00+00:00", "2026-11-20T18:00:00+00:00"
ADDRESS = "orders.order_lines.v1"


def at(settings: Settings, moment: str) -> Settings:
    """The same mesh, its clock at ``moment``."""
    return replace(settings, environ={**settings.environ, "MESH_NOW": moment})


def held_at(root: Path) -> Repository:
    """The mesh in ``root``: published in the morning by the first version of the contract, at noon by the second,
    refused in the evening; read three times by analysts, of which once was denied, and once by an engineer."""
    repository = repository_at(root, FIRST, REVENUE)
    settings = repository.settings
    publish(settings, 1, 2, run="run-1", now=MORNING, contract=FIRST)
    repository.write(LINES)
    repository.commit("tag it")
    publish(settings, 1, 2, 3, run="run-2", now=NOON)
    publish(settings, 1, -2, -3, run="run-3", now=EVENING)
    roles = ("analyst", "allow"), ("analyst", "allow"), ("analyst", "deny"), ("engineer", "allow")
    log = DecisionLog(at(settings, NOON))
    log.append(*(Decision(point="read", verdict=said, subject=ADDRESS, role=role) for role, said in roles))
    return repository


def publish(settings: Settings, *amounts: float, run: str, now: str, contract: Any = LINES) -> bool:
    """Try to publish order lines with these amounts; returns whether they were."""
    with open_lake(settings) as lake:
        moment = at(settings, now).now()
        said: Mapping[str, Any] = {"export": exported(*amounts), "contract": contract, "now": moment, "audit": None}
        return publish_orders(lake, run=run, **said).published


def bring(settings: Settings, catalog: Catalog, now: str = EVENING) -> Projected:
    """Bring the catalog up to date."""
    there = at(settings, now)
    return project(there, catalog, load_mesh(there))


def everything(catalog: Catalog) -> dict[str, list[tuple[Any, ...]]]:
    """All rows of what the mesh holds, in an order of their own; marks of times and numbers of rows left out."""
    found = {}
    with catalog.reading() as conn:
        for table in METADATA.sorted_tables:
            if table is not MARKS:
                columns = [column for column in table.c if (table.name, column.name) != ("search_document", "id")]
                found[table.name] = sorted((tuple(row) for row in conn.execute(select(*columns))), key=repr)
    return found
