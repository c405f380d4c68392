"""What a person says of a new product, and what its source says for them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mesh_orchestration.contract.address import Address
from mesh_orchestration.contract.dialects import read_source
from mesh_orchestration.contract.loader import parse_product
from mesh_orchestration.contract.mesh import Mesh
from mesh_orchestration.contract.model import DataProduct
from mesh_orchestration.errors import ContractError, MeshError
from mesh_orchestration.scaffold.answers import domain_answers, recorded
from mesh_orchestration.scaffold.ports import Source, source_url_setting
from mesh_orchestration.scaffold.render import ask
from mesh_orchestration.scaffold.shape import Shape, from_draft, from_fields, from_product, masked, some_names
from mesh_orchestration.settings import Settings

_SOURCE = ("pattern", "upstream", "origin", "table", "topic")


@dataclass(frozen=True)
class Asked:
    """What a person said of the product: where its rows come from, what its columns are, and the rest."""

    address: Address
    source: Source
    shape: Shape
    answers: Mapping[str, Any]


def ask_for(settings: Settings, mesh: Mesh, address: Address, *, given: Mapping[str, str], interactive: bool) -> Asked:
    """The answers for a new product at ``address``: those ``given``, else asked for, else their defaults.

    Raises AnswerError for one that cannot be, SourceError when the source of its columns cannot be read.
    """
    places = {key: given[key] for key in _SOURCE if given.get(key)} | _implied(given, mesh)
    products = [str(one) for one in mesh.products]
    context: dict[str, Any] = {"domain": address.domain, "product": address.product, "products": products}
    said = ask("source", context | places, interactive=interactive)
    upstream, table, topic = (str(said.get(key) or given.get(key, "")) for key in ("upstream", "table", "topic"))
    source = Source(str(said["pattern"]), address, upstream, table, topic)
    shape = _shape(settings, mesh, source, str(said.get("origin") or ""))
    context |= {
        "drafted": bool(shape),
        "drafted_key": ", ".join(shape.key) if shape else "",
        "drafted_time": shape.event_time if shape else "",
        "drafted_pii": ", ".join(f"{name}:{mask}" for name, mask in shape.personal.items()) if shape else "",
    }
    rest = {key: value for key, value in given.items() if key not in _SOURCE}
    defaults = {"owner": owner} if (owner := _owner(settings, mesh, address.domain)) else {}
    answers = ask("product", context | rest, defaults=defaults, interactive=interactive)
    shape = shape or from_fields(str(answers["fields"]))
    key = some_names(str(answers["key"]), shape.names, what="key")
    some_names(str(answers["event_time"]), shape.names, what="event_time")
    return Asked(address, source, shape.answered(key, masked(str(answers["pii"]), shape.names)), answers)


def _implied(given: Mapping[str, str], mesh: Mesh) -> dict[str, str]:
    """What ``--from`` says of the pattern and the source when it names a product of the mesh."""
    origin = given.get("origin", "")
    known = {str(address) for address in mesh.products} | {str(one).rsplit(".", 1)[0] for one in mesh.products}
    if origin == "postgresql":
        return {"pattern": "postgres-cdc"}
    if origin in known and given.get("pattern", "data-product") == "data-product":
        return {"pattern": "data-product", "upstream": str(mesh.product(origin).address)}
    return {}


def _owner(settings: Settings, mesh: Mesh, domain: str) -> str:
    """Who answers for the domain's other products, or was named when the domain was made."""
    siblings = mesh.of(domain) if domain in mesh.domains else ()
    if siblings:
        return siblings[0].owner
    path = settings.root / domain_answers(domain)
    return str(recorded(path.read_text(encoding="utf-8"), str(path)).answers["owner"]) if path.is_file() else ""


def _shape(settings: Settings, mesh: Mesh, source: Source, origin: str) -> Shape | None:
    """The columns as their origin tells them; None when only a person knows them."""
    if source.pattern == "data-product":
        if not source.upstream:
            raise MeshError("there is no product to read; publish one first, or choose another pattern")
        return from_product(mesh.product(source.upstream))
    if not origin:
        return None
    if not Path(origin).exists() and origin in {str(address) for address in mesh.products}:
        return from_product(mesh.product(origin))
    if origin.endswith((".yaml", ".yml")):
        return from_product(_lent(Path(origin).resolve()))
    from mesh_orchestration.drafts import Options, draft
    from mesh_orchestration.drafts.base import POSTGRES_URL
    from mesh_orchestration.drafts.files import files_of

    url = source_url_setting(source.entity)
    drafted = draft(
        origin, Options(settings, table=source.table, url_setting=url if settings.get(url) else POSTGRES_URL)
    )
    files = files_of(origin) if drafted.port and drafted.port["type"] == "batch" and source.pattern == "batch" else ()
    return from_draft(drafted, Path(origin).name, files)


def _lent(path: Path) -> DataProduct:
    """The product in a contract file that may lie anywhere; raises ContractError when it is not one."""
    source = read_source(path, root=path.parent)
    product, findings = parse_product(source.value)
    if product is None:
        raise ContractError(tuple(source.findings(findings)))
    return product
