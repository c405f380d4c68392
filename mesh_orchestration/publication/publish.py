"""Write, audit, publish: the one way rows become a product.

    prepare   the run published before: done. Its crashed attempt goes. The schema may evolve: else refused
    export    the engine writes Parquet next to the table's data
    write     one commit: a snapshot with these files on the branch ``audit-<run>``
    audit     every check of the contract on the files of that snapshot
    publish   one commit: the stamped snapshot becomes ``main`` and the branch goes, only if ``main`` is still
              where it was in ``prepare``; or, refused, the stamped snapshot stays on the branch
    tidy      what no snapshot names any more is removed

A process may die between any two instructions: ``main`` moves in a single commit, so consumers read either
the last good snapshot or the new, audited, stamped one, and running again ends in the same state.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from pyiceberg.io.pyarrow import parquet_file_to_data_file
from pyiceberg.manifest import DataFile
from pyiceberg.table import Table
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

from mesh_orchestration.contract.model import DataProduct
from mesh_orchestration.errors import EngineError, MeshError, PublicationConflict, StorageError
from mesh_orchestration.expectations.check import CheckResult
from mesh_orchestration.publication.auditing import reason_of, result_of, verdict_of
from mesh_orchestration.publication.request import Export, Publication, PublishRequest
from mesh_orchestration.publication.schema import TargetSchema, target_schema
from mesh_orchestration.publication.staging import Staging, drop_leftovers
from mesh_orchestration.storage.catalog import NAME_MAPPING, storage_errors
from mesh_orchestration.storage.commit import CommitStateUnknown, Replacement, Writing, commit, discard, live_entries
from mesh_orchestration.storage.snapshots import MAIN, ancestry, read_snapshot
from mesh_orchestration.storage.stamp import Stamp, State, Verdict
from mesh_orchestration.storage.upkeep import Policy, snapshot_files, tidy

Updates = Callable[[TableMetadata], tuple[TableUpdate, ...]]
_LOG = logging.getLogger(__name__)
REFUSAL = "mesh.refusal"


def publish(product: DataProduct, export: Export, *, request: PublishRequest) -> Publication:
    """Publish what ``export`` writes, if it keeps the contract.

    ``export`` writes Parquet into the folder it is given and returns the files. A refusal (failed checks
    of severity ``error``, a schema change the major version does not allow, a mart that ``export`` finds
    drifted) is a Publication with ``published=False``. Raises PublicationConflict when somebody else
    published first, StorageError when the warehouse or catalog fails; ``main`` is then as it was.
    """
    return _Attempt(product, request).run(export)


@dataclass(frozen=True)
class _Written:
    """What the write stage left on the audit branch."""

    snapshot_id: int
    files: tuple[DataFile, ...]
    paths: tuple[Path, ...]

    @property
    def rows(self) -> int:
        return sum(file.record_count for file in self.files)


class _Attempt:
    """One attempt of one run; ``table`` is the newest state this attempt has seen."""

    table: Table
    schema: TargetSchema
    base: int | None

    def __init__(self, product: DataProduct, request: PublishRequest) -> None:
        self.product, self.request, self.lake = product, request, request.lake
        self.address, self.started = product.address, time.monotonic()

    def run(self, export: Export) -> Publication:
        say = self.request.observer
        say("prepare")
        done = self._prepare()
        if done:
            return done
        if self.schema.refusals:
            return self._refuse_unwritten(self.schema.refusals)
        with storage_errors(f"{self.address} cannot be written", self.lake.settings):
            staging = Staging.begin(self.lake, self.table, self.request.run_id)
        say("export")
        try:
            exported = staging.checked(self._export(export, staging))
            say("write")
            written = self._write(staging, *exported)
        except CommitStateUnknown:
            raise
        except (EngineError, ValueError) as error:
            staging.drop(committed=False)
            return self._refuse_unwritten((str(error),))
        except BaseException:
            staging.drop(committed=False)
            raise
        say("audit")
        results = tuple(self.request.audit(self.product, written.paths, self.request.now))
        for path in exported[1]:
            path.unlink(missing_ok=True)
        say("publish")
        publication = self._settle(staging, written, results)
        say("tidy")
        self._tidy(staging)
        say("done")
        return publication

    def _prepare(self) -> Publication | None:
        table = self.lake.table(self.address)
        if table is None:
            said = {"mesh.address": str(self.address), "mesh.product-id": self.product.id}
            table = self.lake.ensure_table(self.address, target_schema(self.product, None).schema, said)
        self.table = table
        for snapshot in ancestry(table.metadata):
            stamp = Stamp.of(snapshot.summary.additional_properties) if snapshot.summary else None
            if stamp and stamp.run_id == self.request.run_id:
                return self._published_before(snapshot.snapshot_id)
        self._drop_crashed_attempt()
        head = self.table.metadata.refs.get(MAIN)
        self.base = head.snapshot_id if head else None
        self.schema = target_schema(self.product, self.table)
        return None

    def _published_before(self, snapshot_id: int) -> Publication:
        raw = self.table.metadata.snapshot_by_id(snapshot_id)
        assert raw is not None
        known = read_snapshot(self.address, raw)
        return Publication(
            address=self.address,
            run_id=known.run_id,
            published=True,
            snapshot_id=snapshot_id,
            rows=known.rows,
            contract_version=known.contract_version,
            results=tuple(result_of(verdict) for verdict in known.verdicts),
            previous=known.parent,
            repeated=True,
        )

    def _drop_crashed_attempt(self) -> None:
        ref = self.table.metadata.refs.get(self.request.branch)
        if ref:
            left = snapshot_files(self.table, ref.snapshot_id)
            self._drop_branch(ref.snapshot_id)
            discard(self.table, left.metadata)
        with storage_errors(f"{self.address} cannot be cleaned", self.lake.settings):
            drop_leftovers(self.lake, self.table, self.request.run_id)

    def _drop_branch(self, head: int) -> None:
        gone = (
            RemoveSnapshotRefUpdate(ref_name=self.request.branch),
            RemoveSnapshotsUpdate(snapshot_ids=[head]),
        )
        self.table = self._commit([_ref_is(self.request.branch, head)], lambda _: gone)

    def _export(self, export: Export, staging: Staging) -> Sequence[Path]:
        try:
            return export(staging.directory)
        except MeshError as error:
            if _is_out_of_room(error):
                with storage_errors(f"{self.address} cannot be written, what was published stays", self.lake.settings):
                    raise OSError(28, str(error)) from error
            raise

    def _write(self, staging: Staging, full: tuple[Path, ...], empty: tuple[Path, ...]) -> _Written:
        with storage_errors(f"{self.address} cannot be written, what was published stays", self.lake.settings):
            locations = staging.locations(full)
        files = self._data_files(locations)
        writing = self._writing("written", files, ())
        token = self.schema.new
        requirements = [_ref_is(MAIN, self.base)]
        if self.table.metadata.snapshots:
            # pyiceberg lets only main be asserted in a table without snapshots.
            requirements.append(_ref_is(self.request.branch, None))
        if token:
            requirements.append(AssertLastAssignedFieldId(last_assigned_field_id=self.table.metadata.last_column_id))

        def updates(metadata: TableMetadata) -> tuple[TableUpdate, ...]:
            before: tuple[TableUpdate, ...] = ()
            if token:
                before += (AddSchemaUpdate(schema_=self.schema.schema),)
            mapping = self.schema.schema.name_mapping.model_dump_json()
            if metadata.properties.get(NAME_MAPPING) != mapping:
                before += (SetPropertiesUpdate(updates={NAME_MAPPING: mapping}),)
            return (
                *before,
                AddSnapshotUpdate(snapshot=writing.snapshot(metadata)),
                _branch(self.request.branch, writing.id),
            )

        self._commit_written(writing, requirements, updates)
        return _Written(writing.id, files, full or empty)

    def _data_files(self, locations: Sequence[str]) -> tuple[DataFile, ...]:
        """The files as manifests describe them; ValueError when they are not what the contract says."""
        metadata = self.table.metadata.model_copy(
            update={"schemas": [self.schema.schema], "current_schema_id": self.schema.schema.schema_id}
        )
        return tuple(parquet_file_to_data_file(self.table.io, metadata, location) for location in locations)

    def _settle(self, staging: Staging, written: _Written, results: Sequence[CheckResult]) -> Publication:
        verdicts = tuple(verdict_of(result, self.product) for result in results)
        reasons = tuple(reason_of(result) for result in results if result.blocks)
        old = snapshot_files(self.table, written.snapshot_id)
        writing = self._writing("refused" if reasons else "published", written.files, verdicts, reasons)
        requirements = [_ref_is(self.request.branch, written.snapshot_id)]
        if not reasons:
            requirements.append(_ref_is(MAIN, self.base))

        def updates(metadata: TableMetadata) -> tuple[TableUpdate, ...]:
            added = AddSnapshotUpdate(snapshot=writing.snapshot(metadata))
            moved = self._keep_refused(writing.id, reasons) if reasons else self._move_main(writing.id, metadata)
            return (added, *moved, RemoveSnapshotsUpdate(snapshot_ids=[written.snapshot_id]))

        try:
            self._commit_written(writing, requirements, updates)
        except PublicationConflict:
            self._give_up(staging, written)
            raise
        discard(self.table, old.metadata)
        return Publication(
            address=self.address,
            run_id=self.request.run_id,
            published=not reasons,
            snapshot_id=writing.id,
            rows=written.rows,
            contract_version=self.product.version,
            results=tuple(results),
            reasons=reasons,
            branch=self.request.branch if reasons else "",
            previous=self.base,
        )

    def _move_main(self, snapshot_id: int, metadata: TableMetadata) -> tuple[TableUpdate, ...]:
        moved = (_branch(MAIN, snapshot_id), RemoveSnapshotRefUpdate(ref_name=self.request.branch))
        schema_id = self.schema.schema.schema_id
        if metadata.current_schema_id == schema_id:
            return moved
        return (*moved, SetCurrentSchemaUpdate(schema_id=schema_id))

    def _keep_refused(self, snapshot_id: int, reasons: tuple[str, ...]) -> tuple[TableUpdate, ...]:
        return (_branch(self.request.branch, snapshot_id), self._note(reasons, self.request.branch))

    def _note(self, reasons: tuple[str, ...], branch: str) -> TableUpdate:
        """The table remembers its last refusal, also one that wrote no rows."""
        said = {"run_id": self.request.run_id, "at": self._now().isoformat(), "reasons": reasons, "branch": branch}
        said["contract_version"] = self.product.version
        return SetPropertiesUpdate(updates={REFUSAL: json.dumps(said, ensure_ascii=False)})

    def _give_up(self, staging: Staging, written: _Written) -> None:
        """Leave nothing behind: somebody else's snapshot is the product now."""
        left = snapshot_files(self.table, written.snapshot_id)
        try:
            self._reload()
            self._drop_branch(written.snapshot_id)
        except MeshError as error:
            _LOG.warning("%s: branch %s stays for now: %s", self.address, self.request.branch, error)
            return
        discard(self.table, left.metadata)
        staging.drop(committed=False)

    def _refuse_unwritten(self, reasons: tuple[str, ...]) -> Publication:
        self.table = self._commit([], lambda _: (self._note(reasons, ""),))
        return Publication(
            address=self.address,
            run_id=self.request.run_id,
            published=False,
            snapshot_id=None,
            rows=0,
            contract_version=self.product.version,
            reasons=reasons,
            previous=self.base,
        )

    def _tidy(self, staging: Staging) -> None:
        try:
            staging.drop(committed=True)
            tidy(self.lake, self.table, self.address, Policy.of(self.lake.settings))
        except Exception as error:
            # The product is published; what could not be tidied is found again by maintain.
            _LOG.warning("%s is published, tidying failed: %s", self.address, error)

    def _writing(
        self, state: State, files: tuple[DataFile, ...], verdicts: tuple[Verdict, ...], reasons: tuple[str, ...] = ()
    ) -> Writing:
        stamp = Stamp(
            state=state,
            address=str(self.address),
            run_id=self.request.run_id,
            contract_version=self.product.version,
            contract_hash=self.product.fingerprint,
            at=self._now(),
            rows=sum(file.record_count for file in files),
            inputs=self.request.input_snapshots,
            verdicts=verdicts,
            reasons=reasons,
        )
        with storage_errors(f"{self.address} cannot be written, what was published stays", self.lake.settings):
            replacement = Replacement(
                snapshot_id=self.table.metadata.new_snapshot_id(),
                parent=self.base,
                schema=self.schema.schema,
                files=files,
                replaced=live_entries(self.table, self.base),
                summary=stamp.summary(),
            )
            return Writing(self.table, replacement)

    def _commit_written(self, writing: Writing, requirements: Sequence[TableRequirement], updates: Updates) -> None:
        try:
            self.table = self._commit(requirements, updates)
        except CommitStateUnknown:
            raise
        except MeshError:
            discard(self.table, writing.written)
            raise
        discard(self.table, writing.unused(self.table.metadata))

    def _commit(self, requirements: Sequence[TableRequirement], updates: Updates) -> Table:
        return commit(self.lake, self.table, requirements, updates, address=self.address)

    def _reload(self) -> None:
        table = self.lake.table(self.address)
        if table is None:
            raise StorageError(f"the table of {self.address} was dropped while it was written")
        self.table = table

    def _now(self) -> datetime:
        """The mesh's time now: the request's, and what has passed since."""
        return self.request.now + timedelta(seconds=time.monotonic() - self.started)


def _ref_is(name: str, snapshot_id: int | None) -> TableRequirement:
    return AssertRefSnapshotId(ref=name, snapshot_id=snapshot_id)


def _branch(name: str, snapshot_id: int) -> TableUpdate:
    return SetSnapshotRefUpdate(
        ref_name=name,
        type=SnapshotRefType.BRANCH,
        snapshot_id=snapshot_id,
        max_ref_age_ms=None,
        max_snapshot_age_ms=None,
        min_snapshots_to_keep=None,
    )


def _is_out_of_room(error: BaseException | None) -> bool:
    while error:
        if getattr(error, "errno", None) in (27, 28, 122) or "No space left" in str(error) or "disk full" in str(error):
            return True
        error = error.__cause__
    return False
