"""What contracts may not say together: each finding belongs to the domain that must mend it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Set
from itertools import pairwise
from pathlib import Path

from mesh_orchestration.contract.address import Address
from mesh_orchestration.contract.deprecation import deprecation_of
from mesh_orchestration.contract.dialects import read_source
from mesh_orchestration.contract.document import Path_
from mesh_orchestration.contract.graph import cycles, say, upstream_of
from mesh_orchestration.contract.model import DataProduct, InputPort
from mesh_orchestration.contract.ports import upstream
from mesh_orchestration.contract.wording import suggestion
from mesh_orchestration.errors import Problem

Products = Mapping[Address, DataProduct]
Told = tuple[DataProduct, Path_, str]
"""The product to mend, the place in its contract, and the message."""


def cross_problems(products: Products, written: Set[Address], *, root: Path) -> Iterator[tuple[str, Problem]]:
    """Every problem between contracts as (domain, problem).

    ``written`` are all addresses that have a file, so that reading from a product whose contract is
    broken is not reported as reading from nowhere.
    """
    for rule in (_dangling, _redeclared, _undeclared, _shared_models, _shared_ids, _circles):
        for product, path, message in rule(products, written):
            source = read_source(Path(product.source), root=root)
            yield product.domain, source.problem(path, message)


def _ports(product: DataProduct) -> Iterator[tuple[int, InputPort]]:
    for index, port in enumerate(product.spec.inputs):
        if isinstance(port, InputPort):
            yield index, port


def _dangling(products: Products, written: Set[Address]) -> Iterator[Told]:
    for product in products.values():
        for index, port in _ports(product):
            source = upstream(port)
            if source is None or source in written:
                continue
            known = (address for address in sorted(written) if address.asset_key[:2] == source.asset_key[:2])
            majors = [_major(address, products) for address in known]
            hint = f"; it has {', '.join(majors)}" if majors else suggestion(str(source), map(str, written))
            yield product, ("spec", "inputs", index, "product"), f"'{source}' is not a data product{hint}"


def _major(address: Address, products: Products) -> str:
    """A major that exists, with a note when it is not to be moved to for long."""
    product = products.get(address)
    ending = deprecation_of(product, products) if product else None
    return f"{address} ({ending.note})" if ending else str(address)


def _redeclared(products: Products, _: Set[Address]) -> Iterator[Told]:
    first: dict[tuple[str, str], tuple[DataProduct, InputPort]] = {}
    for product in products.values():
        for index, port in _ports(product):
            owner, known = first.setdefault((product.domain, port.name), (product, port))
            if known != port:
                message = f"'{port.name}' is declared otherwise in {owner.source}; write '- {port.name}' to use it"
                yield product, ("spec", "inputs", index), message


def _undeclared(products: Products, written: Set[Address]) -> Iterator[Told]:
    unread = {address.domain for address in written - products.keys()}  # the port may stand in a broken contract
    declared: dict[str, set[str]] = defaultdict(set)
    for product in products.values():
        declared[product.domain].update(port.name for port in product.inputs)
    for product in products.values():
        if product.domain in unread:
            continue
        for index, port in enumerate(product.spec.inputs):
            if isinstance(port, str) and port not in declared[product.domain]:
                hint = suggestion(port, declared[product.domain])
                message = f"'{port}' is not an input of a product in {product.domain}{hint}"
                yield product, ("spec", "inputs", index), message


def _shared_models(products: Products, _: Set[Address]) -> Iterator[Told]:
    first: dict[tuple[str, str], DataProduct] = {}
    for product in products.values():
        owner = first.setdefault((product.domain, product.model), product)
        if owner is not product:
            fix = f"{product.name}_v{product.address.major}"
            path = ("spec", "model") if product.spec.model else ("metadata", "name")
            yield product, path, f"model '{product.model}' already holds {owner.address}; give 'spec.model: {fix}'"


def _shared_ids(products: Products, _: Set[Address]) -> Iterator[Told]:
    first: dict[str, DataProduct] = {}
    for product in products.values():
        owner = first.setdefault(product.id, product)
        if owner.address.asset_key[:2] != product.address.asset_key[:2]:
            message = f"'{product.id}' is already the id of {owner.address}; an id is never reused"
            yield product, ("metadata", "id"), message


def _circles(products: Products, _: Set[Address]) -> Iterator[Told]:
    for ring in cycles(upstream_of(products)):
        for address, source in pairwise(ring):
            product = products[address]
            place = next((index for index, port in _ports(product) if upstream(port) == source), None)
            path: Path_ = ("spec", "inputs") if place is None else ("spec", "inputs", place)
            yield product, path, say(ring)
