"""Which columns of a new version are columns of the old one under another name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import SequenceMatcher

from mesh_orchestration.contract.evolution.promotion import column_type, widens
from mesh_orchestration.contract.model import DataProduct, SchemaField

_ALIKE = 0.6
_FEW = 50  # removed columns that each added one is compared with by name; of more, only likely ones


def renames(old: DataProduct, new: DataProduct) -> Mapping[str, str]:
    """The old name of each renamed column by its new one: the new version gives the old name in ``aliases``."""
    found: dict[str, str] = {}
    taken: set[str] = set()
    for field in new.fields:
        if field.name in old.columns:
            continue
        for alias in field.aliases:
            if alias in old.columns and alias not in new.columns and alias not in taken:
                found[field.name] = alias
                taken.add(alias)
                break
    return found


def look_alikes(old: DataProduct, new: DataProduct, renamed: Mapping[str, str]) -> Mapping[str, str]:
    """A hint for each added column that looks like a removed one under a new name; ``renamed`` are no candidates."""
    was = set(renamed.values())
    removed = {field.name: place for place, field in enumerate(old.fields)
               if field.name not in new.columns and field.name not in was}  # fmt: skip
    at_place = {place: name for name, place in removed.items()}
    described = {old.columns[name].description: name for name in removed}
    hints: dict[str, str] = {}
    for place, field in enumerate(new.fields if removed else ()):
        if field.name in old.columns or field.name in renamed:
            continue
        likely = (at_place.get(place, ""), described.get(field.description, ""))
        candidates = removed if len(removed) <= _FEW else [name for name in likely if name in removed]
        if name := _nearest(field, place, [(one, removed[one], old.columns[one]) for one in candidates]):
            del removed[name]
            hints[field.name] = f"looks like a rename of {name}: give aliases: [{name}]"
    return hints


def _nearest(field: SchemaField, place: int, removed: Iterable[tuple[str, int, SchemaField]]) -> str | None:
    """The removed column that ``field`` most likely was; None when none is near enough."""
    best, score = None, 0.0
    for name, was, other in removed:
        if not widens(column_type(other), column_type(field)):
            continue
        described = bool(field.description) and field.description == other.description
        alike = SequenceMatcher(None, name, field.name).ratio()
        total = alike + 2 * described + (place == was)
        if total > score and (described or place == was or alike >= _ALIKE):
            best, score = name, total
    return best
