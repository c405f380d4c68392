"""History stays bounded: old snapshots expire, and files that nothing names any more are deleted.

A snapshot expires from the metadata as soon as enough newer ones exist. Its files live on for a grace
period, because a reader may have planned its scan just before: the commit that expires it notes its
manifest list in a property of the table, and only when that note is old enough the files go, each after one
more look that no snapshot of any branch or tag names it.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Container, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial

from pyiceberg.manifest import ManifestEntryStatus, read_manifest_list
from pyiceberg.table import Table
from pyiceberg.table.metadata import TableMetadata
from pyiceberg.table.update import (
    AssertRefSnapshotId,
    RemoveSnapshotRefUpdate,
    RemoveSnapshotsUpdate,
    SetPropertiesUpdate,
    TableUpdate,
)

from mesh_orchestration.contract.address import Address
from mesh_orchestration.errors import PublicationConflict
from mesh_orchestration.settings import Settings
from mesh_orchestration.storage.catalog import Lake, storage_errors
from mesh_orchestration.storage.commit import commit, discard
from mesh_orchestration.storage.objects import StoredFile, list_files
from mesh_orchestration.storage.snapshots import AUDIT_PREFIX, ancestry, audit_branches
from mesh_orchestration.storage.stamp import Stamp

Witness = Callable[[StoredFile], None]
_NOTES = "mesh.expired"
_UNFINISHED = timedelta(hours=24)
_ATTEMPTS = 3


@dataclass(frozen=True)
class Policy:
    """How much is kept: ``snapshots`` of main, the rows of the newest ``refused`` publications for at most
    ``rejected``, files of what has expired for ``grace``, and what a publication that died left behind
    for ``unfinished``. Publications tidy up ``every`` so many."""

    snapshots: int = 30
    refused: int = 10
    rejected: timedelta = timedelta(days=7)
    grace: timedelta = timedelta(hours=1)
    every: int = 10
    unfinished: timedelta = _UNFINISHED

    @classmethod
    def of(cls, settings: Settings) -> Policy:
        """The policy that settings ask for."""
        return cls(
            snapshots=max(1, settings.integer("MESH_SNAPSHOTS_KEEP", cls.snapshots)),
            refused=max(1, settings.integer("MESH_REJECTED_KEEP", cls.refused)),
            rejected=timedelta(days=settings.integer("MESH_REJECTED_DAYS", 7)),
            grace=timedelta(minutes=settings.integer("MESH_FILES_GRACE_MINUTES", 60)),
        )


@dataclass(frozen=True)
class Upkeep:
    """What was removed: snapshots from the history, audit branches, and files with their bytes."""

    snapshots: int = 0
    branches: tuple[str, ...] = ()
    files: int = 0
    bytes: int = 0


@dataclass(frozen=True)
class SnapshotFiles:
    """The files of a snapshot: ``metadata`` (manifest list and manifests) and ``data``."""

    metadata: tuple[str, ...]
    data: tuple[str, ...]


def snapshot_files(table: Table, snapshot_id: int) -> SnapshotFiles:
    """Every file that reading the snapshot needs; nothing when the table does not have it."""
    snapshot = table.metadata.snapshot_by_id(snapshot_id)
    if snapshot is None:
        return SnapshotFiles((), ())
    manifests = snapshot.manifests(table.io)
    entries = (entry for one in manifests for entry in one.fetch_manifest_entry(table.io, discard_deleted=False))
    data = (entry.data_file.file_path for entry in entries if entry.status != ManifestEntryStatus.DELETED)
    return SnapshotFiles((snapshot.manifest_list, *(one.manifest_path for one in manifests)), tuple(data))


def tidy(lake: Lake, table: Table, address: Address, policy: Policy) -> Upkeep:
    """The cheap part of ``maintain``, after a publication: nothing at all most of the time."""
    kept = sum(1 for _ in ancestry(table.metadata))
    if kept < policy.snapshots + policy.every and len(audit_branches(table)) <= policy.refused + policy.every:
        return Upkeep()
    return _expire_and_delete(lake, table, address, policy, unfinished=False)


def maintain(lake: Lake, address: Address, policy: Policy | None = None) -> Upkeep:
    """Expire what is old and delete every file of the table that nothing needs; raises StorageError, and
    PublicationConflict when publications keep overtaking it."""
    policy = policy or Policy.of(lake.settings)
    _drop_old_staging(lake, datetime.now(UTC) - policy.unfinished)
    for attempt in range(_ATTEMPTS):
        table = lake.table(address)
        if table is None:
            break
        try:
            return _expire_and_delete(lake, table, address, policy, unfinished=True)
        except PublicationConflict:
            if attempt == _ATTEMPTS - 1:
                raise
    return Upkeep()


def expire_now(
    lake: Lake, address: Address, *, refs: tuple[str, ...] = (), snapshots: tuple[int, ...] = (), witness: Witness
) -> tuple[StoredFile, ...]:
    """Take these branches, tags and snapshots out of the table and delete their files at once, with those of every
    snapshot that expired before: nobody is given the grace of ``maintain``. ``witness`` is told of each file before
    it goes; what a caller who died had begun is finished. Raises StorageError, PublicationConflict."""
    table = lake.table(address)
    if table is None:
        return ()
    with storage_errors(f"{address} cannot be tidied", lake.settings):
        if refs or snapshots:
            remove = partial(_removal, refs, snapshots, datetime.now(UTC))
            table = commit(lake, table, _heads(table.metadata), remove, address=address)
        due = set(_notes(table.metadata))
        gone = _delete_unused(lake, table, address, due, None, witness)
        if due:
            commit(lake, table, [], partial(_forgotten, due), address=address)
    return tuple(gone)


def retire(lake: Lake, address: Address, snapshots: tuple[int, ...]) -> None:
    """Take snapshots out of the table's metadata; ``maintain`` deletes their files when their grace is over.
    A snapshot that is the head of a branch or tag stays. Raises StorageError, PublicationConflict."""
    table = lake.table(address)
    heads = {ref.snapshot_id for ref in table.metadata.refs.values()} if table else set()
    old = tuple(one for one in snapshots if one not in heads)
    if table and old:
        remove = partial(_removal, (), old, datetime.now(UTC))
        with storage_errors(f"{address} cannot be tidied", lake.settings):
            commit(lake, table, _heads(table.metadata), remove, address=address)


def needed_files(table: Table) -> frozenset[str]:
    """Every file that the table's metadata names, in any snapshot; local ones without ``file://``."""
    return frozenset(_needed(table))


def _drop_old_staging(lake: Lake, before: datetime) -> None:
    """Remove the local copies that a publication to an object store left when it died."""
    for folder in (lake.settings.home / "staging").glob("*/*"):
        if folder.stat().st_mtime < before.timestamp():
            shutil.rmtree(folder, ignore_errors=True)


def _expire_and_delete(lake: Lake, table: Table, address: Address, policy: Policy, *, unfinished: bool) -> Upkeep:
    # The time of the machine, not of the mesh: it is compared with times that file systems gave.
    now = datetime.now(UTC)
    with storage_errors(f"{address} cannot be tidied", lake.settings):
        notes = _notes(table.metadata)
        due = {location for location, at in notes.items() if at <= now - policy.grace}
        branches = tuple(_old_branches(table.metadata, now, policy))
        expired = tuple(_surplus(table.metadata, policy.snapshots, branches))
        if policy.grace <= timedelta(0):
            due |= {one.manifest_list for one in table.metadata.snapshots if one.snapshot_id in expired}
        if expired or branches:
            remove = partial(_removal, branches, expired, now)
            table = commit(lake, table, _heads(table.metadata), remove, address=address)
        gone = _delete_unused(lake, table, address, due, now - policy.unfinished if unfinished else None)
        if due:
            commit(lake, table, [], partial(_forgotten, due), address=address)
    return Upkeep(len(expired), branches, len(gone), sum(file.size for file in gone))


def _old_branches(metadata: TableMetadata, now: datetime, policy: Policy) -> Iterator[str]:
    """Audit branches that may go: refused ones that are old or too many, unfinished ones of the dead."""
    heads = [(next(ancestry(metadata, name), None), name) for name in metadata.refs if name.startswith(AUDIT_PREFIX)]
    newest = sorted(((head, name) for head, name in heads if head), key=lambda pair: -(pair[0].sequence_number or 0))
    refused = 0
    for head, name in newest:
        stamp = Stamp.of(head.summary.additional_properties) if head.summary else None
        unfinished = stamp is not None and stamp.state == "written"
        refused += not unfinished
        age = now - datetime.fromtimestamp(head.timestamp_ms / 1000, UTC)
        if age >= (policy.unfinished if unfinished else policy.rejected) or refused > policy.refused:
            yield name


def _surplus(metadata: TableMetadata, keep: int, dropped: tuple[str, ...]) -> Iterator[int]:
    """The snapshots that may go: all but the newest of main and the head of every other branch and tag."""
    kept = {ref.snapshot_id for name, ref in metadata.refs.items() if name not in dropped}
    kept |= {snapshot.snapshot_id for snapshot, _ in zip(ancestry(metadata), range(keep), strict=False)}
    return (one.snapshot_id for one in metadata.snapshots if one.snapshot_id not in kept)


def _heads(metadata: TableMetadata) -> list[AssertRefSnapshotId]:
    return [AssertRefSnapshotId(ref=name, snapshot_id=ref.snapshot_id) for name, ref in metadata.refs.items()]


def _removal(
    branches: tuple[str, ...], expired: tuple[int, ...], now: datetime, metadata: TableMetadata
) -> tuple[TableUpdate, ...]:
    left = [one for one in metadata.snapshots if one.snapshot_id in expired]
    notes = _notes(metadata) | {one.manifest_list: now for one in left}
    refs = (RemoveSnapshotRefUpdate(ref_name=name) for name in branches if name in metadata.refs)
    return (*refs, RemoveSnapshotsUpdate(snapshot_ids=[one.snapshot_id for one in left]), _noted(notes))


def _forgotten(done: set[str], metadata: TableMetadata) -> tuple[TableUpdate, ...]:
    return (_noted({location: at for location, at in _notes(metadata).items() if location not in done}),)


def _notes(metadata: TableMetadata) -> dict[str, datetime]:
    """The manifest lists of expired snapshots whose files are still there, and when each expired."""
    said = json.loads(metadata.properties.get(_NOTES, "{}"))
    return {location: datetime.fromtimestamp(at, UTC) for location, at in said.items()}


def _noted(notes: dict[str, datetime]) -> TableUpdate:
    said = {location: int(at.timestamp()) for location, at in notes.items()}
    return SetPropertiesUpdate(updates={_NOTES: json.dumps(said, separators=(",", ":"))})


def _delete_unused(
    lake: Lake,
    table: Table,
    address: Address,
    due: set[str],
    unfinished_before: datetime | None,
    witness: Witness | None = None,
) -> list[StoredFile]:
    """Delete the files of snapshots that are ``due``, and those no commit named that are older than given."""
    if not due and unfinished_before is None:
        return []
    stored = {_plain(file.location): file for file in list_files(table.io, table.location())}
    candidates = [name for location in due for name in _files_of(table, location, stored)]
    if unfinished_before is not None:
        waiting = [name for one in _notes(table.metadata).keys() - due for name in _files_of(table, one, stored)]
        old = {key for key, file in stored.items() if file.modified < unfinished_before}
        candidates += sorted(old - set(waiting) - set(candidates))
    # The table as it is after the listing: whatever was committed until now is needed.
    newest = lake.table(address)
    if newest is None or not candidates:
        return []
    needed = _needed(newest)
    gone = [stored[key] for key in dict.fromkeys(candidates) if key in stored and key not in needed]
    if witness:
        for file in gone:
            witness(file)
    discard(newest, [file.location for file in gone])
    return gone


def _files_of(table: Table, manifest_list: str, stored: Container[str]) -> list[str]:
    """The files of an expired snapshot, its manifest list last: who dies on the way can begin again."""
    if _plain(manifest_list) not in stored:
        return []
    manifests = [
        one for one in read_manifest_list(table.io.new_input(manifest_list)) if _plain(one.manifest_path) in stored
    ]
    entries = (entry for one in manifests for entry in one.fetch_manifest_entry(table.io, discard_deleted=False))
    data = [entry.data_file.file_path for entry in entries if entry.status != ManifestEntryStatus.DELETED]
    return [_plain(name) for name in (*data, *(one.manifest_path for one in manifests), manifest_list)]


def _needed(table: Table) -> set[str]:
    """Every file that the table's metadata names, in any snapshot."""
    metadata = table.metadata
    found = {table.metadata_location, *(entry.metadata_file for entry in metadata.metadata_log)}
    found |= {one.statistics_path for one in (*metadata.statistics, *metadata.partition_statistics)}
    for snapshot in metadata.snapshots:
        files = snapshot_files(table, snapshot.snapshot_id)
        found |= {*files.metadata, *files.data}
    return {_plain(location) for location in found}


def _plain(location: str) -> str:
    """A location as it can be compared: local files are named with and without ``file://``."""
    return location.removeprefix("file://")
