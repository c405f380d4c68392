"""Which columns name the same people: told from PII classification, names, semantics and column lineage.

A column names people when it is personal and a mask keeps its values apart (``hash``, ``tokenise``) or it is a
key. Two such columns name the same people when they have the same semantics or name, or one flows into the
other. From these the way goes back: to the columns of landing tables, of files and of the models in between.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from mesh_orchestration.contract.address import Address
from mesh_orchestration.contract.mesh import Mesh
from mesh_orchestration.contract.model import DataProduct, InputPort, SchemaField
from mesh_orchestration.contract.ports import options, upstream
from mesh_orchestration.contract.types import LogicalType, parse_type
from mesh_orchestration.contract.wording import suggestion
from mesh_orchestration.errors import MeshError
from mesh_orchestration.impact.readers import Readers
from mesh_orchestration.privacy.models import columns_on_the_way
from mesh_orchestration.privacy.subject import COMPARABLE

Place = tuple[Address, str]
GENERIC = frozenset("code guid id key name no number uuid value".split())
"""Names that say nothing: equal ones need not mean the same."""


@dataclass(frozen=True)
class Identifiers:
    """The columns that name one kind of person: by product, by input port (``domain``, ``port``) with their types,
    and by model of a domain. ``names`` count in every other table and file, ``unclassified`` are columns of
    products that hold such values but are not classified as personal."""

    column: str
    products: Mapping[Address, Mapping[str, LogicalType]]
    landed: Mapping[tuple[str, str], Mapping[str, LogicalType]]
    models: Mapping[str, Mapping[str, frozenset[str]]]
    names: frozenset[str]
    unclassified: tuple[str, ...] = ()
    kinds: Mapping[str, LogicalType] = field(default_factory=dict)

    def of_table(self, domain: str, table: str, columns: Iterable[str]) -> tuple[str, ...]:
        """Those of an engine table's columns that name people."""
        on_the_way = self.models.get(domain, {}).get(table.lower(), frozenset())
        return tuple(name for name in columns if name.lower() in on_the_way or name.lower() in self.names)


def names_people(column: SchemaField) -> bool:
    """Whether the values of a contract's column tell one person from another."""
    key = column.constraints.primary_key or column.constraints.unique
    comparable = not column.logical_type.item and column.logical_type.name in COMPARABLE
    return column.is_pii and comparable and (key or column.mask in ("hash", "tokenise"))


def identifiers(mesh: Mesh, readers: Readers, column: str = "") -> Identifiers:
    """The columns that name the same people as ``column``; without one the mesh must know only one kind of person.

    Raises MeshError for a column that names nobody, and where there are several kinds and none is chosen.
    """
    people = {
        (address, one.name): one
        for address, product in mesh.products.items()
        for one in product.fields
        if names_people(one)
    }
    chosen = _chosen(people, _groups(people, readers), mesh, column)
    places, unclassified = _with_unclassified(mesh, readers, chosen)
    names = frozenset(name.lower() for _, name in chosen) - GENERIC
    first = column or min(name for _, name in chosen)
    return Identifiers(
        first,
        {address: _typed(mesh.products[address], places) for address, _ in sorted(places)},
        dict(_landed(mesh, readers, places, names)),
        {domain: columns_on_the_way(readers.domain(domain), mesh, places) for domain in mesh.domains},
        names,
        tuple(sorted(unclassified)),
        {name.lower(): mesh.products[address].columns[name].logical_type for address, name in sorted(chosen)},
    )


def _typed(product: DataProduct, places: Iterable[Place]) -> dict[str, LogicalType]:
    named = {name for address, name in places if address == product.address}
    return {name: one.logical_type for name, one in product.columns.items() if name in named}


def _chosen(people: Mapping[Place, SchemaField], groups: list[set[Place]], mesh: Mesh, column: str) -> set[Place]:
    known = sorted({name for _, name in people})
    if not people:
        raise MeshError(
            "no contract has a column that names people: classify it (pii: true) and give it masking: hash, tokenise "
            "or a key constraint"
        )
    if column:
        found = [group for group in groups if any(name.lower() == column.lower() for _, name in group)]
        if found:
            return set().union(*found)
        personal = any(
            column in product.columns and product.columns[column].is_pii for product in mesh.products.values()
        )
        why = (
            "is personal, but its values do not tell one person from another (no key, no mask hash or tokenise)"
            if personal
            else f"names nobody{suggestion(column, known)}"
        )
        raise MeshError(f"column '{column}' {why}; columns that name people: {', '.join(known)}")
    if len(groups) > 1:
        kinds = "; ".join(", ".join(sorted({name for _, name in group})) for group in groups)
        raise MeshError(f"the mesh names several kinds of people ({kinds}); say which with --column")
    return groups[0]


def _groups(people: Mapping[Place, SchemaField], readers: Readers) -> list[set[Place]]:
    """The columns that name the same people, put together."""
    group = {place: {place} for place in people}

    def join(one: Place, other: Place) -> None:
        if group[one] is not group[other]:
            group[one] |= group[other]
            for place in group[other]:
                group[place] = group[one]

    places = sorted(people)
    for index, one in enumerate(places):
        for other in places[index + 1 :]:
            if _same(one, people[one], other, people[other]):
                join(one, other)
    for address, name in places:
        for flow in readers.downstream(address, name):
            reached = (flow.use.address, flow.column)
            if flow.certain and flow.use.address and reached in people:
                join((address, name), (flow.use.address, flow.column))
    unique = {id(members): members for members in group.values()}
    return sorted(unique.values(), key=lambda members: min(members))


def _same(one: Place, said: SchemaField, other: Place, also: SchemaField) -> bool:
    if said.semantics and also.semantics:
        return said.semantics == also.semantics
    return one[1].lower() == other[1].lower() and one[1].lower() not in GENERIC


def _with_unclassified(mesh: Mesh, readers: Readers, chosen: set[Place]) -> tuple[set[Place], set[str]]:
    """The chosen columns, and those that hold the same values though no contract says that they are personal."""
    names = {name.lower() for _, name in chosen} - GENERIC
    places, unclassified, waiting = set(chosen), set[str](), list(chosen)

    def add(place: Place) -> None:
        address, name = place
        product = mesh.products.get(address)
        if product and name in product.columns and place not in places and _comparable(product.columns[name]):
            places.add(place)
            waiting.append(place)
            if not product.columns[name].is_pii:
                unclassified.add(f"{address}.{name}")

    for address, product in mesh.products.items():
        for name in product.columns:
            if name.lower() in names:
                add((address, name))
    while waiting:
        address, name = waiting.pop()
        for origin in _likeliest(readers.columns(address).get(name, ()), names):
            source, _, column = origin.rpartition(".")
            if ".input." not in f"{source}.":
                add((Address.parse(source), column))
    return places, unclassified


def _comparable(column: SchemaField) -> bool:
    return not column.logical_type.item and column.logical_type.name in COMPARABLE


def _likeliest(origins: Iterable[str], names: set[str] | frozenset[str]) -> tuple[str, ...]:
    """Of what a column's values come from, in each relation what has a known name; else all of it."""
    found: dict[str, list[str]] = {}
    for origin in origins:
        found.setdefault(origin.rpartition(".")[0], []).append(origin)
    chosen = []
    for several in found.values():
        named = [one for one in several if one.rpartition(".")[2].lower() in names]
        chosen += named or several
    return tuple(chosen)


def _landed(
    mesh: Mesh, readers: Readers, places: set[Place], names: frozenset[str]
) -> Iterator[tuple[tuple[str, str], Mapping[str, LogicalType]]]:
    """The columns of each input port that name people."""
    traced: dict[tuple[str, str], set[str]] = {}
    for address, column in places:
        for origin in _likeliest(readers.columns(address).get(column, ()), names):
            source, _, landed = origin.rpartition(".")
            domain, _, of = source.partition(".input.")
            if of:
                traced.setdefault((domain, of), set()).add(landed.lower())
    declared = {(product.domain, port.name): port for product in mesh.products.values() for port in product.inputs}
    for (domain, name), port in sorted(declared.items()):
        yield (domain, name), _of_port(mesh, port, places, names | traced.get((domain, name), set()))


def _of_port(mesh: Mesh, port: InputPort, places: set[Place], known: Iterable[str]) -> Mapping[str, LogicalType]:
    source = upstream(port)
    if source:
        product = mesh.products.get(source)
        return _typed(product, places) if product else {}
    declared = {name: parse_type(kind) for name, kind in options(port).declared.items()}
    wanted = set(known)
    return {
        name: kind
        for name, kind in declared.items()
        if name.lower() in wanted and kind.name in COMPARABLE and not kind.item
    }
