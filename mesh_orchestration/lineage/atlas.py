"""What each asset is made from: told by contracts and the text of the models, whether its run went well or not."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol

from mesh_orchestration.contract.mesh import Mesh
from mesh_orchestration.contract.model import DataProduct, InputPort
from mesh_orchestration.contract.ports import options, upstream
from mesh_orchestration.lineage.facets import Facets, facet, job_ownership, ownership
from mesh_orchestration.lineage.names import LANDING, Key, Name, Places, address_of, model_of, port_of
from mesh_orchestration.lineage.products import product_facets
from mesh_orchestration.settings import Settings


class ModelText(Protocol):
    """A dbt model as its text shows it: its file, and the relations it reads (in lower case)."""

    @property
    def file(self) -> str: ...
    @property
    def relations(self) -> frozenset[str]: ...


Models = Callable[[str], Mapping[str, ModelText]]
"""The dbt models of a domain by name, in lower case."""


@dataclass(frozen=True)
class Node:
    """An asset's place: what it reads, with the asset's key where it is one, and what is known of it anyway."""

    key: Key
    name: Name
    inputs: Mapping[Name, Key | None] = field(default_factory=dict)
    facets: Facets = field(default_factory=dict)
    job: Facets = field(default_factory=dict)
    product: DataProduct | None = None
    port: InputPort | None = None


class Atlas:
    """Every asset of a mesh with its place; found once each, so an atlas is as old as the contracts it was given."""

    def __init__(self, settings: Settings, mesh: Mesh, models: Models) -> None:
        self.settings, self.mesh, self._models = settings, mesh, models
        self.places = Places(settings)
        self._nodes: dict[Key, Node] = {}
        self._inputs: dict[Name, Facets] = {}

    def node(self, key: Key) -> Node:
        """The place of an asset; without inputs when nothing in the mesh knows it any more."""
        if key not in self._nodes:
            self._nodes[key] = self._find(key)
        return self._nodes[key]

    def facets(self, name: Name, key: Key | None) -> Facets:
        """What is known of a dataset that somebody reads."""
        if name not in self._inputs:
            self._inputs[name] = self.node(key).facets if key else _outside(name)
        return self._inputs[name]

    def _find(self, key: Key) -> Node:
        name = self.places.asset(key)
        if address := address_of(key):
            product = self.mesh.products.get(address)
            return self._product(key, product) if product else Node(key, name)
        if port := port_of(key):
            found = self._ports.get(port)
            return self._port(key, found, port[0]) if found else Node(key, name, facets=self._engine(port[0]))
        if model := model_of(key):
            return self._model(key, *model)
        return Node(key, name)

    def _product(self, key: Key, product: DataProduct) -> Node:
        mart = (product.domain, "dbt", product.model)
        job = {
            "jobType": facet("jobType", processingType="BATCH", integration="MESH", jobType="PUBLICATION"),
            "ownership": job_ownership([product.owner]),
            **self._code(product.source),
        }
        inputs = {self.places.asset(mart): mart}
        return Node(key, self.places.asset(key), inputs, product_facets(product, self.places), job, product)

    def _port(self, key: Key, port: InputPort, domain: str) -> Node:
        source = upstream(port)
        inputs: dict[Name, Key | None] = (
            {self.places.product(source): source.asset_key} if source else {self.places.source(port): None}
        )
        readers = [product for product in self._of(domain) if port in self.mesh.ports_of(product)]
        owners = [product.owner for product in readers]
        job = {
            "jobType": facet("jobType", processingType="BATCH", integration="MESH", jobType="INGESTION"),
            "ownership": job_ownership(owners),
            **self._code(next((one.source for one in readers if port in one.inputs), "")),
        }
        facets = self._engine(domain) | {"ownership": ownership(owners)} | self._landed(port)
        if port.description:
            facets["documentation"] = facet("documentation", description=port.description)
        return Node(key, self.places.asset(key), inputs, facets, job, port=port)

    def _landed(self, port: InputPort) -> Facets:
        source = upstream(port)
        product = self.mesh.products.get(source) if source else None
        columns = {one.name: str(one.logical_type) for one in product.fields} if product else options(port).declared
        fields = [{"name": name, "type": str(kind)} for name, kind in columns.items()]
        return {"schema": facet("schema", fields=fields)} if fields else {}

    def _model(self, key: Key, domain: str, name: str) -> Node:
        models = self._models(domain)
        model = models.get(name)
        marts = [product for product in self._of(domain) if product.model.lower() == name]
        owners = [product.owner for product in marts or self._of(domain)]
        job = {
            "jobType": facet("jobType", processingType="BATCH", integration="DBT", jobType="MODEL"),
            "ownership": job_ownership(owners),
            **(self._code(model.file) if model else {}),
        }
        inputs: dict[Name, Key | None] = {}
        for relation in sorted(model.relations) if model else ():
            source = _key(domain, relation, models)
            inputs[self.places.asset(source) if source else self.places.relation(domain, relation)] = source
        facets = self._engine(domain) | {"ownership": ownership(owners)}
        return Node(key, self.places.asset(key), inputs, facets, job)

    def _of(self, domain: str) -> list[DataProduct]:
        """The sound products of a domain, whatever else is wrong or no longer there."""
        return [product for product in self.mesh.products.values() if product.domain == domain]

    def _engine(self, domain: str) -> Facets:
        return {"storage": facet("storage", storageLayer=self.places.dialect(domain))}

    def _code(self, file: str) -> Facets:
        if not file:
            return {}
        url = (self.settings.root / file).resolve().as_uri()
        return {"sourceCodeLocation": facet("sourceCodeLocation", type="file", url=url, path=file)}

    @cached_property
    def _ports(self) -> Mapping[tuple[str, str], InputPort]:
        return {(product.domain, port.name): port for product in self.mesh.products.values() for port in product.inputs}


def _key(domain: str, relation: str, models: Mapping[str, ModelText]) -> Key | None:
    if relation.startswith(LANDING):
        return (domain, "input", relation.removeprefix(LANDING))
    return (domain, "dbt", relation) if relation in models else None


def _outside(name: Name) -> Facets:
    """What the name of a source tells of where it is."""
    layer = name.namespace.split(":", 1)[0]
    return {"storage": facet("storage", storageLayer=layer)}
