"""What changed in what a column means and in how it is protected."""

from __future__ import annotations

from collections.abc import Iterator

from mesh_orchestration.contract.evolution.change import Change
from mesh_orchestration.contract.evolution.kinds import change
from mesh_orchestration.contract.model import SchemaField

_HIDES = {None: 0, "partial": 1, "generalise": 1, "hash": 2, "tokenise": 2, "redact": 3, "null": 3}
"""How much a mask keeps from readers: nothing; part of the value; the value but not which are equal; all."""


def meaning_changes(old: SchemaField, new: SchemaField, path: str) -> Iterator[Change]:
    """Every difference of words, unit, personal data and mask of a column."""
    if old.semantics != new.semantics:
        where = f"{path}.semantics"
        yield change("meaning.changed", where, column=old.name, before=old.semantics, after=new.semantics)
    if old.unit != new.unit:
        word = "unit.said" if not old.unit else "unit.changed" if new.unit else "unit.unsaid"
        yield change(word, f"{path}.unit", column=old.name, before=old.unit, after=new.unit)
    for key in ("description", "tags"):
        before, after = getattr(old, key), getattr(new, key)
        if before != after:
            yield change("description.changed", f"{path}.{key}", column=old.name, before=before, after=after)
    yield from _pii(old, new, path)
    yield from _mask(old, new, path)


def _pii(old: SchemaField, new: SchemaField, path: str) -> Iterator[Change]:
    before, after = old.pii or old.constraints.pii, new.pii or new.constraints.pii
    if before != after:
        word = "pii.classified" if not before else "pii.reclassified" if after else "pii.declassified"
        yield change(word, f"{path}.pii", column=old.name, before=before, after=after)


def _mask(old: SchemaField, new: SchemaField, path: str) -> Iterator[Change]:
    before, after = old.mask, new.mask
    if before != after:
        less, more = _HIDES[before], _HIDES[after]
        word = "mask.changed" if less == more else "mask.strengthened" if more > less else "mask.weakened"
        yield change(word, f"{path}.masking", column=old.name, before=before or "none", after=after or "none")
