"""What the templates of a product are rendered with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from mesh_orchestration.compile.sql_names import is_quoted
from mesh_orchestration.contract.mesh import Mesh
from mesh_orchestration.contract.model import SchemaField
from mesh_orchestration.scaffold import sample
from mesh_orchestration.scaffold.asked import Asked
from mesh_orchestration.scaffold.filters import words
from mesh_orchestration.scaffold.ports import Port
from mesh_orchestration.scaffold.shape import Shape
from mesh_orchestration.scaffold.sketch import Sketch

LEVELS: Mapping[str, Mapping[str, str]] = {
    "quarter-hourly": {"freshness": "15m", "availability": "99.9%", "completeness": "99.9%"},
    "hourly": {"freshness": "1h", "availability": "99.9%", "completeness": "99.9%"},
    "daily": {"freshness": "24h", "availability": "99.5%", "completeness": "99%"},
    "weekly": {"freshness": "7d", "availability": "99%", "completeness": "95%"},
}
"""What each class of service promises."""


def variables(sketch: Sketch, mesh: Mesh, asked: Asked, port: Port) -> dict[str, Any]:
    """The contract, the models and their tests as plain data; names are free in the domain."""
    address, shape, said = asked.address, asked.shape, asked.answers
    siblings = {product.model for product in mesh.of(address.domain)} if address.domain in mesh.domains else set()
    model = address.product if address.product not in siblings else f"{address.product}_v{address.major}"
    checks = list(shape.checks)
    if shape.rows:
        nonempty = {"assertion": "expect_table_row_count_to_be_between", "value": {"min_value": 1}}
        checks.append(nonempty | {"description": "An empty delivery is not published."})
    description = str(said["description"]).strip()
    columns = [column | ({"source": column["name"]} if port.renames else {}) for column in shape.columns]
    return {
        "domain": address.domain,
        "product": address.product,
        "major": address.major,
        "model": model,
        "title": words(address.product).capitalize(),
        "description": description,
        "owner": said["owner"],
        "support": _support(str(said["owner"])),
        "retention": str(said["retention"]),
        "pattern": asked.source.pattern,
        "port": {key: value for key, value in asdict(port).items() if key not in {"system", "entity", "rows"}},
        "columns": columns,
        "primary_key": list(shape.key),
        "checks": checks,
        "sla_levels": _levels(said),
        "readers": [role.strip() for role in str(said["roles"]).split(",") if role.strip()],
        "staging": _staging_name(sketch, port, model),
        "staging_description": f"{description.rstrip('.').split(':')[0]}, {port.rows}.",
        **_redelivery(shape, port),
    }


def _levels(said: Mapping[str, Any]) -> dict[str, str]:
    event_time = {"event_time": str(said["event_time"])} if said["event_time"] else {}
    return {**LEVELS[str(said["sla"])], **event_time}


def _support(owner: str) -> dict[str, str]:
    """Where to ask: the owner's address, or the channel named as the team."""
    return {"channel": f"#{owner.removeprefix('team:')}"} if owner.startswith("team:") else {"email": owner}


def _staging_name(sketch: Sketch, port: Port, model: str) -> str:
    name = f"stg_{port.system}__{port.entity}"
    folder = sketch.root / "dbt_projects"
    taken = {path.stem for path in folder.glob("*/models/**/*.sql")}
    return name if name not in taken else f"{name}_for_{model}"


def _redelivery(shape: Shape, port: Port) -> dict[str, Any]:
    """How the newest of several deliveries of a row is chosen, and a unit test of that."""
    if not port.redelivered:
        return {"newest_of_key": [], "tie_breakers": [], "newest": {}}
    others = [name for name in shape.names if name not in shape.key]
    return {"newest_of_key": list(shape.key), "tie_breakers": others[:3], "newest": _unit_test(shape, others)}


def _unit_test(shape: Shape, others: list[str]) -> dict[str, Any]:
    """Two deliveries of one row and the one that counts; nothing when no column could tell them apart."""
    fields = {column["name"]: _field(column) for column in shape.columns}
    texts = [name for name in others if fields[name].logical_type.name == "string" and not is_quoted(name)]
    if not texts or any(is_quoted(name) for name in shape.key):
        return {}
    key = {name: str(sample.values(fields[name], 1)[0]) for name in shape.key}
    before, after = {texts[0]: "before"}, {texts[0]: "after"}
    return {
        "before": key | before | {"_batch": "monday", "_landed_at": "2026-01-05 06:00:00+00"},
        "after": key | after | {"_batch": "tuesday", "_landed_at": "2026-01-06 06:00:00+00"},
        "expected": key | after,
    }


def _field(column: Mapping[str, Any]) -> SchemaField:
    return SchemaField.model_validate({k: v for k, v in column.items() if k not in {"source", "remarks"}})
