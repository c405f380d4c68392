"""Which columns of a new version are columns of the old one under another name."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import SequenceMatcher

from mesh_orchestration.contract.evolution.promotion import column_type, widens
from mesh_orchestration.contract.model import DataProduct, SchemaField

_ALIKE = 0.6
_FEW = 400  # pairs of a removed and an added column that are compared by name


def renames(old: DataProduct, new: DataProduct) -> Mapping[str, str]:
    """The old name of each renamed column by its new one: the new version gives the old name in ``aliases``."""
    found: dict[str, str] = {}
    for field in new.fields:
        if field.name in old.columns:
            continue
        for alias in field.aliases:
            if alias in old.columns and alias not in new.columns and alias not in found.values():
                found[field.name] = alias
                break
    return found


def look_alikes(old: DataProduct, new: DataProduct) -> Mapping[str, str]:
    """A hint for each added column that looks like a removed one under a new name."""
    was = set(renames(old, new).values())
    removed = {field.name: (place, field) for place, field in enumerate(old.fields)
               if field.name not in new.columns and field.name not in was}  # fmt: skip
    if not removed:
        return {}
    known = old.columns.keys() | renames(old, new).keys()
    hints: dict[str, str] = {}
    for place, field in enumerate(new.fields):
        if field.name in known:
            continue
        if name := _nearest(field, place, removed):
            del removed[name]
            hints[field.name] = f"looks like a rename of {name}: give aliases: [{name}]"
    return hints


def _nearest(field: SchemaField, place: int, removed: Mapping[str, tuple[int, SchemaField]]) -> str | None:
    """The removed column that ``field`` most likely was; None when none is near enough."""
    best, score = None, 0.0
    few = len(removed) <= _FEW
    for name, (was, other) in removed.items():
        if not widens(column_type(other), column_type(field)):
            continue
        said = bool(field.description) and field.description == other.description
        alike = SequenceMatcher(None, name, field.name).ratio() if few else 0.0
        if not said and place != was and alike < _ALIKE:
            continue
        total = alike + 2 * said + (place == was)
        if total > score:
            best, score = name, total
    return best
