"""All contracts of the mesh together: which products there are, what they read, in which order."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from mesh_orchestration.contract.address import Address
from mesh_orchestration.contract.cache import Cache
from mesh_orchestration.contract.cross import cross_problems
from mesh_orchestration.contract.graph import topological_order, upstream_of
from mesh_orchestration.contract.loader import CONTRACTS
from mesh_orchestration.contract.model import DataProduct, InputPort
from mesh_orchestration.contract.wording import suggestion
from mesh_orchestration.errors import ContractError, MeshError, Problem
from mesh_orchestration.settings import Settings

ACKNOWLEDGEMENTS = "acknowledgements"
"""The folder of a domain in which it agrees to changes of what it reads; no product can have this name."""


@dataclass(frozen=True)
class Mesh:
    """The products that could be loaded, and per domain what is wrong.

    ``products`` holds every well-formed contract by its address, also those of a broken domain, so
    that others keep what they need to know of them; ``broken`` says which domains must not run.
    """

    products: Mapping[Address, DataProduct]
    domains: tuple[str, ...]
    broken: Mapping[str, ContractError] = field(default_factory=dict)

    def of(self, domain: str) -> tuple[DataProduct, ...]:
        """The products of ``domain`` by address; raises its ContractError when it is broken, MeshError when unknown."""
        self.require(domain)
        return self._by_domain.get(domain, ())

    @cached_property
    def _by_domain(self) -> Mapping[str, tuple[DataProduct, ...]]:
        found: dict[str, list[DataProduct]] = {}
        for address, product in self.products.items():
            found.setdefault(address.domain, []).append(product)
        return {domain: tuple(products) for domain, products in found.items()}

    @property
    def sound(self) -> tuple[str, ...]:
        """The domains without a finding."""
        return tuple(domain for domain in self.domains if domain not in self.broken)

    def require(self, domain: str | None = None) -> Mesh:
        """The mesh itself when ``domain`` (every domain when None) is sound; else raises its ContractError."""
        if domain is None:
            if self.broken:
                raise ContractError(self.problems)
        elif domain in self.broken:
            raise self.broken[domain]
        elif domain not in self.domains:
            raise MeshError(f"'{domain}' is not a domain{suggestion(domain, self.domains)}")
        return self

    @cached_property
    def problems(self) -> tuple[Problem, ...]:
        """Everything that is wrong in any domain, in file order."""
        return tuple(sorted({problem for error in self.broken.values() for problem in error.problems}))

    def product(self, name: str) -> DataProduct:
        """The product called ``orders.order_lines.v1``, or the newest major of ``orders.order_lines``;
        raises MeshError with the nearest address, ContractError when it may be one of a broken domain."""
        spelled = name.replace("-", "_")
        majors = [address for address in self.products if str(address).rsplit(".", 1)[0] == spelled]
        exact = [address for address in self.products if str(address) == spelled]
        if not exact and not majors:
            if (domain := spelled.split(".", 1)[0]) in self.broken:
                raise self.broken[domain]
            raise MeshError(f"'{name}' is not a data product{self._instead(name)}")
        return self.products[max(exact or majors, key=lambda address: address.major)]

    def addressed(self, name: str) -> Address:
        """The address that ``name`` says in full, of a product that may be gone, or that of ``orders.order_lines`` when
        it has one major; raises MeshError with the majors it has, else as ``product`` does."""
        spelled = name.replace("-", "_")
        try:
            return Address.parse(spelled)
        except ValueError:
            majors = [str(address) for address in self.products if str(address).rsplit(".", 1)[0] == spelled]
        if len(majors) > 1:
            raise MeshError(f"'{name}' may be {' or '.join(majors)}; give one of them")
        return self.product(name).address

    def _instead(self, name: str) -> str:
        if name not in self.domains:
            return suggestion(name, map(str, self.products))
        return f" but a domain; its products are {', '.join(str(one.address) for one in self._by_domain.get(name, ()))}"

    def ports(self, domain: str) -> Mapping[str, InputPort]:
        """The input ports of ``domain`` by name; one shared by several products stands here once."""
        self.require(domain)
        return self._ports[domain]

    def ports_of(self, product: DataProduct) -> tuple[InputPort, ...]:
        """The ports that ``product`` reads, with each bare name resolved to the sibling's port."""
        ports = self._ports[product.domain]
        return tuple(ports[name] for name in product.input_names if name in ports)

    @cached_property
    def _ports(self) -> Mapping[str, Mapping[str, InputPort]]:
        result: dict[str, dict[str, InputPort]] = {domain: {} for domain in self.domains}
        for product in self.products.values():
            result.setdefault(product.domain, {}).update({port.name: port for port in product.inputs})
        return result

    def upstream(self, product: DataProduct) -> tuple[Address, ...]:
        """The addresses that ``product`` reads through ``data-product`` ports, its own or a sibling's it names."""
        return self._upstream.get(product.address, ())

    @cached_property
    def _upstream(self) -> Mapping[Address, tuple[Address, ...]]:
        return upstream_of(self.products)

    def consumers(self, address: Address) -> tuple[Address, ...]:
        """The products that read ``address``, by address."""
        return self._consumers.get(address, ())

    @cached_property
    def _consumers(self) -> Mapping[Address, tuple[Address, ...]]:
        found: dict[Address, list[Address]] = {}
        for consumer, sources in self._upstream.items():
            for source in sources:
                found.setdefault(source, []).append(consumer)
        return {source: tuple(consumers) for source, consumers in found.items()}

    def order(self) -> tuple[DataProduct, ...]:
        """Every product after all that it reads; ties by address. Raises ContractError on a cycle."""
        return tuple(self.products[address] for address in topological_order(self.products))


def load_mesh(settings: Settings) -> Mesh:
    """The mesh whose contracts are under ``settings.contracts_dir``; never raises for a wrong contract."""
    with _collected_later():
        return _load(settings.root, Cache(settings.home, settings.root))


def _load(root: Path, cache: Cache) -> Mesh:
    products: dict[Address, DataProduct] = {}
    broken: dict[str, list[Problem]] = {}
    written: set[Address] = set()
    domains: set[str] = set()
    for path in contract_files(root):
        domain = _domain_of(path)
        domains.add(domain)
        written |= _address_of(path)
        try:
            product = cache.product(path)
        except ContractError as error:
            broken.setdefault(domain, []).extend(error.problems)
        else:
            products[product.address] = product
    cache.save()
    products = dict(sorted(products.items()))
    for domain, problem in cross_problems(products, written | products.keys(), root=root):
        broken.setdefault(domain, []).append(problem)
    return Mesh(
        products=products,
        domains=tuple(sorted(domains - {""})),
        broken={domain: ContractError(tuple(problems)) for domain, problems in sorted(broken.items())},
    )


@contextmanager
def _collected_later() -> Iterator[None]:
    """No garbage collection meanwhile: reading keeps nearly all it makes, and looking through it doubles the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def contract_files(root: Path) -> tuple[Path, ...]:
    """Every YAML file under ``contracts/``, relative to ``root``, in order; hidden files left out, and what a
    domain says of others' contracts in ``contracts/<domain>/acknowledgements/``."""
    found = []
    for folder, folders, files in os.walk(root / CONTRACTS):
        folders[:] = [name for name in folders if not name.startswith(".")]
        inner = Path(folder).relative_to(root)
        named = (name for name in (*folders, *files) if name.endswith((".yaml", ".yml")) and not name.startswith("."))
        if inner.parts[2:] != (ACKNOWLEDGEMENTS,):
            found += [inner / name for name in named]
    return tuple(sorted(found))


def _domain_of(path: Path) -> str:
    """The domain that answers for the file: its folder under ``contracts/``; none for a file beside the folders."""
    return path.parts[1] if len(path.parts) > 2 else ""


def _address_of(path: Path) -> set[Address]:
    """The address that the place of the file claims, whatever the file says."""
    try:
        return {Address.parse(".".join(path.with_suffix("").parts[1:]))}
    except ValueError:
        return set()
