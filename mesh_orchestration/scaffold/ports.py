"""The input port of a new product, by the pattern its rows come in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from mesh_orchestration.contract.address import Address
from mesh_orchestration.contract.mesh import Mesh
from mesh_orchestration.contract.model import InputPort
from mesh_orchestration.contract.ports import upstream
from mesh_orchestration.errors import MeshError
from mesh_orchestration.scaffold.shape import Shape

_SUFFIXES = {"parquet": "parquet", "csv": "csv", "json": "jsonl"}


@dataclass(frozen=True)
class Port:
    """An input port as the templates need it.

    ``system`` and ``entity`` name the staging model; ``rows`` says what the source's rows are;
    ``redelivered`` that a row may come more than once; ``renames`` that columns land under the names of the
    contract; ``declared_by_sibling`` that its bare name is enough.
    """

    name: str
    type: str
    description: str
    options: Mapping[str, Any]
    system: str
    entity: str
    rows: str
    redelivered: bool = False
    renames: bool = False
    declared_by_sibling: bool = False


@dataclass(frozen=True)
class Source:
    """What a person said of where the rows come from."""

    pattern: str
    address: Address
    upstream: str = ""
    table: str = ""
    topic: str = ""

    @property
    def entity(self) -> str:
        """What the rows are called in the domain: the product, with its major when there was one before."""
        return self.address.product if self.address.major == 1 else f"{self.address.product}_v{self.address.major}"


def port_of(source: Source, shape: Shape, mesh: Mesh, *, landing: Path) -> Port:
    """The input port for ``source``; its name is free in the domain, or that of a sibling's equal port."""
    make = {"batch": _batch, "data-product": _data_product, "postgres-cdc": _postgres_cdc, "kafka": _kafka}
    port = make[source.pattern](source, shape, landing)
    return _named(port, source, mesh)


def source_url_setting(name: str) -> str:
    """The setting with the URL of the database behind the ``postgres-cdc`` port ``name``."""
    return f"MESH_SOURCE_{name.upper()}_URL"


def column_types(shape: Shape) -> dict[str, str]:
    """The columns of the source with their types, as a port declares them."""
    return {column["source"]: _port_type(column) for column in shape.columns}


def key_columns(shape: Shape) -> list[str]:
    """The key under the names that the source uses."""
    sources = {column["name"]: column["source"] for column in shape.columns}
    return [sources[name] for name in shape.key]


def _port_type(column: Mapping[str, Any]) -> str:
    instant = column["type"] == "timestamp" and column.get("constraints", {}).get("timezone") == "UTC"
    return "timestamptz" if instant else str(column["type"])


def _batch(source: Source, shape: Shape, landing: Path) -> Port:
    address, given = source.address, shape.port
    kind = str(given.get("format", "csv"))
    folders = {file.parent for file in shape.files}
    folder = Path(address.domain) / source.entity
    if len(folders) == 1 and (only := folders.pop()).is_relative_to(landing) and only != landing:
        folder = only.relative_to(landing)
    suffix = next((file.suffix.lstrip(".") for file in shape.files), _SUFFIXES[kind])
    options: dict[str, Any] = {"path": f"{folder.as_posix()}/*.{suffix}", "format": kind}
    columns = {column["name"]: _port_type(column) for column in shape.columns}
    names = {column["name"]: column["source"] for column in shape.columns if column["name"] != column["source"]}
    if shape.key:
        options |= {"key": list(shape.key)}
    return Port(
        source.entity,
        "batch",
        "Files that the source drops; each new or changed one is taken.",
        options | ({"names": names} if names else {}) | {"columns": columns},
        "files",
        source.entity,
        "as the files delivered it last" if shape.key else "as the files delivered it",
        redelivered=bool(shape.key),
        renames=True,
    )


def _data_product(source: Source, _: Shape, __: Path) -> Port:
    read = Address.parse(source.upstream)
    return Port(
        read.product,
        "data-product",
        f"The published rows of {read}.",
        {"product": str(read)},
        read.domain,
        read.product,
        f"from the published {read.domain}.{read.product}",
    )


def _postgres_cdc(source: Source, shape: Shape, _: Path) -> Port:
    keyed = {"key": key_columns(shape)} if shape.key else {}
    options = {"table": source.table} | keyed | {"columns": column_types(shape)}
    name = source.entity
    return Port(
        name, "postgres-cdc", f"The rows of {source.table} as they are now.", options,
        "postgres", name, f"as {source.table} holds it",
    )  # fmt: skip


def _kafka(source: Source, shape: Shape, _: Path) -> Port:
    keyed = {"mode": "upsert", "key": key_columns(shape)} if shape.key else {"mode": "append"}
    options = {"topic": source.topic, "format": "json"} | keyed | {"columns": column_types(shape)}
    name = source.entity
    return Port(
        name, "kafka", f"The messages of {source.topic}.", options,
        "kafka", name, f"from the newest message in {source.topic}" if shape.key else f"from {source.topic}",
    )  # fmt: skip


def _named(port: Port, source: Source, mesh: Mesh) -> Port:
    """The port under a name that says the same thing everywhere in the domain."""
    domain = source.address.domain
    taken = dict(mesh.ports(domain)) if domain in mesh.domains else {}
    if port.type == "data-product":
        same = next((name for name, other in taken.items() if _reads(other) == source.upstream), "")
        if same:
            return replace(port, name=same, declared_by_sibling=True)
    candidates = (port.name, f"{port.system}_{port.name}")
    free = next((name for name in candidates if name not in taken), "")
    if not free:
        raise MeshError(f"the inputs {', '.join(candidates)} of {domain} are all taken; choose another product name")
    return replace(port, name=free)


def _reads(port: InputPort) -> str:
    return str(upstream(port) or "")
