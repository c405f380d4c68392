"""Whether data written under one version can be read under another, as ``spec.schema.compatibility`` asks.

The modes have the meaning of schema registries: *backward*, a reader with the new version reads what was
written under the old one; *forward*, a reader that still has the old version reads what is written under
the new one; *full*, both; *transitive*, not only the last version but every one of this major.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set

from mesh_orchestration.contract.evolution.promotion import column_type, resolves, widens
from mesh_orchestration.contract.model import DataProduct, SchemaField

_EVENTS = frozenset({"avro", "json"})
"""Exchange formats whose reader wants every field that may not be null; a table reads null where it is missing."""
_AVRO = "avro"


def unreadable(writer: DataProduct, reader: DataProduct) -> tuple[str, ...]:
    """Why what was written under ``writer`` cannot be read under ``reader``, one reason a column.

    Columns of a table are found by name and read by the rules of Apache Iceberg ("Schema Evolution").
    For a product whose exchange format (``spec.schema.type``) is avro or json, those of Apache Avro
    ("Schema Resolution") are kept too: a field that the writer lacks needs a default, here null, and
    what may be null is not read as what may not be. An Avro field is also found by an alias of the reader.
    """
    return tuple(_reasons(writer, reader, {writer.spec.schema_.type.lower(), reader.spec.schema_.type.lower()}))


def violations(new: DataProduct, history: Sequence[DataProduct]) -> tuple[str, ...]:
    """What ``new`` breaks of the compatibility that the last version in ``history`` (oldest first) promises.

    Only versions of the same major count; without one, nothing is promised yet.
    """
    earlier = [product for product in history if product.address == new.address]
    if not earlier:
        return ()
    mode = earlier[-1].spec.schema_.compatibility
    against = reversed(earlier) if mode.endswith("_transitive") else earlier[-1:]
    found: list[str] = []
    for old in against:
        if mode.startswith(("backward", "full")):
            said = f"version {new.version} cannot read what was written under {old.version}"
            found += [f"{said}: {reason}" for reason in unreadable(old, new)]
        if mode.startswith(("forward", "full")):
            said = f"version {old.version} cannot read what is written under {new.version}"
            found += [f"{said}: {reason}" for reason in unreadable(new, old)]
    return tuple(dict.fromkeys(found))


def _reasons(writer: DataProduct, reader: DataProduct, formats: Set[str]) -> Iterator[str]:
    events, avro = bool(formats & _EVENTS), _AVRO in formats
    for field in reader.fields:
        written = writer.columns.get(field.name) or (_former(writer, reader, field) if avro else None)
        if written is None:
            if events and not field.nullable:
                yield f"{field.name} is missing there and may not be null"
            continue
        before, after = column_type(written), column_type(field)
        if not widens(before, after):
            yield f"{field.name} is {before} there, which does not become {after}"
        elif avro and not resolves(before, after):
            yield f"{field.name} is {before} there, which Avro does not read as {after}"
        elif events and written.nullable and not field.nullable:
            yield f"{field.name} may be null there"


def _former(writer: DataProduct, reader: DataProduct, field: SchemaField) -> SchemaField | None:
    """The writer's field that an Avro reader takes for ``field`` by one of its former names."""
    former = (alias for alias in field.aliases if alias in writer.columns and alias not in reader.columns)
    return next((writer.columns[alias] for alias in former), None)
