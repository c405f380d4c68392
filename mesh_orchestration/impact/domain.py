"""What one domain takes of other products, and its products of each other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Literal

from mesh_orchestration.compile.dbt import SOURCE
from mesh_orchestration.contract.address import Address
from mesh_orchestration.contract.mesh import Mesh
from mesh_orchestration.contract.model import DataProduct, InputPort
from mesh_orchestration.contract.ports import LANDED, options, upstream
from mesh_orchestration.impact.columns import ANY, NOWHERE, Columns, Origin
from mesh_orchestration.impact.graph import Graph, Traced
from mesh_orchestration.impact.models import Model, Models, cache_of
from mesh_orchestration.impact.project import DbtProject, Exposure, mentioned, source_relation


@dataclass(frozen=True)
class Taken:
    """What one consumer of a domain takes of one product: ``columns`` in lower case with the files that name
    them, ``into`` which columns of its own they go, those ``deciding`` which rows it has; ``why`` when not all
    of it can be told."""

    consumer: str
    kind: Literal["product", "exposure", "model", "test"]
    owner: str
    domain: str
    address: Address | None = None
    columns: Mapping[str, frozenset[str]] = field(default_factory=dict)
    into: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    deciding: frozenset[str] = frozenset()
    files: tuple[str, ...] = ()
    why: str = ""
    type: str = ""
    description: str = ""
    url: str = ""


class DomainReading:
    """What the contracts and dbt models of ``domain`` take."""

    def __init__(self, mesh: Mesh, root: Path, domain: str, home: Path | None) -> None:
        self._mesh, self.domain = mesh, domain
        self._project = DbtProject(root, domain)
        self._products = tuple(product for address, product in mesh.products.items() if address.domain == domain)
        self._ports = {port.name: port for product in self._products for port in product.inputs}
        self._kept = cache_of(home, domain)
        self._models = Models(self._project, self._known(), self._kept)

    @property
    def models(self) -> Mapping[str, Model]:
        """The models of the domain by their name in lower case."""
        return self._graph.models

    def taking(self, address: Address) -> tuple[Taken, ...]:
        """Every consumer in this domain that takes of ``address``."""
        return self._taken.get(address, ())

    def products_read(self) -> Iterator[tuple[Address, Address]]:
        """Which product of this domain reads which other one, as (reader, read)."""
        for address, taken in self._taken.items():
            yield from ((one.address, address) for one in taken if one.address)

    def exposed(self) -> Iterator[tuple[Address, Taken]]:
        """What the exposures of this domain take, each with the product that it takes it of."""
        for address, taken in self._taken.items():
            yield from ((address, one) for one in taken if one.kind == "exposure")

    def lineage(self, address: Address) -> Mapping[str, tuple[str, ...]]:
        """For each column of the product where its values come from: ``domain.product.v1.column``, or
        ``domain.input.port.column`` of what a source landed."""
        traced = self._traced.get(address, Traced())
        found: dict[str, set[str]] = {column: set() for column in self._mesh.products[address].columns}
        for origin, columns in traced.into.items():
            source = self._sources.get(origin.relation)
            name = str(source) if source else f"{self.domain}.input.{origin.relation.removeprefix('landing__')}"
            for column in columns:
                found[column].add(f"{name}.{origin.column}")
        return {column: tuple(sorted(names)) for column, names in found.items()}

    def _known(self) -> Mapping[str, tuple[str, ...]]:
        marts = {product.model.lower(): tuple(product.columns) for product in self._products}
        return marts | {source_relation(SOURCE, name): self._landed(port) for name, port in self._ports.items()}

    def _landed(self, port: InputPort) -> tuple[str, ...]:
        """The columns of a port's landing table, as far as a contract says them."""
        source = upstream(port)
        if source:
            product = self._mesh.products.get(source)
            return (*product.columns, *LANDED) if product else ()
        columns = options(port).declared
        return (*columns, *LANDED) if columns else ()

    @cached_property
    def _sources(self) -> Mapping[str, Address]:
        """The product behind each relation that stands for one: landing tables, and the domain's own marts."""
        landed = {source_relation(SOURCE, name): upstream(port) for name, port in self._ports.items()}
        marts = {product.model.lower(): product.address for product in self._products}
        return marts | {relation: address for relation, address in landed.items() if address}

    @cached_property
    def _graph(self) -> Graph:
        landed = (source_relation(SOURCE, name) for name in self._ports)
        return Graph(self._models.models, frozenset({*self._sources, *landed}))

    @cached_property
    def _traced(self) -> Mapping[Address, Traced]:
        """What each product takes through its mart; a product without one is not among them."""
        models = self.models
        return {
            product.address: self._graph.trace(models[product.model.lower()], product.columns)
            for product in self._products
            if product.model.lower() in models
        }

    @cached_property
    def _taken(self) -> Mapping[Address, tuple[Taken, ...]]:
        found: dict[Address, list[Taken]] = {}
        for address, taken in (*self._of_products(), *self._of_exposures(), *self._of_the_rest()):
            if taken.address != address:
                found.setdefault(address, []).append(taken)
        self._kept.save()
        return {address: tuple(taken) for address, taken in found.items()}

    def _of_products(self) -> Iterator[tuple[Address, Taken]]:
        for product in self._products:
            traced = self._traced.get(product.address)
            taken = Taken(str(product.address), "product", product.owner, self.domain, product.address)
            if traced is None:
                why = self._no_mart(product)
                unread = [(source, (product.source,)) for source in self._mesh.upstream(product)]
                yield from ((source, _filled(taken, files=files, why=why)) for source, files in unread)
                continue
            yield from self._split(taken, traced, declared=self._mesh.upstream(product), source=product.source)

    def _no_mart(self, product: DataProduct) -> str:
        if not self._project.exists:
            return f"there is no dbt project dbt_projects/{self.domain}"
        return f"there is no model '{product.model}' in dbt_projects/{self.domain}"

    def _of_exposures(self) -> Iterator[tuple[Address, Taken]]:
        for exposure in self._project.exposures:
            taken = Taken(
                f"{self.domain}.{exposure.name}", "exposure", exposure.owner or self._owner, self.domain,
                type=exposure.type, description=exposure.description, url=exposure.url,
            )  # fmt: skip
            root = _of_exposure(exposure)
            traced = self._graph.trace(root, (ANY,))
            for address, one in self._split(taken, traced, source=exposure.file):
                yield address, self._named_only(one, exposure, address) if exposure.columns is not None else one

    def _named_only(self, taken: Taken, exposure: Exposure, address: Address) -> Taken:
        """What an exposure takes when it says itself which columns it reads."""
        product = self._mesh.products.get(address)
        known = {column.lower() for column in product.columns} if product else frozenset()
        said = {column.lower() for column in exposure.columns or ()}
        return _filled(taken, columns={column: frozenset({exposure.file}) for column in said & known}, why="")

    def _of_the_rest(self) -> Iterator[tuple[Address, Taken]]:
        """Models that lead to no product and no exposure, and singular tests: they break too."""
        models = self.models
        roots = [models[product.model.lower()] for product in self._products if product.model.lower() in models]
        roots += [_of_exposure(exposure) for exposure in self._project.exposures]
        behind = {name for root in roots for name in self._graph.behind(root)}
        loose = [model for name, model in models.items() if name not in behind]
        used = {relation for model in loose for relation in model.relations}
        for model in loose:
            if model.name not in used:
                taken = Taken(f"{self.domain}.{model.name}", "model", self._owner, self.domain)
                yield from self._split(taken, self._graph.trace(model, (ANY,)), source=model.file)
        for test in self._models.tests:
            taken = Taken(f"{self.domain}.{test.name.removeprefix('test ')}", "test", self._owner, self.domain)
            yield from self._split(taken, Graph({}, self._graph.entries).trace(test, ()), source=test.file)

    @property
    def _owner(self) -> str:
        """The owner of what belongs to the domain as a whole."""
        return self._products[0].owner if self._products else ""

    def _split(
        self, taken: Taken, traced: Traced, *, declared: Iterable[Address] = (), source: str
    ) -> Iterator[tuple[Address, Taken]]:
        """What was traced by the product it is of; one that is only ``declared`` gives no columns."""
        addresses = dict.fromkeys(declared)
        addresses |= dict.fromkeys(self._sources[name] for name in sorted(traced.relations) if name in self._sources)
        for address in addresses:
            relations = {relation for relation, of in self._sources.items() if of == address}
            mine = {origin: files for origin, files in traced.files.items() if origin.relation in relations}
            files = {file for relation in relations for file in traced.relations.get(relation, ())}
            yield (
                address,
                _filled(
                    taken,
                    columns=_by_column(mine),
                    into=_into({origin: traced.into.get(origin, ()) for origin in mine}),
                    deciding=frozenset(origin.column for origin in traced.deciding if origin in mine),
                    files=tuple(sorted(files)) or (source,),
                    why=_untold(mine, traced),
                ),
            )


def _filled(taken: Taken, **parts: object) -> Taken:
    return Taken(**{**vars(taken), **parts})


def _by_column(found: Mapping[Origin, frozenset[str]]) -> Mapping[str, frozenset[str]]:
    columns: dict[str, frozenset[str]] = {}
    for origin, files in found.items():
        if origin.column not in (ANY, *LANDED):
            columns[origin.column] = columns.get(origin.column, frozenset()) | files
    return columns


def _into(found: Mapping[Origin, tuple[str, ...]]) -> Mapping[str, tuple[str, ...]]:
    into: dict[str, tuple[str, ...]] = {}
    for origin, columns in found.items():
        into[origin.column] = tuple(dict.fromkeys((*into.get(origin.column, ()), *columns)))
    return into


def _untold(mine: Iterable[Origin], traced: Traced) -> str:
    if not any(origin.column == ANY for origin in mine):
        return ""
    return "; ".join(traced.why) or "it takes every column"


def _of_exposure(exposure: Exposure) -> Model:
    """An exposure as a model that selects everything of what it depends on."""
    relations = frozenset(mentioned("\n".join(exposure.depends_on)))
    every = frozenset(Origin(relation, ANY) for relation in relations)
    return Model(f"exposure {exposure.name}", exposure.file, Columns(every=every), NOWHERE, relations)
