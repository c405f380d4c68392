"""Whom an incident concerns: owners, readers, and what consumers are served meanwhile."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from mesh_orchestration.contract.address import Address
from mesh_orchestration.contract.mesh import Mesh
from mesh_orchestration.contract.model import DataProduct
from mesh_orchestration.errors import MeshError
from mesh_orchestration.incidents.model import domain_of
from mesh_orchestration.settings import Settings

_log = logging.getLogger("mesh.alerts")


@dataclass(frozen=True)
class Serving:
    """The snapshot that consumers read now; ``since`` is its publication, seconds since 1970."""

    snapshot: int
    since: float


@dataclass(frozen=True)
class About:
    """What the contracts say about an incident's subject: who owns it and, by name, who reads it.
    ``serving`` is None when nothing was published; ``unknown`` when the warehouse cannot be asked."""

    owners: tuple[str, ...] = ()
    readers: dict[str, str] = field(default_factory=dict)
    serving: Serving | None = None
    unknown: bool = False


Lookup = Callable[[str], Serving | None]


def about(mesh: Mesh, subject: str, serving: Lookup) -> About:
    """Who owns and who reads ``subject``: a product's address, a domain, ``location/job`` or a part of the platform.
    Readers are the products that read it and the consumers that its contract names. ``serving`` may raise MeshError."""
    products = by_name(mesh)
    if subject not in products:
        domain = domain_of(subject)
        owned = [product.owner for product in products.values() if product.domain == domain]
        return About(tuple(dict.fromkeys(owned)))
    product = products[subject]
    readers = {str(reader): mesh.products[reader].owner for reader in mesh.consumers(product.address)}
    readers |= {consumer.name: consumer.owner for consumer in product.spec.consumers}
    try:
        return About((product.owner,), readers, serving(subject))
    except MeshError as error:
        _log.warning("%s", error)  # a message matters most when the warehouse is in trouble
        return About((product.owner,), readers, unknown=True)


def muteable(mesh: Mesh, name: str) -> str:
    """The address, the domain or ``*`` that ``name`` means; raises MeshError naming the nearest address."""
    return name if name in ("*", *mesh.domains) else str(mesh.product(name).address)


def served(settings: Settings, address: str) -> Serving | None:
    """The snapshot that consumers of ``address`` read now; None before the first publication. Raises
    StorageError when the warehouse cannot be read."""
    from mesh_orchestration.storage.catalog import open_lake
    from mesh_orchestration.storage.snapshots import published

    with open_lake(settings) as lake:
        snapshot = published(lake, Address.parse(address))
    return Serving(snapshot.snapshot_id, snapshot.timestamp.timestamp()) if snapshot else None


def by_name(mesh: Mesh) -> Mapping[str, DataProduct]:
    """The products of the mesh by their address as text."""
    return {str(address): product for address, product in mesh.products.items()}


def sources_of(mesh: Mesh, products: Mapping[str, DataProduct], subject: str) -> Iterator[str]:
    """The products that ``subject`` is made of, however indirectly, nearest first; ``products`` is ``by_name``."""
    seen, waiting = {subject}, [subject]
    while waiting:
        product = products.get(waiting.pop(0))
        for source in mesh.upstream(product) if product else ():
            if str(source) not in seen:
                seen.add(str(source))
                waiting.append(str(source))
                yield str(source)
