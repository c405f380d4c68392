"""The JSON Schema of each product's rows, beside its contract."""

from __future__ import annotations

from collections.abc import Iterator

from mesh_orchestration.compile.data_schema import DRAFT, data_schema
from mesh_orchestration.compile.layout import MARK, json_text
from mesh_orchestration.contract.loader import generated_path
from mesh_orchestration.contract.mesh import Mesh

PLACES = ("contracts/*/*/generated/v*.schema.json",)


def files(mesh: Mesh) -> Iterator[tuple[str, str]]:
    """One file a product."""
    for domain in mesh.sound:
        for product in mesh.of(domain):
            comment = f"{MARK} from {product.source}; change the contract instead of this file."
            schema = {"$schema": DRAFT, "$comment": comment} | data_schema(product)
            yield generated_path(product.address, "schema.json"), json_text(schema, opened=("properties",))
