"""Who reads a product and which of its columns: other products, exposures, declared consumers, loose models.

Told from contracts and the text of the models alone. A domain's models are read when somebody asks about
a product that it may read, so a question about a few products does not cost the whole mesh.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Literal

from mesh_orchestration.contract.address import Address
from mesh_orchestration.contract.mesh import Mesh
from mesh_orchestration.contract.model import Consumer, DataProduct
from mesh_orchestration.impact.domain import DomainReading, Taken

Kind = Literal["product", "exposure", "declared", "model", "test"]
ROWS = ""
"""In place of a column: no value of the one followed arrives, it decides on rows at most."""


@dataclass(frozen=True)
class ColumnRead:
    """A column that a consumer reads: the ``files`` that name it, ``into`` which columns of its own it goes, and
    whether it decides which ``rows`` there are; with neither, it is named and nothing comes of it."""

    column: str
    into: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    rows: bool = False


@dataclass(frozen=True)
class Use:
    """One consumer of one product.

    ``columns`` are those it reads, None when that cannot be told (``why``) and it counts as reading all;
    ``address`` is the consumer's own when it is a product. ``files`` are where it says so.
    """

    consumer: str
    kind: Kind
    owner: str
    columns: frozenset[str] | None
    files: tuple[str, ...] = ()
    domain: str = ""
    address: Address | None = None
    reads: tuple[ColumnRead, ...] = ()
    why: str = ""
    type: str = ""
    description: str = ""
    url: str = ""

    def read(self, column: str) -> bool:
        """Whether it reads ``column``, or cannot be known not to."""
        return self.columns is None or column in self.columns

    def into(self, column: str) -> tuple[str, ...]:
        """The consumer's own columns that ``column`` goes into."""
        return next((one.into for one in self.reads if one.column == column), ())


@dataclass(frozen=True)
class Flow:
    """A step of a column on its way: ``column`` of ``consumer`` holds what ``source`` had in ``source_column``.

    ``column`` is ``ROWS`` where no value of it arrives; the way ends there, and at a consumer that is no product.
    ``certain`` is false where it cannot be told which column it goes into.
    """

    source: Address
    source_column: str
    consumer: str
    column: str
    use: Use
    certain: bool = True


@dataclass(frozen=True)
class Readers:
    """Who reads which product of ``mesh``, whose dbt projects are under ``root``."""

    mesh: Mesh
    root: Path
    home: Path | None = None
    _domains: dict[str, DomainReading] = field(default_factory=dict, repr=False, compare=False)

    def of(self, address: Address) -> tuple[Use, ...]:
        """Everybody who reads ``address``: products by address, then the others by name."""
        product = self.mesh.products.get(address)
        declared = declared_uses(product) if product else ()
        found = [use for domain in self._domains_of(address) for use in self._of_domain(domain, address)]
        return tuple(sorted([*found, *declared], key=lambda use: (_KINDS.index(use.kind), use.consumer)))

    def between_products(self) -> frozenset[tuple[Address, Address]]:
        """Which product reads which other, as (reader, read): through ports, and through models within its domain."""
        return frozenset(pair for domain in self.mesh.domains for pair in self.domain(domain).products_read())

    def exposures(self) -> tuple[tuple[Address, Use], ...]:
        """Every exposure with each product that it reads."""
        found = (pair for domain in self.mesh.domains for pair in self.domain(domain).exposed())
        return tuple((address, self._use(taken, address)) for address, taken in found)

    def columns(self, address: Address) -> Mapping[str, tuple[str, ...]]:
        """For each column of ``address`` what its values come from, as ``domain.product.v1.column``."""
        reading = self.domain(address.domain)
        return reading.lineage(address)

    def downstream(self, address: Address, column: str) -> tuple[Flow, ...]:
        """Every step that ``column`` takes through products, nearest first; a circle is walked once."""
        waiting, seen, found = [(address, column)], {(address, column)}, []
        while waiting:
            source, name = waiting.pop(0)
            for flow in self._steps(source, name):
                found.append(flow)
                place = (flow.use.address, flow.column)
                if flow.use.address and flow.column != ROWS and place not in seen:
                    seen.add(place)  # type: ignore[arg-type]  # an address, as just asked
                    waiting.append((flow.use.address, flow.column))
        return tuple(found)

    def _steps(self, source: Address, column: str) -> Iterator[Flow]:
        for use in self.of(source):
            if not use.read(column):
                continue
            product = self.mesh.products.get(use.address) if use.address else None
            certain = use.columns is not None
            reached = use.into(column) if certain else tuple(product.columns) if product else ()
            for name in reached or (ROWS,):
                yield Flow(source, column, use.consumer, name, use, certain)

    def domain(self, domain: str) -> DomainReading:
        """What the models of ``domain`` read; found once."""
        if domain not in self._domains:
            self._domains[domain] = DomainReading(self.mesh, self.root, domain, self.home)
        return self._domains[domain]

    def _domains_of(self, address: Address) -> tuple[str, ...]:
        """The domains that can read ``address``: those with a port on it, and its own."""
        return tuple(sorted({address.domain, *self._reading.get(address, ())}))

    @cached_property
    def _reading(self) -> Mapping[Address, set[str]]:
        found: dict[Address, set[str]] = {}
        for product in self.mesh.products.values():
            for source in self.mesh.upstream(product):
                found.setdefault(source, set()).add(product.domain)
        return found

    def _of_domain(self, domain: str, address: Address) -> Iterator[Use]:
        for taken in self.domain(domain).taking(address):
            yield self._use(taken, address)

    def _use(self, taken: Taken, address: Address) -> Use:
        product = self.mesh.products.get(address)
        spelled = {name.lower(): name for name in product.columns} if product else {}
        reads = tuple(
            ColumnRead(
                spelled.get(column, column), taken.into.get(column, ()), tuple(sorted(files)), column in taken.deciding
            )
            for column, files in sorted(taken.columns.items())
        )
        return Use(
            consumer=taken.consumer,
            kind=taken.kind,
            owner=taken.owner,
            columns=None if taken.why else frozenset(one.column for one in reads),
            files=taken.files,
            domain=taken.domain,
            address=taken.address,
            reads=reads,
            why=taken.why,
            type=taken.type,
            description=taken.description,
            url=taken.url,
        )


_KINDS = ("product", "exposure", "declared", "model", "test")


def readers(mesh: Mesh, root: Path, home: Path | None = None) -> Readers:
    """Who reads what in ``mesh``, whose dbt projects are in ``root/dbt_projects``.

    Answers are kept under ``home`` (``settings.home``) between commands, in memory when it is not given.
    """
    return Readers(mesh, root, home)


def declared_uses(product: DataProduct) -> tuple[Use, ...]:
    """The consumers that the contract of ``product`` declares itself."""
    return tuple(_declared(consumer, product) for consumer in product.spec.consumers)


def _declared(consumer: Consumer, product: DataProduct) -> Use:
    return Use(
        consumer=consumer.name,
        kind="declared",
        owner=consumer.owner,
        columns=frozenset(consumer.columns) if consumer.columns else None,
        files=(product.source,) if product.source else (),
        reads=tuple(ColumnRead(column) for column in consumer.columns),
        why="" if consumer.columns else "it declares no columns",
        type=consumer.type,
        description=consumer.description,
        url=consumer.url,
    )
