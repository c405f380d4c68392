"""What a product is made from and what is made from it, step by step, with the columns of each step."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from mesh_orchestration.contract.address import Address
from mesh_orchestration.contract.model import DataProduct, InputPort
from mesh_orchestration.contract.ports import upstream as source_of
from mesh_orchestration.impact.readers import Readers, Use

_ROWS = "(which rows there are)"


@dataclass(frozen=True)
class Line:
    """``column`` of the later of two holds what the earlier has in ``source``."""

    source: str
    column: str


@dataclass(frozen=True)
class Step:
    """One neighbour: its name, what it is, who owns it, the columns between, and its neighbours further on. ``why``
    says why the columns are not known; a product that was met before on this way has nothing ``further``."""

    name: str
    kind: str
    owner: str = ""
    columns: tuple[Line, ...] = ()
    further: tuple[Step, ...] = ()
    why: str = ""


def upstream(reading: Readers, address: Address, depth: int = 0) -> tuple[Step, ...]:
    """What ``address`` is made from, at most ``depth`` steps away, 0 for all: products and sources."""
    return tuple(_up(reading, address, depth, frozenset({address})))


def downstream(reading: Readers, address: Address, depth: int = 0) -> tuple[Step, ...]:
    """Who reads ``address``, at most ``depth`` steps away, 0 for all: products, exposures, declared consumers."""
    return tuple(_down(reading, address, depth, frozenset({address})))


def _up(reading: Readers, address: Address, depth: int, above: frozenset[Address]) -> Iterator[Step]:
    product = reading.mesh.products[address]
    for port in reading.mesh.ports_of(product):
        if source := source_of(port):
            yield _from_product(reading, address, source, depth, above)
        else:
            lines = _columns(reading, address, f"{address.domain}.input.{port.name.lower()}.")
            yield Step(_name(port), f"{port.type} source", columns=lines)
    for sibling in _siblings(reading, product):
        yield _from_product(reading, address, sibling, depth, above)


def _from_product(reading: Readers, address: Address, source: Address, depth: int, above: frozenset[Address]) -> Step:
    product = reading.mesh.products.get(source)
    further: tuple[Step, ...] = ()
    if product and source not in above and depth != 1:
        further = tuple(_up(reading, source, max(depth - 1, 0), above | {source}))
    owner = product.owner if product else ""
    return Step(str(source), "product", owner, _columns(reading, address, f"{source}."), further)


def _columns(reading: Readers, address: Address, prefix: str) -> tuple[Line, ...]:
    """The columns of ``address`` whose values come from what begins with ``prefix``."""
    return tuple(
        Line(name.removeprefix(prefix), column)
        for column, names in reading.columns(address).items()
        for name in names
        if name.startswith(prefix)
    )


def _siblings(reading: Readers, product: DataProduct) -> Iterator[Address]:
    """The products of its own domain that the product's models read without a port."""
    read = {".".join(name.split(".")[:3]) for names in reading.columns(product.address).values() for name in names}
    ports = {source_of(port) for port in reading.mesh.ports_of(product)}
    for sibling in reading.mesh.of(product.domain):
        if str(sibling.address) in read and sibling.address not in {*ports, product.address}:
            yield sibling.address


def _name(port: InputPort) -> str:
    said = next((port.options[key] for key in ("path", "topic", "table") if port.options.get(key)), "")
    return f"{port.name} ({said})" if said else port.name


def _down(reading: Readers, address: Address, depth: int, above: frozenset[Address]) -> Iterator[Step]:
    for use in reading.of(address):
        further: tuple[Step, ...] = ()
        if use.address and use.address not in above and depth != 1:
            further = tuple(_down(reading, use.address, max(depth - 1, 0), above | {use.address}))
        yield Step(use.consumer, use.kind, use.owner, tuple(_lines(use)), further, use.why)


def _lines(use: Use) -> Iterator[Line]:
    for read in use.reads:
        for column in read.into:
            yield Line(read.column, column)
        if read.rows:
            yield Line(read.column, _ROWS)
