"""Which products a run covers, and in which order: a domain at a time, as many of its products as can go together."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Set
from dataclasses import dataclass

from mesh_orchestration.contract.address import DOMAIN, Address
from mesh_orchestration.contract.mesh import Mesh


@dataclass(frozen=True)
class Stage:
    """Products of one domain that one Dagster run publishes."""

    domain: str
    addresses: tuple[Address, ...]


def resolve(mesh: Mesh, selection: Iterable[str]) -> tuple[Address, ...]:
    """The products that words name: a domain, ``domain.product`` or an address; all when there is no word.

    A domain whose contracts are all broken adds nothing to what the other words name. Raises MeshError with
    the nearest name for a word that names nothing, ContractError when broken contracts leave nothing.
    """
    words = tuple(selection)
    if not words:
        return tuple(mesh.products)
    found: dict[Address, None] = {}
    for word in words:
        if DOMAIN.match(word) and word in mesh.domains:
            found |= dict.fromkeys(address for address in mesh.products if address.domain == word)
        elif DOMAIN.match(word):
            mesh.require(word)
        else:
            found[mesh.product(word).address] = None
    if not found:
        for word in words:
            mesh.require(word)
    return tuple(sorted(found))


def with_missing_upstream(
    mesh: Mesh, wanted: Iterable[Address], is_published: Callable[[Address], bool]
) -> tuple[Address, ...]:
    """The wanted products and, as far as needed, what they read that was never published."""
    found = dict.fromkeys(wanted)
    queue = list(found)
    while queue:
        product = mesh.products[queue.pop()]
        for source in mesh.upstream(product):
            if source not in found and source in mesh.products and not is_published(source):
                found[source] = None
                queue.append(source)
    return tuple(sorted(found))


def stages(mesh: Mesh, wanted: Iterable[Address]) -> tuple[Stage, ...]:
    """The products in as few stages as their reading order allows; products of one domain that read
    each other stay together. Raises ContractError on a cycle."""
    order = [product.address for product in mesh.order() if product.address in set(wanted)]
    done: set[Address] = set()
    plan: list[Stage] = []
    while left := [address for address in order if address not in done]:
        domain = left[0].domain
        together = _runnable(mesh, [address for address in left if address.domain == domain], done, set(left))
        plan.append(Stage(domain, together))
        done |= set(together)
    return tuple(plan)


def _runnable(mesh: Mesh, candidates: list[Address], done: Set[Address], left: Set[Address]) -> tuple[Address, ...]:
    """The candidates (in reading order) whose sources are done, out of scope, or candidates before them."""
    together: dict[Address, None] = {}
    for address in candidates:
        waiting = set(mesh.upstream(mesh.products[address])) & left - done - set(together)
        if not waiting:
            together[address] = None
    return tuple(together)
