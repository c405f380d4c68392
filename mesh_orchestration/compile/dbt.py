"""dbt properties from contracts: a domain's landing tables as sources, its marts as enforced model contracts.

The model contract enforces names and types when dbt builds. Nulls, keys and ranges are left to the
audit, which keeps the refused rows for inspection; a constraint in the engine would only stop the
build and take the domain's other products with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mesh_orchestration.compile.layout import MARK, yaml_text
from mesh_orchestration.compile.sql_names import RESERVED
from mesh_orchestration.compile.sql_types import column_sql_type, field_sql_type
from mesh_orchestration.contract.mesh import Mesh
from mesh_orchestration.contract.model import DataProduct, InputPort
from mesh_orchestration.contract.ports import LANDED, options, upstream

SOURCE = "landing"
_LANDED = (
    (LANDED[0], "text", "The file or snapshot that the row came with."),
    (LANDED[1], "timestamptz", "When the row was landed."),
)


def dbt_properties(mesh: Mesh, domain: str) -> str:
    """The properties file (YAML) of ``domain``'s dbt project; raises the domain's ContractError when it is broken."""
    products = mesh.of(domain)
    ports = mesh.ports(domain)
    content: dict[str, Any] = {"version": 2}
    if ports:
        content["sources"] = [_source(mesh, domain, ports)]
    content["models"] = [_model(product) for product in products]
    origins = "\n".join(f"#   {product.source}" for product in products)
    header = f"# {MARK}; change the contracts instead of this file:\n{origins}\n"
    return header + yaml_text(content)


def properties_file(domain: str) -> str:
    """Where the generated dbt properties of ``domain`` are kept, relative to the mesh root."""
    return f"dbt_projects/{domain}/models/_generated/contracts.yml"


def _source(mesh: Mesh, domain: str, ports: Mapping[str, InputPort]) -> dict[str, Any]:
    return {
        "name": SOURCE,
        "description": f"What the input ports of {domain} landed, as it came.",
        "schema": "{{ target.schema }}",
        "tables": [_table(mesh, domain, port) for port in ports.values()],
    }


def _table(mesh: Mesh, domain: str, port: InputPort) -> dict[str, Any]:
    return {
        "name": port.name,
        "identifier": f"landing__{port.name}",
        "description": _no_jinja(port.description or _origin(port)),
        "config": {"meta": {"dagster": {"asset_key": [domain, "input", port.name]}}},
        "columns": [*_columns(mesh, port), *(_column(name, kind, text) for name, kind, text in _LANDED)],
    }


def _origin(port: InputPort) -> str:
    source = upstream(port)
    return f"The published rows of {source}." if source else f"Rows of the {port.type} input {port.name}."


def _columns(mesh: Mesh, port: InputPort) -> list[dict[str, Any]]:
    """The source's own columns, as far as a contract says them."""
    source = upstream(port)
    if source and source in mesh.products:
        fields = mesh.products[source].fields
        return [_column(field.name, field_sql_type(field), field.description) for field in fields]
    return [_column(name, column_sql_type(kind)) for name, kind in options(port).declared.items()]


def _column(name: str, kind: str, description: str = "") -> dict[str, Any]:
    column: dict[str, Any] = {"name": name, "data_type": kind} | ({"quote": True} if name in RESERVED else {})
    return column | {"description": _no_jinja(description)} if description else column


def _model(product: DataProduct) -> dict[str, Any]:
    return {
        "name": product.model,
        "description": _no_jinja(product.metadata.description),
        "config": {
            "contract": {"enforced": True},
            "meta": {
                "address": str(product.address),
                "version": product.version,
                "owner": product.owner,
                "contract": product.source,
            },
        },
        "columns": [_column(field.name, field_sql_type(field), field.description) for field in product.fields],
    }


def _no_jinja(text: str) -> str:
    """``text`` as dbt shows it: dbt renders descriptions, so what looks like a template is spelled out."""
    if not any(mark in text for mark in ("{{", "{%", "{#")):
        return text
    return "{% raw %}" + text + "{% endraw %}" if "endraw" not in text else text.replace("{", "(").replace("}", ")")
