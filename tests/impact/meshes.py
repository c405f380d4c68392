"""Small meshes on disk whose models are written out in the test."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mesh_orchestration.contract.address import Address
from mesh_orchestration.contract.mesh import load_mesh
from mesh_orchestration.contract.model import DataProduct
from mesh_orchestration.impact.readers import Readers, Use, readers
from tests.builders import mesh_at, product

LINES = Address.parse("orders.order_lines.v1")
PORT = {"name": "lines", "type": "data-product", "product": "orders.order_lines.v1"}
SOURCE = "{{ source('landing', 'lines') }}"


def lines(address: str = "orders.order_lines.v1", **parts: Any) -> DataProduct:
    """The upstream product: a key, an amount, a note and a store."""
    fields = {
        "line_id": {"type": "long", "constraints": {"primary_key": True}},
        "amount": {"type": "double", "constraints": {"null": False}},
        "note": "string",
        "Store": "long",
    }
    return product(address, **({"fields": fields} | parts))


def revenue(**parts: Any) -> DataProduct:
    """A product of billing that reads the lines."""
    said: dict[str, Any] = {"fields": {"total": "double", "stores": "long"}, "inputs": [PORT], "owner": "team:money"}
    return product("billing.revenue.v1", **(said | parts))


def files(root: Path, domain: str, **texts: str) -> None:
    """Write files into the dbt project of ``domain``; ``models__x__sql`` is ``models/x.sql``."""
    folder = root / "dbt_projects" / domain
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "dbt_project.yml").touch()
    for name, text in texts.items():
        path = folder / name.replace("___", ".").replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def read(root: Path, *products: DataProduct) -> Readers:
    """Who reads what in the mesh of ``products`` at ``root``, with nothing kept between calls."""
    settings = mesh_at(root, *(products or (lines(), revenue())))
    return readers(load_mesh(settings), root)


def use(found: Readers, consumer: str, address: Address = LINES) -> Use:
    """The one use of ``address`` by ``consumer``."""
    (one,) = (one for one in found.of(address) if one.consumer == consumer)
    return one
