"""What changed in the values that one column may hold: enumeration, bounds, lengths, pattern."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mesh_orchestration.contract.evolution.change import Change
from mesh_orchestration.contract.evolution.kinds import change
from mesh_orchestration.contract.evolution.normal import comparable
from mesh_orchestration.contract.model import SchemaField

_BOUNDS = {"min": 1, "min_length": 1, "max": -1, "max_length": -1}
"""The constraints that bound values: 1 where a higher one is stricter, -1 where a lower one is."""


def value_changes(old: SchemaField, new: SchemaField, path: str) -> Iterator[Change]:
    """Every difference of what the values of a column may be."""
    if old.constraints == new.constraints:
        return
    path = f"{path}.constraints"
    yield from _enum(old, new, f"{path}.enum")
    for key, direction in _BOUNDS.items():
        before, after = getattr(old.constraints, key), getattr(new.constraints, key)
        if before != after and (word := _bound(old, new, key, direction)):
            yield change(word, f"{path}.{key}", column=old.name, before=before, after=after)
    before, after = old.constraints.pattern, new.constraints.pattern
    if before != after:
        word = _stricter(after is not None) if before is None or after is None else "values.changed"
        yield change(word, f"{path}.pattern", column=old.name, before=before, after=after)


def _stricter(yes: bool) -> str:
    return "values.tightened" if yes else "values.loosened"


def _bound(old: SchemaField, new: SchemaField, key: str, direction: int) -> str:
    """The kind of change of one bound; empty when both say the same."""
    before, after = getattr(old.constraints, key), getattr(new.constraints, key)
    if before is None or after is None:
        return _stricter(before is None)
    if not key.endswith("_length"):
        before, after = comparable(before, old.logical_type), comparable(after, new.logical_type)
    if before == after:
        return ""
    try:
        return _stricter((after > before) == (direction > 0))
    except TypeError:
        return "values.changed"


def _enum(old: SchemaField, new: SchemaField, path: str) -> Iterator[Change]:
    before, after = old.constraints.enum, new.constraints.enum
    if before is None or after is None:
        if before is not after:
            yield change(_stricter(before is None), path, column=old.name, before=before, after=after)
        return
    come, gone = _missing(after, before, new, old), _missing(before, after, old, new)
    if come and gone:
        yield change("enum.replaced", path, column=old.name, before=before, after=after)
    elif come:
        yield change("enum.widened", path, column=old.name, after=come)
    elif gone:
        yield change("enum.narrowed", path, column=old.name, before=gone)


def _missing(some: tuple[Any, ...], others: tuple[Any, ...], *fields: SchemaField) -> tuple[Any, ...]:
    """The values of ``some`` that are not among ``others``, each read as its own field's type."""
    mine, theirs = fields
    known = {comparable(value, theirs.logical_type) for value in others}
    return tuple(value for value in some if comparable(value, mine.logical_type) not in known)
