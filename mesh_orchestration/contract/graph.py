"""Which product reads which: edges, order and cycles."""

from __future__ import annotations

from collections.abc import Mapping
from graphlib import CycleError, TopologicalSorter

from mesh_orchestration.contract.address import Address
from mesh_orchestration.contract.model import DataProduct
from mesh_orchestration.contract.ports import upstream
from mesh_orchestration.errors import ContractError, Problem

Edges = Mapping[Address, tuple[Address, ...]]


def upstream_of(products: Mapping[Address, DataProduct]) -> Edges:
    """The addresses each product reads; a bare port name stands for the sibling's port of that name."""
    shared: dict[tuple[str, str], Address] = {}
    for address, product in products.items():
        for port in product.inputs:
            if source := upstream(port):
                shared[address.domain, port.name] = source
    return {
        address: tuple(
            dict.fromkeys(
                shared[address.domain, name] for name in product.input_names if (address.domain, name) in shared
            )
        )
        for address, product in products.items()
    }


def cycles(edges: Edges) -> tuple[tuple[Address, ...], ...]:
    """Each cycle once, from its smallest address round to it again."""
    rest = {address: tuple(source for source in sources if source in edges) for address, sources in edges.items()}
    found: list[tuple[Address, ...]] = []
    while True:
        try:
            TopologicalSorter(rest).prepare()
        except CycleError as error:
            # graphlib gives the nodes so that each reads the one after it reversed; close it at its smallest.
            ring = list(reversed(error.args[1]))[:-1]
            start = ring.index(min(ring))
            ring = ring[start:] + ring[:start]
            found.append((*ring, ring[0]))
            last = ring[-1]
            rest[last] = tuple(source for source in rest[last] if source != ring[0])
        else:
            return tuple(sorted(found))


def topological_order(products: Mapping[Address, DataProduct]) -> tuple[Address, ...]:
    """Every address after all that it reads, ties by address; raises ContractError naming the cycles."""
    edges = upstream_of(products)
    if rings := cycles(edges):
        raise ContractError(tuple(Problem(products[ring[0]].source, 1, "spec.inputs", say(ring)) for ring in rings))
    sorter = TopologicalSorter({address: sorted(set(edges[address]) & products.keys()) for address in sorted(products)})
    sorter.prepare()
    order: list[Address] = []
    while ready := sorted(sorter.get_ready()):
        order.extend(ready)
        sorter.done(*ready)
    return tuple(order)


def say(ring: tuple[Address, ...]) -> str:
    """A cycle in words: who reads whom, all the way round."""
    return f"reads itself in a circle: {' reads '.join(str(address) for address in ring)}; take one of these inputs out"
