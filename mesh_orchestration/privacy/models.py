"""The columns of a domain's dbt models through which the values that name people pass."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from mesh_orchestration.contract.address import Address
from mesh_orchestration.contract.mesh import Mesh
from mesh_orchestration.impact.columns import ANY
from mesh_orchestration.impact.domain import DomainReading


def columns_on_the_way(
    reading: DomainReading, mesh: Mesh, places: Iterable[tuple[Address, str]]
) -> Mapping[str, frozenset[str]]:
    """By model (in lower case) the columns that lead to those of ``places`` which are the domain's own marts.

    An aggregate that only counts people is not on the way: no value of it arrives where people are named.
    """
    models = reading.models
    found: dict[str, set[str]] = {}
    waiting = [
        (mesh.products[address].model.lower(), column.lower())
        for address, column in places
        if address.domain == reading.domain
    ]
    names = {column for _, column in waiting}
    while waiting:
        model, column = waiting.pop()
        if model not in models or column in found.setdefault(model, set()):
            continue
        found[model].add(column)
        by_relation: dict[str, set[str]] = {}
        for origin in models[model].columns.of(column):
            if origin.column != ANY:
                by_relation.setdefault(origin.relation, set()).add(origin.column)
        for relation, columns in by_relation.items():
            waiting += [(relation, one) for one in (columns & names or columns)]
    return {model: frozenset(columns) for model, columns in found.items()}
