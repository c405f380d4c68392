"""The Avro schema of each product's rows, beside its contract."""

from __future__ import annotations

from collections.abc import Iterator

from mesh_orchestration.compile.avro import avro_schema
from mesh_orchestration.compile.layout import MARK, json_text
from mesh_orchestration.contract.loader import generated_path
from mesh_orchestration.contract.mesh import Mesh

PLACES = ("contracts/*/*/generated/v*.avsc",)


def files(mesh: Mesh) -> Iterator[tuple[str, str]]:
    """One file a product."""
    for domain in mesh.sound:
        for product in mesh.of(domain):
            schema = avro_schema(product)
            columns = schema.pop("fields")
            comment = f"{MARK} from {product.source}; change the contract instead of this file."
            text = json_text(schema | {"comment": comment, "fields": columns}, opened=("fields",))
            yield generated_path(product.address, "avsc"), text
