"""OpenLineage's own JSON schemas, and ours: every event a test sees is held against them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker
from referencing import Registry, Resource

from mesh_orchestration.lineage.facets import OWN_FACETS, own_schema

FOLDER = Path(__file__).parent / "openlineage"
_GROUPS = ("facets", "inputFacets", "outputFacets")


@cache
def _registry() -> Registry[Any]:
    schemas = [json.loads(path.read_text()) for path in sorted(FOLDER.rglob("*.json"))]
    schemas += [own_schema(word) for word in OWN_FACETS]
    return Registry().with_resources([(schema["$id"], Resource.from_contents(schema)) for schema in schemas])


@cache
def _validator(url: str) -> Draft202012Validator:
    return Draft202012Validator({"$ref": url}, registry=_registry(), format_checker=FormatChecker())


def problems(document: Mapping[str, Any]) -> list[str]:
    """What is wrong with an event: the event itself, and each facet by the schema that it names."""
    found = [f"event: {error.message}" for error in _validator(document["schemaURL"]).iter_errors(document)]
    for where, facet in facets(document):
        found += [f"{where}: {error.message}" for error in _validator(facet["_schemaURL"]).iter_errors(facet)]
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
