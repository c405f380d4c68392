"""Events held against the classes of OpenLineage's own client, and our facets against their own schemas.

The client's classes are generated from the specification: their attributes, required or not, their types
and the URL of the schema are its.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator, Mapping
from enum import Enum
from functools import cache
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

import attr
from jsonschema import Draft202012Validator, FormatChecker
from openlineage.client import generated
from openlineage.client.generated.base import RunEvent
from referencing import Registry, Resource

from mesh_orchestration.lineage.facets import OWN_FACETS, own_schema

_GROUPS = ("facets", "inputFacets", "outputFacets")
# What the specification asks of every facet; our own say that they are one.
_FACET = {
    "type": "object",
    "properties": {"_producer": {"type": "string", "format": "uri"}, "_schemaURL": {"type": "string", "format": "uri"}},
    "required": ["_producer", "_schemaURL"],
}
_BASE: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "$id": RunEvent._get_schema().partition("#")[0],
    "$defs": dict.fromkeys(("RunFacet", "JobFacet", "DatasetFacet", "InputDatasetFacet", "OutputDatasetFacet"), _FACET),
}
_OPEN = ("_producer", "_schemaURL", "_deleted")


@cache
def _classes() -> dict[str, type]:
    """The client's classes of facets by the URL of their schema."""
    modules = [
        importlib.import_module(f"{generated.__name__}.{one.name}") for one in pkgutil.iter_modules(generated.__path__)
    ]
    found = (one for module in modules for one in vars(module).values() if isinstance(one, type) and attr.has(one))
    return {one._get_schema(): one for one in found if hasattr(one, "_get_schema")}


@cache
def _own(url: str) -> Draft202012Validator:
    schemas = [_BASE, *(own_schema(word) for word in OWN_FACETS)]
    registry: Registry[Any] = Registry().with_resources(
        [(schema["$id"], Resource.from_contents(schema)) for schema in schemas]
    )
    return Draft202012Validator({"$ref": url}, registry=registry, format_checker=FormatChecker())


def problems(document: Mapping[str, Any]) -> list[str]:
    """What is wrong with an event: the event itself, and each facet by the schema that it names."""
    found = [f"event: {said}" for said in _misfits(document, RunEvent)]
    if document["schemaURL"] != RunEvent._get_schema():
        found.append(f"event: {document['schemaURL']} is not the schema of a run event")
    for where, facet in facets(document):
        url = facet["_schemaURL"]
        if url in _classes():
            found += [f"{where}: {said}" for said in _misfits(facet, _classes()[url])]
        elif where.rsplit(".", 1)[-1] in OWN_FACETS:
            found += [f"{where}: {error.message}" for error in _own(url).iter_errors(facet)]
        else:
            found.append(f"{where}: no facet has the schema {url}")
    return found


def facets(document: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every facet of the event with its place."""
    parts = {"run": document["run"], "job": document["job"]}
    for group in ("inputs", "outputs"):
        parts |= {f"{group}[{place}]": one for place, one in enumerate(document[group])}
    for part, holder in parts.items():
        for group in _GROUPS:
            for word, facet in (holder.get(group) or {}).items():
                yield f"{part}.{group}.{word}", facet


def _misfits(value: Any, kind: Any, at: str = "") -> Iterator[str]:
    """Where ``value`` (of JSON) is not what ``kind`` says: a class of attributes, a container or a scalar."""
    origin = get_origin(kind)
    if origin in (Union, UnionType):
        choices = [list(_misfits(value, one, at)) for one in get_args(kind)]
        yield from () if any(not one for one in choices) else min(choices, key=len)
    elif kind is Any:
        return
    elif kind is type(None):
        yield from () if value is None else (f"{at} is not null",)
    elif origin is list:
        yield from _not(value, list, at) or (
            said for place, one in enumerate(value) for said in _misfits(one, get_args(kind)[0], f"{at}[{place}]")
        )
    elif origin is dict:
        yield from _not(value, dict, at) or (
            said for key, one in value.items() for said in _misfits(one, get_args(kind)[1], f"{at}.{key}")
        )
    elif isinstance(kind, type) and issubclass(kind, Enum):
        yield from () if value in [one.value for one in kind] else (f"{at}: {value!r} is none of its values",)
    elif attr.has(kind):
        yield from _not(value, dict, at) or _attributes(value, kind, at)
    else:
        wanted = (int, float) if kind is float else kind
        yield from _not(value, wanted, at)


def _attributes(value: Mapping[str, Any], kind: type, at: str) -> Iterator[str]:
    hints = get_type_hints(kind)
    known = {one.name: one for one in attr.fields(kind)}
    is_facet = "_schemaURL" in known
    for name, one in known.items():
        if name in value:
            loose = name in ("facets", "inputFacets", "outputFacets")
            yield from () if loose else _misfits(value[name], hints[name], f"{at}.{name}")
        elif one.default is attr.NOTHING or name in ("runId", "eventTime"):
            yield f"{at}.{name} is missing"
    if unknown := [name for name in value if name not in known and not (is_facet and name in _OPEN)]:
        yield f"{at} has {', '.join(unknown)}, which the specification does not know"


def _not(value: Any, kind: Any, at: str) -> tuple[str, ...]:
    fits = isinstance(value, kind) and not (isinstance(value, bool) and kind is not bool)
    return () if fits else (f"{at}: {value!r} is no {kind}",)
