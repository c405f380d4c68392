"""Valid things by default: a test names only what matters to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from mesh_orchestration.contract.address import Address
from mesh_orchestration.contract.loader import contract_path, dump_product
from mesh_orchestration.contract.model import DataProduct
from mesh_orchestration.settings import Settings

FIELDS: Mapping[str, Any] = {
    "order_id": {"type": "string", "constraints": {"primary_key": True}},
    "amount": "decimal(12,2)",
    "event_ts": {"type": "timestamp", "constraints": {"timezone": "UTC", "null": False}},
}


def contract(address: str = "orders.order_lines.v1", **parts: Any) -> dict[str, Any]:
    """A valid contract as plain data.

    ``fields`` maps names to a type or to the field's other keys; ``checks`` and every other keyword
    go to ``spec``, except ``version``, ``description``, ``status``, ``tags``, ``id`` and ``sunset``,
    which go to ``metadata``.
    """
    place = Address.parse(address)
    fields: Mapping[str, Any] = parts.pop("fields", FIELDS)
    checks: Sequence[Mapping[str, Any]] = parts.pop("checks", ())
    metadata = {
        "name": place.product,
        "domain": place.domain,
        "version": f"{place.major}.0.0",
        "description": f"One row per {place.product}.",
    }
    for key in ("version", "description", "status", "tags", "id", "sunset", "title"):
        if key in parts:
            metadata[key] = parts.pop(key)
    spec: dict[str, Any] = {"owner": f"team:{place.domain}"} | parts
    spec["schema"] = {"fields": [_field(name, said) for name, said in fields.items()]}
    if checks:
        spec["quality"] = {"checks": [dict(check) for check in checks]}
    return {"apiVersion": "datamesh.io/v1", "kind": "DataProduct", "metadata": metadata, "spec": spec}


def _field(name: str, said: Any) -> dict[str, Any]:
    keys = {"type": said} if isinstance(said, str) else dict(said)
    return {"name": name, "description": f"The {name}."} | keys


def product(address: str = "orders.order_lines.v1", **parts: Any) -> DataProduct:
    """A valid product; keywords as in ``contract``."""
    return DataProduct.model_validate(contract(address, **parts))


def contract_text(address: str = "orders.order_lines.v1", **parts: Any) -> str:
    """A valid contract as YAML; keywords as in ``contract``."""
    return yaml.safe_dump(contract(address, **parts), sort_keys=False)


def settings_at(root: Path, **environ: str) -> Settings:
    """The settings of a mesh in ``root``, with all state under it."""
    return Settings(root=root, home=root / ".mesh", environ=environ)


def write_contract(root: Path, text: str, *, at: str = "orders.order_lines.v1") -> Path:
    """Write ``text`` where the contract of address ``at`` belongs; returns the path."""
    path = root / contract_path(Address.parse(at))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def mesh_at(root: Path, *products: DataProduct, **environ: str) -> Settings:
    """Write the contracts of ``products`` into a mesh at ``root``; returns its settings."""
    (root / "contracts").mkdir(parents=True, exist_ok=True)
    (root / "workspace.yaml").touch()
    for item in products:
        write_contract(root, dump_product(item), at=str(item.address))
    return settings_at(root, **environ)
