"""What would break if a column changed: by contracts and models, by what consumers filed, by lineage that was seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import ValidationError
from sqlalchemy import Connection

from mesh_orchestration.catalog.graph import column_downstream, downstream_of
from mesh_orchestration.catalog.lineage_model import NodeKey
from mesh_orchestration.contract.address import Address
from mesh_orchestration.contract.evolution import Change, Verdict, verdict
from mesh_orchestration.contract.mesh import Mesh
from mesh_orchestration.contract.model import DataProduct
from mesh_orchestration.errors import MeshError
from mesh_orchestration.impact.expected import expected_of, unmet
from mesh_orchestration.impact.hits import Hit, hits
from mesh_orchestration.impact.readers import Flow, Readers
from mesh_orchestration.web.labels import Label
from mesh_orchestration.web.lineage_view import Looks

Kind = Literal["remove", "rename", "type", "null"]
KINDS: Mapping[Kind, str] = {
    "remove": "is removed",
    "rename": "is renamed to",
    "type": "changes its type to",
    "null": "may be empty",
}
ON_THE_WAY = frozenset({"model", "test"})
NEEDS_WORD = frozenset({"rename", "type"})


@dataclass(frozen=True)
class Broken:
    """A consumer that the change concerns: what it reads, what it filed that would no longer hold, whom to ask."""

    hit: Hit
    expected: tuple[str, ...]
    channel: str


@dataclass(frozen=True)
class Outside:
    """Something that nobody's contract names, seen in lineage: the node and the columns that get these values."""

    node: NodeKey
    label: Label
    columns: tuple[str, ...]


@dataclass(frozen=True)
class Impact:
    """The answer: the verdict on the version, whom it concerns, how far it goes."""

    before: DataProduct
    after: DataProduct
    verdict: Verdict
    broken: tuple[Broken, ...]
    flows: tuple[Flow, ...]
    outside: tuple[Outside, ...]

    @property
    def owners(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """Whom to talk to before, each with what is theirs, by name; the product's own owner is left out."""
        found: dict[str, dict[str, None]] = {}
        for one in self.broken:
            found.setdefault(one.hit.owner or "owner not known", {})[one.hit.consumer] = None
        for flow in self._reading:
            if flow.use.owner:
                found.setdefault(flow.use.owner, {})[flow.consumer] = None
        found.pop(self.before.owner, None)
        return tuple((owner, tuple(theirs)) for owner, theirs in sorted(found.items()))

    @property
    def consumers(self) -> tuple[str, ...]:
        """Everybody who is concerned, near or far; models and tests on the way are no consumers."""
        near = [one.hit.consumer for one in self.broken if one.hit.kind not in ON_THE_WAY]
        return tuple(dict.fromkeys([*near, *(flow.consumer for flow in self._reading)]))

    @property
    def domains(self) -> tuple[str, ...]:
        known = [one.hit.domain for one in self.broken] + [flow.use.domain for flow in self.flows]
        return tuple(sorted({domain for domain in known if domain}))

    @property
    def _reading(self) -> tuple[Flow, ...]:
        return tuple(flow for flow in self.flows if flow.use.kind not in ON_THE_WAY)


def proposed(product: DataProduct, column: str, kind: Kind, word: str) -> DataProduct:
    """The contract with the change, at the same version. Raises MeshError saying why it cannot be like that."""
    said: dict[str, Any] = product.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    fields: list[dict[str, Any]] = said["spec"]["schema"]["fields"]
    place = next(number for number, field in enumerate(fields) if field["name"] == column)
    if kind == "remove":
        del fields[place]
    elif kind == "rename":
        fields[place] = {**fields[place], "name": word}
    elif kind == "type":
        fields[place] = {**fields[place], "type": word}
    else:
        kept = {key: value for key, value in fields[place].get("constraints", {}).items() if key != "primary_key"}
        fields[place] = {**fields[place], "constraints": {**kept, "null": True}}
    if kind in ("remove", "rename"):
        said["spec"]["quality"] = {"checks": _checks(said, column, word if kind == "rename" else "")}
    try:
        return DataProduct.model_validate(said).in_file(product.source)
    except ValidationError as error:
        raise MeshError(f"{column} {KINDS[kind]} {word}: {error.errors()[0]['msg']}") from None


def impact(
    conn: Connection, looks: Looks, reading: Readers, *, before: DataProduct, after: DataProduct, column: str
) -> Impact:
    """What the change of ``before`` into ``after`` would do to everybody who gets values of ``column``."""
    mesh, address = reading.mesh, before.address
    said = verdict(before, after)
    filed = {
        str(one.consumer): tuple(dict.fromkeys(unmet(one, after, before=before))) for one in expected_of(mesh, address)
    }
    concerned = hits(address, _of(said.changes, column), reading)
    return Impact(
        before=before,
        after=after,
        verdict=said,
        broken=tuple(Broken(hit, filed.get(hit.consumer, ()), _channel(mesh, hit.consumer)) for hit in concerned),
        flows=reading.downstream(address, column),
        outside=_outside(conn, looks, looks.node(address), column),
    )


def _checks(said: Mapping[str, Any], column: str, renamed: str) -> list[dict[str, Any]]:
    """The checks without those on the column, or with them on its new name."""
    found = []
    for check in said["spec"].get("quality", {}).get("checks", ()):
        named = [check.get("column"), *(check.get("columns") or ())]
        if column not in named:
            found.append(check)
        elif renamed:
            swapped: dict[str, Any] = {"column": renamed} if check.get("column") == column else {}
            if check.get("columns"):
                swapped["columns"] = [renamed if one == column else one for one in check["columns"]]
            found.append(check | swapped)
    return found


def _of(changes: Sequence[Change], column: str) -> list[Change]:
    """The changes of the column itself: a check that goes with it concerns whom the column concerns."""
    return [change for change in changes if change.column == column]


def _channel(mesh: Mesh, consumer: str) -> str:
    try:
        product = mesh.products.get(Address.parse(consumer))
    except ValueError:
        return ""
    support = product.spec.support if product else None
    return (support.channel or support.email or support.url) if support else ""


def _outside(conn: Connection, looks: Looks, node: NodeKey, column: str) -> tuple[Outside, ...]:
    """What lies downstream outside the mesh: by columns where lineage tells them, else by the whole."""
    columns: dict[NodeKey, list[str]] = {}
    for key in column_downstream(conn, node, column):
        if not looks.domain(key.dataset):
            columns.setdefault(key.dataset, []).append(key.field)
    whole = [one for one in downstream_of(conn, node) if not looks.domain(one)]
    return tuple(
        Outside(one, looks.label(one), tuple(sorted(columns.get(one, ())))) for one in sorted({*columns, *whole})
    )
