"""The commits of a publication: what each asks the catalog to change, and under which condition."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime

from pyiceberg.table.metadata import TableMetadata
from pyiceberg.table.refs import SnapshotRefType
from pyiceberg.table.update import (
    AddSchemaUpdate,
    AddSnapshotUpdate,
    AssertLastAssignedFieldId,
    AssertRefSnapshotId,
    RemoveSnapshotRefUpdate,
    RemoveSnapshotsUpdate,
    SetCurrentSchemaUpdate,
    SetPropertiesUpdate,
    SetSnapshotRefUpdate,
    TableRequirement,
    TableUpdate,
)

from mesh_orchestration.publication.schema import TargetSchema
from mesh_orchestration.storage.catalog import NAME_MAPPING
from mesh_orchestration.storage.commit import Writing
from mesh_orchestration.storage.snapshots import MAIN

_REFUSAL = "mesh.refusal"


@dataclass(frozen=True)
class Refusal:
    """The last publication that was refused; ``branch`` is empty when it wrote no rows, ``base`` is the
    snapshot that was published then."""

    run_id: str
    at: datetime
    reasons: tuple[str, ...]
    contract_version: str
    branch: str = ""
    base: int | None = None

    @classmethod
    def of(cls, properties: Mapping[str, str]) -> Refusal | None:
        """The refusal that a table's properties remember."""
        if _REFUSAL not in properties:
            return None
        said = json.loads(properties[_REFUSAL])
        return cls(**said | {"at": datetime.fromisoformat(said["at"]), "reasons": tuple(said["reasons"])})

    def remember(self) -> TableUpdate:
        """The table remembers its last refusal, also one that wrote no rows."""
        said = asdict(self) | {"at": self.at.isoformat()}
        return SetPropertiesUpdate(updates={_REFUSAL: json.dumps(said, ensure_ascii=False)})


def ref_is(name: str, snapshot_id: int | None) -> TableRequirement:
    """The branch points to this snapshot, or does not exist when None."""
    return AssertRefSnapshotId(ref=name, snapshot_id=snapshot_id)


def write_conditions(
    metadata: TableMetadata, branch: str, base: int | None, schema: TargetSchema
) -> list[TableRequirement]:
    """Nobody published since, and nobody else writes for this run or evolves the schema."""
    needed = [ref_is(MAIN, base)]
    if metadata.snapshots:
        # pyiceberg lets only main be asserted in a table without snapshots.
        needed.append(ref_is(branch, None))
    return [*needed, *_no_other_schema(metadata, schema)]


def write(metadata: TableMetadata, writing: Writing, branch: str, target: TargetSchema) -> tuple[TableUpdate, ...]:
    """Put the snapshot on its audit branch; a new schema becomes known but not current."""
    known = _know(metadata, target)
    return (*known, AddSnapshotUpdate(snapshot=writing.snapshot(metadata)), _branch_at(branch, writing.id))


def evolve_conditions(metadata: TableMetadata, target: TargetSchema) -> list[TableRequirement]:
    """Nobody published since, and nobody else evolves the schema."""
    head = metadata.refs.get(MAIN)
    needed = [ref_is(MAIN, head.snapshot_id if head else None)]
    return [*needed, *_no_other_schema(metadata, target)]


def evolve(metadata: TableMetadata, target: TargetSchema) -> tuple[TableUpdate, ...]:
    """The schema becomes known and current, without a snapshot; nothing when it is."""
    current = SetCurrentSchemaUpdate(schema_id=target.schema.schema_id)
    stands = not target.new and metadata.current_schema_id == target.schema.schema_id
    return (*_know(metadata, target), *(() if stands else (current,)))


def accept(
    metadata: TableMetadata, writing: Writing, branch: str, written: int, schema_id: int
) -> tuple[TableUpdate, ...]:
    """The stamped snapshot becomes main, its schema the current one; the branch and what it held go."""
    current = (SetCurrentSchemaUpdate(schema_id=schema_id),) if metadata.current_schema_id != schema_id else ()
    return (
        AddSnapshotUpdate(snapshot=writing.snapshot(metadata)),
        *current,
        _branch_at(MAIN, writing.id),
        *drop_branch(branch, written),
    )


def refuse(metadata: TableMetadata, writing: Writing, written: int, refusal: Refusal) -> tuple[TableUpdate, ...]:
    """The stamped snapshot takes the place of the written one on the branch; main stays."""
    return (
        AddSnapshotUpdate(snapshot=writing.snapshot(metadata)),
        _branch_at(refusal.branch, writing.id),
        RemoveSnapshotsUpdate(snapshot_ids=[written]),
        refusal.remember(),
    )


def drop_branch(branch: str, head: int) -> tuple[TableUpdate, ...]:
    """The branch and the snapshot at its head go."""
    return (RemoveSnapshotRefUpdate(ref_name=branch), RemoveSnapshotsUpdate(snapshot_ids=[head]))


def _no_other_schema(metadata: TableMetadata, target: TargetSchema) -> tuple[TableRequirement, ...]:
    return (AssertLastAssignedFieldId(last_assigned_field_id=metadata.last_column_id),) if target.new else ()


def _know(metadata: TableMetadata, target: TargetSchema) -> tuple[TableUpdate, ...]:
    """The schema and the names of its columns become known to the table, as far as they are new to it."""
    updates: tuple[TableUpdate, ...] = (AddSchemaUpdate(schema_=target.schema),) if target.new else ()
    mapping = target.schema.name_mapping.model_dump_json()
    if metadata.properties.get(NAME_MAPPING) != mapping:
        updates += (SetPropertiesUpdate(updates={NAME_MAPPING: mapping}),)
    return updates


def _branch_at(name: str, snapshot_id: int) -> TableUpdate:
    return SetSnapshotRefUpdate(
        ref_name=name,
        type=SnapshotRefType.BRANCH,
        snapshot_id=snapshot_id,
        max_ref_age_ms=None,
        max_snapshot_age_ms=None,
        min_snapshots_to_keep=None,
    )
