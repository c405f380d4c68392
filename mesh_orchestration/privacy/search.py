"""Everywhere a person is: published, kept and refused snapshots, engine tables, and the files that sources dropped."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from mesh_orchestration.contract.address import Address
from mesh_orchestration.contract.mesh import Mesh
from mesh_orchestration.contract.model import InputPort
from mesh_orchestration.contract.ports import upstream
from mesh_orchestration.errors import EngineError, SourceError
from mesh_orchestration.impact.readers import readers
from mesh_orchestration.privacy.identifiers import Identifiers, identifiers
from mesh_orchestration.privacy.lake import ProductFiles
from mesh_orchestration.privacy.landed import LandedFile, held, landed_files
from mesh_orchestration.privacy.raw import files_with, objects_with
from mesh_orchestration.privacy.stores import forgetting, ports_of, tables_of
from mesh_orchestration.privacy.subject import Subject
from mesh_orchestration.settings import Settings
from mesh_orchestration.storage.catalog import Lake, open_lake, tables

Kind = Literal["published", "history", "branch", "loose", "orphan", "engine", "refused message", "landed", "file"]


@dataclass(frozen=True)
class Found:
    """Rows of the person in one place: a snapshot (``where`` is its product), a table, or a file.

    ``rows`` is None where it could not be looked into, and ``note`` says why."""

    kind: Kind
    where: str
    rows: int | None
    columns: tuple[str, ...] = ()
    snapshot: int | None = None
    note: str = ""


@dataclass(frozen=True)
class Request:
    """A person to look for in a mesh, and the columns that may name them."""

    settings: Settings
    mesh: Mesh
    subject: Subject
    naming: Identifiers

    def holding(self, address: Address) -> dict[str, str]:
        """The columns of a product that name people, with the person's key as each spells it."""
        kinds = self.naming.products.get(address, {})
        return {name: text for name, kind in kinds.items() if (text := self.subject.text(kind)) is not None}

    def files(self, lake: Lake, address: Address) -> ProductFiles:
        return ProductFiles(lake, address, self.holding(address))

    @cached_property
    def data_ports(self) -> tuple[tuple[str, InputPort], ...]:
        """The (domain, port) that land a product in which people are named."""
        found = {
            (product.domain, port.name): port
            for product in self.mesh.products.values()
            for port in product.inputs
            if upstream(port) in self.naming.products
        }
        return tuple((domain, port) for (domain, _), port in sorted(found.items()))


def request(settings: Settings, mesh: Mesh, subject: Subject, column: str = "") -> Request:
    """The request for ``subject``, known in ``column``. Raises MeshError where that names nobody, and ContractError
    for a broken contract: what it says of people could not be followed, and nothing may be overlooked."""
    mesh.require()
    return Request(settings, mesh, subject, identifiers(mesh, readers(mesh, settings.root, settings.home), column))


def search(asked: Request) -> tuple[Found, ...]:
    """Every place that holds the person; nothing is changed. Raises StorageError."""
    with open_lake(asked.settings) as lake:
        products = [found for address in asked.naming.products for found in in_product(asked, lake, address)]
        products += _without_contract(asked, lake)
    engines = [found for domain in asked.mesh.domains for found in _in_engine(asked, domain)]
    return (*products, *engines, *_in_files(asked))


def search_to_the_byte(asked: Request) -> tuple[Found, ...]:
    """As ``search``, and every other file of the mesh in which the key stands as text: nothing may be left."""
    found = search(asked)
    known = {one.where for one in found}
    with open_lake(asked.settings) as lake:
        paths = (*map(str, files_with(asked.settings, asked.subject.key)), *objects_with(lake, asked.subject.key))
    others = (Found("file", path, None, note="the key stands in it as text") for path in paths if path not in known)
    return (*found, *others)


def in_product(asked: Request, lake: Lake, address: Address) -> Iterator[Found]:
    """The snapshots and unnamed files of one product that hold the person."""
    files = asked.files(lake, address)
    for one in files.snapshots():
        note = ", ".join(one.refs) if one.standing == "branch" else ""
        if not one.rows:
            note = "no row any more, but a manifest still tells the key as the bound of a file that is gone"
        yield Found(one.standing, str(address), one.rows, one.columns, one.snapshot_id, note)
    for file, rows in files.orphans():
        yield Found("orphan", file.location, rows, tuple(files.holding))


def _without_contract(asked: Request, lake: Lake) -> Iterator[Found]:
    """The snapshots of tables whose contract is gone, in which a column with a known name holds the person."""
    for address in tables(lake):
        table = None if address in asked.mesh.products else lake.table(address)
        if table is None:
            continue
        fields = {field.name for schema in table.metadata.schemas for field in schema.fields}
        kinds = {name: asked.naming.kinds[name.lower()] for name in fields if name.lower() in asked.naming.names}
        holding = {name: text for name, kind in kinds.items() if (text := asked.subject.text(kind)) is not None}
        for one in ProductFiles(lake, address, holding).snapshots():
            note = "no contract tells of this table any more: drop it, see mesh plan"
            yield Found(one.standing, str(address), one.rows, one.columns, one.snapshot_id, note)


def _in_engine(asked: Request, domain: str) -> Iterator[Found]:
    try:
        engine = forgetting(asked.settings, domain)
        if not engine.exists:
            return
        with engine:
            for table in tables_of(engine, asked.naming, asked.subject):
                if rows := engine.held(table.name, table.holding):
                    yield Found("engine", f"{domain}.{table.name}", rows, tuple(table.holding))
            for port in ports_of(asked.mesh, domain):
                if origins := engine.refused_with(port, asked.subject.key):
                    yield Found("refused message", f"{domain}.{port}", len(origins))
    except EngineError as error:
        yield Found("engine", domain, None, note=str(error))


def _in_files(asked: Request) -> Iterator[Found]:
    for file in landed_files(asked.settings, asked.mesh, asked.naming):
        found = _in_file(asked, file)
        if found.rows != 0:
            yield found


def _in_file(asked: Request, file: LandedFile) -> Found:
    try:
        return Found("landed", str(file.path), held(file, asked.subject), tuple(file.columns))
    except SourceError as error:
        return Found("landed", str(file.path), None, tuple(file.columns), note=str(error))
