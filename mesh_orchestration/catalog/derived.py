"""What single facets say, as rows: fields, tags, owners, aliases and where columns come from.

A facet may be of any version and by any producer; what does not have the expected form is left out, never refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import orjson

from mesh_orchestration.catalog.lineage_model import NodeKey
from mesh_orchestration.catalog.openlineage import named

Facet = Mapping[str, Any]
MOST_WORD = 600  # characters of a name that is searched for
MOST_TEXT = 20_000
_DEEPEST = 20


class Source(NamedTuple):
    """``field`` (None: all rows) is made of ``column`` of ``dataset``."""

    field: str | None
    dataset: NodeKey
    column: str
    transformations: str | None


def text_of(value: Any, most: int = MOST_TEXT) -> str | None:
    """A text without what PostgreSQL cannot hold, at most so long; None when there is none."""
    return (value.replace("\0", "") if "\0" in value else value)[:most] if isinstance(value, str) else None


class NamedField(NamedTuple):
    """A field of a schema; a nested one has its path as its name."""

    name: str
    type: str | None
    description: str | None


def fields_of(schema: Facet) -> list[NamedField]:
    """The fields of a schema facet, in their order."""
    return list(_fields(schema.get("fields"), "", 0))


def _fields(said: Any, path: str, depth: int) -> Iterator[NamedField]:
    for field in _objects(said):
        if name := text_of(field.get("name")):
            full = f"{path}{name}"[:MOST_WORD]
            yield NamedField(full, text_of(field.get("type")), text_of(field.get("description")))
            if depth < _DEEPEST:
                yield from _fields(field.get("fields"), f"{full}.", depth + 1)


def tags_of(facet: Facet) -> list[tuple[str, str, str | None, str | None]]:
    """Key, value, field and source of each tag."""
    found = []
    for tag in _objects(facet.get("tags")):
        if key := text_of(tag.get("key"), MOST_WORD):
            value = tag.get("value", True)
            said = text_of(value, MOST_WORD) if isinstance(value, str) else orjson.dumps(value).decode()[:MOST_WORD]
            found.append((key, said or "", text_of(tag.get("field"), MOST_WORD), text_of(tag.get("source"), MOST_WORD)))
    return found


def owners_of(facet: Facet) -> list[tuple[str, str | None]]:
    """Name and type of each owner."""
    said = _objects(facet.get("owners"))
    return [(name, text_of(one.get("type"))) for one in said if (name := text_of(one.get("name"), MOST_WORD))]


def aliases_of(facet: Facet) -> dict[NodeKey, str | None]:
    """Other names of a dataset, and of what type each is."""
    said = _objects(facet.get("identifiers"))
    return {key: text_of(one.get("type")) for one in said if (key := named(one, "dataset"))}


def sources_of(facet: Facet) -> list[Source]:
    """Where each column comes from, and what decides about whole rows."""
    found: dict[tuple[str | None, NodeKey, str], Source] = {}
    fields = facet.get("fields")
    for name, said in fields.items() if isinstance(fields, dict) else ():
        if isinstance(said, dict) and (field := text_of(name, MOST_WORD)):
            older = {"type": said.get("transformationType"), "description": said.get("transformationDescription")}
            for source in _sources(field, said.get("inputFields"), {key: one for key, one in older.items() if one}):
                found.setdefault(source[:3], source)
    for source in _sources(None, facet.get("dataset"), {}):
        found.setdefault(source[:3], source)
    return list(found.values())


def sources_named(facet: Facet) -> set[NodeKey]:
    """The datasets that columns come from."""
    fields = facet.get("fields")
    told = [
        said.get("inputFields")
        for said in (fields.values() if isinstance(fields, dict) else ())
        if isinstance(said, dict)
    ]
    keys = {
        named(one, "dataset")
        for said in (*told, facet.get("dataset"))
        for one in _objects(said)
        if text_of(one.get("field"))
    }
    return {key for key in keys if key}


def _sources(field: str | None, said: Any, older: Facet) -> Iterator[Source]:
    for one in _objects(said):
        dataset, column = named(one, "dataset"), text_of(one.get("field"), MOST_WORD)
        if dataset and column:
            changes = _objects(one.get("transformations")) or ([older] if older else [])
            yield Source(field, dataset, column, orjson.dumps(changes).decode() if changes else None)


def _objects(said: Any) -> Sequence[Facet]:
    return [one for one in said if isinstance(one, dict)] if isinstance(said, list) else ()
