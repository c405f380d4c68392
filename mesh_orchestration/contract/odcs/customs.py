"""What the standard has no place for, in ``customProperties``: each named by its native path, such as ``spec.access``.

A part is written, read back, and compared with what it was: only what differs is stored, so a file says
nothing twice and loses nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from mesh_orchestration.contract.dialect import Lost, Place
from mesh_orchestration.contract.document import Path_
from mesh_orchestration.contract.odcs.notes import Notes
from mesh_orchestration.contract.odcs.words import CUSTOM
from mesh_orchestration.contract.spelling import as_text

Custom = dict[str, Any]


def difference(said: Mapping[str, Any], back: Mapping[str, Any], deep: Iterable[str] = ()) -> Iterator[Custom]:
    """What must be stored so that ``back`` becomes ``said``; mappings at the paths ``deep`` are compared key by key."""
    yield from _difference(said, back, "", frozenset(deep))


def _difference(
    said: Mapping[str, Any], back: Mapping[str, Any], prefix: str, deep: frozenset[str]
) -> Iterator[Custom]:
    for key in (*said, *(key for key in back if key not in said)):
        path, value = f"{prefix}{key}", said.get(key)
        if value == back.get(key) and type(value) is type(back.get(key)):
            continue
        if path in deep:
            yield from _difference(value or {}, back.get(key) or {}, f"{path}.", deep)
        else:
            yield {"property": path, "value": as_text(value)}


def unwritable(said: Any, path: Path_) -> Iterator[Lost]:
    """The bare dates in ``said``: JSON has none, they become text."""
    text = as_text(said)
    if isinstance(said, Mapping):
        for key, value in said.items():
            yield from unwritable(value, (*path, key))
    elif isinstance(said, list | tuple):
        for index, value in enumerate(said):
            yield from unwritable(value, (*path, index))
    elif text != said:
        yield Lost(path, said, "a date outside the columns' bounds becomes text")


def store(part: dict[str, Any], customs: Iterable[Custom]) -> dict[str, Any]:
    """``part`` with ``customs`` as its custom properties."""
    found = list(customs)
    return part | {"customProperties": found} if found else part


def restore(
    target: dict[str, Any], part: Mapping[Any, Any], at: tuple[Path_, Path_], notes: Notes, own: frozenset[str]
) -> None:
    """Put the custom properties of ``part`` that start with a word of ``own`` into ``target``; lose the others.

    ``at`` is the path of the part in the file, and its native path.
    """
    file_path, native = at
    for path, item in notes.mappings(part.get("customProperties"), (*file_path, "customProperties")):
        words = str(item.get("property", "")).split(".")
        if words[0] not in own:
            notes.lose((*path, "value"), item.get("value"), f"'{item.get('property')}' is no property of the mesh")
            continue
        notes.rest(item, path, used={"property", "value"}, known=CUSTOM)
        place = target
        for word in words[:-1]:
            inner = place.get(word)
            place[word] = place = dict(inner) if isinstance(inner, Mapping) else {}
        if item.get("value") is None:
            place.pop(words[-1], None)
        else:
            place[words[-1]] = item["value"]
            notes.places[*native, *words] = Place((*path, "value"))
