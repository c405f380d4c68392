"""Doing what the contracts ask for: namespaces, tables, schema evolution, generated files; drops only by name.

Steps are derived from what is there, never from what an earlier run said it did, and each is a single change
that is either made or not. So whoever is killed on the way runs it again and gets the steps that are left.
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Self

from mesh_orchestration.compile.files import Difference, differences
from mesh_orchestration.compile.files import apply as write_files
from mesh_orchestration.contract.address import Address
from mesh_orchestration.contract.mesh import Mesh
from mesh_orchestration.contract.model import DataProduct
from mesh_orchestration.errors import MeshError, SettingsError, StorageError
from mesh_orchestration.planning.plan import TableChange
from mesh_orchestration.planning.tables import table_changes
from mesh_orchestration.planning.wording import table
from mesh_orchestration.settings import Settings

if TYPE_CHECKING:
    from mesh_orchestration.storage.catalog import Lake

Action = Literal["create-namespace", "create-table", "evolve-table", "write-file", "delete-file", "drop-table"]


@dataclass(frozen=True)
class Step:
    """One change to make, to the table of ``address``, to a namespace or to a generated file; ``says`` it in words."""

    action: Action
    target: str
    says: str
    address: Address | None = None
    file: Difference | None = None


def steps(settings: Settings, mesh: Mesh, *, only: Sequence[str] = (), drop: Sequence[str] = ()) -> tuple[Step, ...]:
    """Everything that is not yet as the contracts of ``mesh`` say, in the order to do it.

    ``only`` are addresses or domains, all when empty; ``drop`` the addresses of tables whose products are gone.
    Raises ContractError for a broken domain, SettingsError for a table that must not go, MeshError for a word that
    names nothing and for a table that cannot become what its contract says, StorageError without the lake.
    """
    products = _chosen(mesh, only)
    ends = [_dropped(mesh, word) for word in drop]
    tables = table_changes(settings, products, before={})
    if tables.trouble:
        raise StorageError(tables.trouble)
    if tables.refusals:
        raise MeshError("; ".join(reason for reasons in tables.refusals.values() for reason in reasons))
    domains = {product.domain for product in products}
    stale = [one for one in differences(mesh, settings.root) if not only or _concerns(one, settings.root, domains)]
    return (
        *(_of_table(change) for change in tables.changes),
        *(_of_file(one, settings.root) for one in stale),
        *(Step("drop-table", str(one), f"drop table {'.'.join(one.table)} and its files", one) for one in ends),
    )


class Applying:
    """Makes steps, with a lake that the first one that needs it opens; a context manager."""

    def __init__(self, settings: Settings, mesh: Mesh) -> None:
        self._settings, self._mesh, self._open = settings, mesh, ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def make(self, step: Step) -> None:
        """Make one step; one that was made in the meantime is no error. Raises MeshError, and then nothing is half
        made."""
        if step.file:
            write_files((step.file,))
        elif step.action == "create-namespace":
            self._lake.ensure_namespace(step.target)
        elif step.address:
            self._on_table(step.action, step.address)

    def _on_table(self, action: Action, address: Address) -> None:
        from mesh_orchestration.publication.provisioning import drop_table, ensure_table, evolve_table

        if action == "drop-table":
            drop_table(self._lake, address)
            return
        product = self._mesh.products[address]
        table = ensure_table(self._lake, product)
        if action == "evolve-table":
            evolve_table(self._lake, product, table)

    @cached_property
    def _lake(self) -> Lake:
        from mesh_orchestration.storage.catalog import open_lake

        return self._open.enter_context(open_lake(self._settings))


def _of_table(change: TableChange) -> Step:
    address = Address.parse(change.address) if change.address else None
    action: Action = "create-namespace" if address is None else "create-table"
    return Step("evolve-table" if change.action == "evolve-table" else action, change.table, table(change), address)


def _of_file(one: Difference, root: Path) -> Step:
    file = one.path.relative_to(root).as_posix()
    if one.kind == "orphan":
        return Step("delete-file", file, f"delete {file}, which no contract asks for any more", file=one)
    return Step("write-file", file, f"write {file}", file=one)


def _concerns(one: Difference, root: Path, domains: Set[str]) -> bool:
    """Whether a generated file belongs to one of the domains."""
    file = one.path.relative_to(root)
    return not domains.isdisjoint((*file.parts, file.stem))


def _chosen(mesh: Mesh, words: Sequence[str]) -> tuple[DataProduct, ...]:
    if not words:
        return tuple(mesh.require().products.values())
    found: dict[Address, DataProduct] = {}
    for word in words:
        products = mesh.of(word) if word in mesh.domains else (mesh.product(word),)
        found |= {product.address: product for product in products}
    for domain in {address.domain for address in found}:
        mesh.require(domain)
    return tuple(found.values())


def _dropped(mesh: Mesh, word: str) -> Address:
    try:
        address = Address.parse(word)
    except ValueError as error:
        raise SettingsError(f"--drop {error}") from None
    if address in mesh.products:
        raise SettingsError(f"--drop {address}: it is still a product; only tables of removed products can be dropped")
    if address.domain in mesh.broken:
        raise mesh.broken[address.domain]
    if readers := mesh.consumers(address):
        raise SettingsError(f"--drop {address}: still read by {', '.join(map(str, readers))}")
    return address
