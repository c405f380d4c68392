"""What changed in the columns: which there are, their types and order, the key."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from mesh_orchestration.contract.evolution.change import Change
from mesh_orchestration.contract.evolution.kinds import change
from mesh_orchestration.contract.evolution.meaning import meaning_changes
from mesh_orchestration.contract.evolution.promotion import column_type, widens
from mesh_orchestration.contract.evolution.renames import look_alikes, renames
from mesh_orchestration.contract.evolution.values import value_changes
from mesh_orchestration.contract.model import DataProduct, SchemaField

_FIELDS = "spec.schema.fields"


def field_changes(old: DataProduct, new: DataProduct) -> Iterator[Change]:
    """Every difference of the columns, in the order of the new version, what is gone first."""
    renamed = renames(old, new)
    was = set(renamed.values())
    for field in old.fields:
        if field.name not in new.columns and field.name not in was:
            yield change("field.removed", _FIELDS, column=field.name, before=column_type(field))
    hints = look_alikes(old, new, renamed)
    for index, field in enumerate(new.fields):
        path = f"{_FIELDS}[{index}]"
        before = old.columns.get(renamed.get(field.name, field.name))
        if before is None:
            kind = "field.added" if field.nullable else "field.added_required"
            hint = hints.get(field.name, "")
            yield change(kind, path, column=field.name, after=column_type(field), hint=hint)
        elif before != field:
            yield from _of_field(before, field, path)
    yield from _order(old, new, renamed)
    yield from _key(old, new, renamed)


def _of_field(old: SchemaField, new: SchemaField, path: str) -> Iterator[Change]:
    if old.name != new.name:
        yield change("field.renamed", f"{path}.name", column=old.name, before=old.name, after=new.name)
    before, after = column_type(old), column_type(new)
    if before != after:
        kind = "field.widened" if widens(before, after) else "field.retyped"
        yield change(kind, f"{path}.type", column=old.name, before=before, after=after)
    if old.nullable != new.nullable:
        kind = "null.allowed" if new.nullable else "null.forbidden"
        where = f"{path}.constraints.null"
        yield change(kind, where, column=old.name, before=old.nullable, after=new.nullable)
    if old.constraints.unique != new.constraints.unique and _unique(old) != _unique(new):
        kind = "unique.promised" if new.constraints.unique else "unique.dropped"
        yield change(kind, f"{path}.constraints.unique", column=old.name, before=_unique(old), after=_unique(new))
    yield from _aliases(old, new, path)
    yield from value_changes(old, new, path)
    yield from meaning_changes(old, new, path)


def _unique(field: SchemaField) -> bool:
    return field.constraints.unique or field.constraints.primary_key


def _aliases(old: SchemaField, new: SchemaField, path: str) -> Iterator[Change]:
    gone = tuple(name for name in old.aliases if name not in new.aliases and name != new.name)
    come = tuple(name for name in new.aliases if name not in old.aliases and name != old.name)
    if gone:
        yield change("alias.removed", f"{path}.aliases", column=old.name, before=gone)
    if come:
        yield change("alias.added", f"{path}.aliases", column=old.name, after=come)


def _order(old: DataProduct, new: DataProduct, renamed: Mapping[str, str]) -> Iterator[Change]:
    after = tuple(name for field in new.fields if (name := renamed.get(field.name, field.name)) in old.columns)
    kept = set(after)
    before = tuple(field.name for field in old.fields if field.name in kept)
    if before != after:
        yield change("field.moved", _FIELDS, before=before, after=after)


def _key(old: DataProduct, new: DataProduct, renamed: Mapping[str, str]) -> Iterator[Change]:
    before = old.primary_key
    after = tuple(renamed.get(name, name) for name in new.primary_key)
    had, has = set(before), set(after)
    if had == has:
        return
    if not had:
        kind = "key.added"
    elif not has:
        kind = "key.removed"
    else:
        kind = "key.widened" if had < has else "key.narrowed" if has < had else "key.changed"
    yield change(kind, _FIELDS, before=before or None, after=new.primary_key or None)
