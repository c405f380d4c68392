"""Writing snapshots and committing them by compare-and-set.

pyiceberg's own transactions keep one requirement of a kind, so they cannot say "main is still at A and
the audit branch at B" in one commit. The catalog can: here the updates and all their requirements are
given to it directly, and a commit either happens as a whole or not at all.
"""

from __future__ import annotations

import contextlib
import random
import time
import uuid
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Final

from pydantic import ValidationError
from pyiceberg.exceptions import BadRequestError, CommitFailedException, ForbiddenError, UnauthorizedError
from pyiceberg.manifest import (
    DataFile,
    ManifestContent,
    ManifestEntry,
    ManifestEntryStatus,
    ManifestFile,
    write_manifest,
    write_manifest_list,
)
from pyiceberg.schema import Schema
from pyiceberg.table import Table
from pyiceberg.table.metadata import TableMetadata
from pyiceberg.table.snapshots import Operation, Snapshot, Summary
from pyiceberg.table.update import AddSnapshotUpdate, AssertTableUUID, TableRequirement, TableUpdate
from sqlalchemy.exc import OperationalError

from mesh_orchestration.contract.address import Address
from mesh_orchestration.errors import PublicationConflict, StorageError
from mesh_orchestration.storage.catalog import Lake, describe, storage_errors

_ATTEMPTS = 25
_FIRST_WAIT, _LONGEST_WAIT = 0.02, 1.0
_COMPRESSION: Final = "deflate"


_REFUSALS = BadRequestError | UnauthorizedError | ForbiddenError


class CommitStateUnknown(StorageError):
    """The catalog did not say whether the commit happened; nothing was retried, nothing deleted."""


@dataclass(frozen=True)
class Replacement:
    """A snapshot that replaces all rows of ``parent`` by ``files``; ``summary`` holds the mesh's stamp."""

    snapshot_id: int
    parent: int | None
    schema: Schema
    files: tuple[DataFile, ...]
    replaced: tuple[ManifestEntry, ...]
    summary: Mapping[str, str]


class Writing:
    """A snapshot whose manifests are written once and whose manifest list follows each attempt to commit."""

    def __init__(self, table: Table, replacement: Replacement) -> None:
        self._table, self._what, self._token = table, replacement, uuid.uuid4()
        self.files: list[str] = []
        """The locations of every metadata file written; garbage when the commit does not happen."""
        self._manifests = self._write_manifests()

    @property
    def id(self) -> int:
        return self._what.snapshot_id

    def unused(self, metadata: TableMetadata) -> tuple[str, ...]:
        """The manifest lists of attempts that did not become the snapshot in ``metadata``."""
        snapshot = metadata.snapshot_by_id(self.id)
        used = {snapshot.manifest_list if snapshot else "", *(manifest.manifest_path for manifest in self._manifests)}
        return tuple(location for location in self.files if location not in used)

    def snapshot(self, metadata: TableMetadata) -> Snapshot:
        """The Iceberg snapshot to add to ``metadata``; its sequence number follows the newest there."""
        what, sequence = self._what, metadata.next_sequence_number()
        location = self._location(f"snap-{what.snapshot_id}-{sequence}-{self._token}.avro")
        with write_manifest_list(
            format_version=2,
            output_file=self._table.io.new_output(location),
            snapshot_id=what.snapshot_id,
            parent_snapshot_id=what.parent,
            sequence_number=sequence,
            avro_compression=_COMPRESSION,
        ) as writer:
            writer.add_manifests(deepcopy(self._manifests))
        return Snapshot(
            snapshot_id=what.snapshot_id,
            parent_snapshot_id=what.parent,
            sequence_number=sequence,
            timestamp_ms=max(int(time.time() * 1000), metadata.last_updated_ms),
            manifest_list=location,
            summary=Summary(Operation.OVERWRITE, **self._totals(), **what.summary),
            schema_id=what.schema.schema_id,
        )

    def _location(self, name: str) -> str:
        location = self._table.location_provider().new_metadata_location(name)
        self.files.append(location)
        return location

    def _write_manifests(self) -> list[ManifestFile]:
        added = [self._entry(ManifestEntryStatus.ADDED, file) for file in self._what.files]
        removed = [self._entry(ManifestEntryStatus.DELETED, old.data_file, old) for old in self._what.replaced]
        return [self._write_manifest(number, entries) for number, entries in enumerate((added, removed)) if entries]

    def _entry(self, status: ManifestEntryStatus, file: DataFile, old: ManifestEntry | None = None) -> ManifestEntry:
        return ManifestEntry.from_args(
            status=status,
            snapshot_id=self._what.snapshot_id,
            sequence_number=old.sequence_number if old else None,
            file_sequence_number=old.file_sequence_number if old else None,
            data_file=_without_values(file) if old else file,
        )

    def _write_manifest(self, number: int, entries: Sequence[ManifestEntry]) -> ManifestFile:
        with write_manifest(
            format_version=2,
            spec=self._table.spec(),
            schema=self._what.schema,
            output_file=self._table.io.new_output(self._location(f"{self._token}-m{number}.avro")),
            snapshot_id=self._what.snapshot_id,
            avro_compression=_COMPRESSION,
        ) as writer:
            for entry in entries:
                writer.add_entry(entry)
        return writer.to_manifest_file()

    def _totals(self) -> dict[str, str]:
        files, gone = self._what.files, [entry.data_file for entry in self._what.replaced]
        rows, size = sum(file.record_count for file in files), sum(file.file_size_in_bytes for file in files)
        numbers = {
            "added-data-files": len(files),
            "added-records": rows,
            "added-files-size": size,
            "deleted-data-files": len(gone),
            "deleted-records": sum(file.record_count for file in gone),
            "removed-files-size": sum(file.file_size_in_bytes for file in gone),
            "total-data-files": len(files),
            "total-records": rows,
            "total-files-size": size,
            "total-delete-files": 0,
            "total-position-deletes": 0,
            "total-equality-deletes": 0,
        }
        return {name: str(number) for name, number in numbers.items()}


def _without_values(file: DataFile) -> DataFile:
    """A file that is gone, as a manifest names it: its smallest and largest values must go with it."""
    return DataFile.from_args(
        content=file.content,
        file_path=file.file_path,
        file_format=file.file_format,
        partition=file.partition,
        record_count=file.record_count,
        file_size_in_bytes=file.file_size_in_bytes,
    )


def live_entries(table: Table, snapshot_id: int | None) -> tuple[ManifestEntry, ...]:
    """The data files of a snapshot as its manifests list them."""
    snapshot = table.metadata.snapshot_by_id(snapshot_id) if snapshot_id is not None else None
    return tuple(
        entry
        for manifest in (snapshot.manifests(table.io) if snapshot else ())
        if manifest.content == ManifestContent.DATA
        for entry in manifest.fetch_manifest_entry(table.io, discard_deleted=True)
    )


def commit(
    lake: Lake,
    table: Table,
    requirements: Sequence[TableRequirement],
    updates: Callable[[TableMetadata], tuple[TableUpdate, ...]],
    *,
    address: Address,
) -> Table:
    """The table after ``updates`` of its newest metadata, made only while all ``requirements`` hold.

    Another writer's commit in between is no harm as long as they still hold: then it is tried again.
    Raises PublicationConflict when they do not, StorageError when nothing could be written, and
    CommitStateUnknown when the catalog does not say.
    """
    needed = (AssertTableUUID(uuid=table.metadata.table_uuid), *requirements)
    wait = _FIRST_WAIT
    for _ in range(_ATTEMPTS):
        _require(needed, table.metadata, address)
        tried = updates(table.metadata)
        try:
            response = lake.catalog.commit_table(table, needed, tried)
        except Exception as error:
            if not _surely_refused(error):
                return _after_silence(lake, address, tried, error)
            time.sleep(wait * random.uniform(0.5, 1))  # noqa: S311 - spreads writers, guards nothing
            wait = min(2 * wait, _LONGEST_WAIT)
            before, table = table, _reload(lake, address)
            if not isinstance(error, CommitFailedException) and before.metadata_location == table.metadata_location:
                raise
        else:
            _delete_old_metadata(table, response.metadata)
            return Table(table.name(), response.metadata, response.metadata_location, table.io, lake.catalog)
        if _landed(tried, table.metadata):
            return table
    raise PublicationConflict(f"{address}: {_ATTEMPTS} commits in a row were overtaken by others; run this again")


def discard(table: Table, locations: Iterable[str]) -> None:
    """Delete files that no snapshot uses; one that cannot be deleted is left to ``maintain``."""
    for location in locations:
        with contextlib.suppress(Exception):
            table.io.delete(location)


def _after_silence(lake: Lake, address: Address, tried: tuple[TableUpdate, ...], error: Exception) -> Table:
    """The table when it shows that the commit happened after all; raises what is known otherwise."""
    with contextlib.suppress(Exception):
        table = _reload(lake, address)
        if _landed(tried, table.metadata):
            return table
    if _never_sent(error):
        with storage_errors(f"{address} cannot be committed, what was published stays", lake.settings):
            raise error
    raise CommitStateUnknown(
        f"{address}: the catalog did not answer whether the commit happened ({describe(error)}); nothing was retried "
        "and nothing deleted. Check that the catalog is up, then see with `mesh show "
        f"{address}` which snapshot is current, and run this again"
    ) from error


def _surely_refused(error: Exception) -> bool:
    """Whether the catalog looked at the commit and said no: it was overtaken, or its updates no longer fit
    what another writer committed in between. Pydantic's error is about reading an answer, which may be yes."""
    refused = isinstance(error, CommitFailedException | ValueError | _REFUSALS)
    return refused and not isinstance(error, ValidationError | OSError)


def _landed(tried: tuple[TableUpdate, ...], metadata: TableMetadata) -> bool:
    added = [update.snapshot.snapshot_id for update in tried if isinstance(update, AddSnapshotUpdate)]
    return bool(added) and all(metadata.snapshot_by_id(one) is not None for one in added)


def _never_sent(error: Exception) -> bool:
    """Whether the commit surely did not happen: a file could not be written before it, or SQLite, which
    undoes what it cannot finish, refused it."""
    if isinstance(error, OperationalError):
        return type(error.orig).__module__.startswith("sqlite3")
    return (
        isinstance(error, OSError) and error.errno is not None and not isinstance(error, ConnectionError | TimeoutError)
    )


def _require(requirements: Sequence[TableRequirement], metadata: TableMetadata, address: Address) -> None:
    try:
        for requirement in requirements:
            requirement.validate(metadata)
    except CommitFailedException as error:
        raise PublicationConflict(
            f"{address}: another publication was faster ({describe(error)}); "
            "consumers read its snapshot, run this again"
        ) from error


def _reload(lake: Lake, address: Address) -> Table:
    table = lake.table(address)
    if table is None:
        raise StorageError(f"the table of {address} was dropped while it was written")
    return table


def _delete_old_metadata(table: Table, metadata: TableMetadata) -> None:
    """What pyiceberg does after its own commits: old metadata files go, a few versions stay for readers."""
    if metadata.properties.get("write.metadata.delete-after-commit.enabled") != "true":
        return
    kept = {entry.metadata_file for entry in metadata.metadata_log}
    for entry in table.metadata.metadata_log:
        if entry.metadata_file not in kept:
            try:
                table.io.delete(entry.metadata_file)
            except OSError as error:
                warnings.warn(f"old metadata stays: {error}", stacklevel=2)
