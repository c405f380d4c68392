"""What the rules judge: a contract, and what surrounds it, as one JSON document a product.

Every key that a contract may have is there, so that a rule never meets an undefined reference: what is
not said is null, an empty list or an empty mapping.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from itertools import islice
from typing import Any

from mesh_orchestration.contract.address import Address
from mesh_orchestration.contract.duration import parse_duration
from mesh_orchestration.contract.mesh import Mesh
from mesh_orchestration.contract.model import DataProduct
from mesh_orchestration.governance.metadata import Kind

ALIKE = 10
"""How many products with the same columns a document names, by address."""


@dataclass(frozen=True)
class Judged:
    """One document to decide on: its kind, whom it belongs to, and the file its paths point into."""

    kind: Kind
    subject: str
    domain: str
    file: str
    value: Mapping[str, Any]


def product_documents(mesh: Mesh, products: tuple[DataProduct, ...], *, today: date) -> tuple[Judged, ...]:
    """A document for each of ``products``, with what the rest of the mesh says about it."""
    alike = _alike(mesh)
    found = []
    for product in products:
        value = _document(mesh, product, alike, today=today)
        found.append(Judged("product", str(product.address), product.domain, product.source, value))
    return tuple(found)


def _document(mesh: Mesh, product: DataProduct, alike: Mapping[Address, list[str]], *, today: date) -> dict[str, Any]:
    return {
        "today": today.isoformat(),
        "address": str(product.address),
        "major": product.address.major,
        "product": _contract(product),
        "seconds": _seconds(product),
        "upstream": [_neighbour(mesh, address) for address in mesh.upstream(product)],
        "consumers": [str(address) for address in mesh.consumers(product.address)],
        "alike": alike.get(product.address, []),
    }


def _contract(product: DataProduct) -> dict[str, Any]:
    """The contract with every default spelled out; fields also say what follows from them."""
    content = product.model_dump(mode="json", by_alias=True)
    content["metadata"]["product"] = product.name
    for field, said in zip(product.fields, content["spec"]["schema"]["fields"], strict=True):
        said |= {"pii": field.is_pii, "mask": field.mask, "nullable": field.nullable}
    content["spec"]["inputs"] = [port if isinstance(port, str) else _port(port) for port in content["spec"]["inputs"]]
    return dict(content)


def _seconds(product: DataProduct) -> dict[str, float | None]:
    """The contract's durations in seconds, because Rego knows no days."""
    sla = product.spec.sla
    said = {name: getattr(sla, name) for name in ("freshness", "event_freshness", "latency")}
    said["retention"] = product.spec.retention
    return {name: parse_duration(text).total_seconds() if text else None for name, text in said.items()}


def _port(port: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in port.items() if value is not None}


def _neighbour(mesh: Mesh, address: Address) -> dict[str, Any]:
    product = mesh.products.get(address)
    status = product.metadata.status if product else "unknown"
    sunset = product.metadata.sunset.isoformat() if product and product.metadata.sunset else None
    return {"address": str(address), "domain": address.domain, "status": status, "sunset": sunset}


def _alike(mesh: Mesh) -> dict[Address, list[str]]:
    """For each product the first of the others with the same columns of the same types: perhaps the same product
    twice. At most ``ALIKE``: who is one of a thousand is not told the thousand."""
    groups: dict[frozenset[tuple[str, str]], list[DataProduct]] = {}
    for product in mesh.products.values():
        groups.setdefault(frozenset((field.name, field.type) for field in product.fields), []).append(product)
    found = {}
    for group in (one for one in groups.values() if len(one) > 1):
        named = sorted((str(product.address), product.id) for product in group)
        for product in group:
            others = (name for name, id_ in named if id_ != product.id)
            found[product.address] = list(islice(others, ALIKE))
    return found
