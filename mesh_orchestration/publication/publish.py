"""Write, audit, publish: the one way rows become a product.

    prepare   the run published before: done. Its crashed attempt goes. The schema may evolve: else refused
    export    the engine writes Parquet next to the table's data
    write     one commit: a snapshot with these files on the branch ``audit-<run>``
    audit     every check of the contract, and the policies, on the files of that snapshot
    publish   one commit: the stamped snapshot becomes ``main`` and the branch goes, only if ``main`` is still
              where it was in ``prepare``; or, refused, the stamped snapshot stays on the branch
    tidy      what no snapshot names any more is removed

A process may die between any two instructions: ``main`` moves in a single commit, so consumers read either
the last good snapshot or the new, audited, stamped one, and running again ends in the same state.
"""

from __future__ import annotations

import errno
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path

from pyiceberg.io.pyarrow import parquet_file_to_data_file
from pyiceberg.manifest import DataFile, ManifestEntry
from pyiceberg.table import Table
from pyiceberg.table.metadata import TableMetadata
from pyiceberg.table.update import TableRequirement, TableUpdate

from mesh_orchestration.contract.model import DataProduct
from mesh_orchestration.errors import EngineError, MeshError, PublicationConflict
from mesh_orchestration.expectations.check import CheckResult
from mesh_orchestration.governance.decision_log import Decision
from mesh_orchestration.masking import without_values
from mesh_orchestration.publication import moves
from mesh_orchestration.publication.auditing import audit_contract, reason_of, result_of, verdict_of
from mesh_orchestration.publication.guard import Ruling, judge, remember
from mesh_orchestration.publication.moves import Refusal, ref_is
from mesh_orchestration.publication.provisioning import ensure_table
from mesh_orchestration.publication.request import Export, Publication, PublishRequest
from mesh_orchestration.publication.schema import TargetSchema, target_schema
from mesh_orchestration.publication.staging import Staging, drop_leftovers
from mesh_orchestration.storage.catalog import storage_errors
from mesh_orchestration.storage.commit import CommitStateUnknown, Replacement, Writing, commit, discard, live_entries
from mesh_orchestration.storage.scan import snapshot_schema
from mesh_orchestration.storage.snapshots import MAIN, ancestry, read_snapshot
from mesh_orchestration.storage.stamp import Stamp
from mesh_orchestration.storage.upkeep import Policy, snapshot_files, tidy

_LOG = logging.getLogger(__name__)
_OUT_OF_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


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
    """What the write stage left on the audit branch; ``paths`` are its files on this machine."""

    writing: Writing
    files: tuple[DataFile, ...]
    paths: tuple[Path, ...]

    @property
    def rows(self) -> int:
        return sum(file.record_count for file in self.files)


class _Attempt:
    """One attempt of one run; ``table`` is the newest state that this attempt has seen."""

    table: Table
    target: TargetSchema
    base: int | None

    def __init__(self, product: DataProduct, request: PublishRequest) -> None:
        self.product, self.request, self.lake = product, request, request.lake
        self.address, self.branch, self.started = product.address, request.branch, time.monotonic()
        self.cannot = f"{self.address} cannot be written, what was published stays"

    def run(self, export: Export) -> Publication:
        say = self.request.observer
        say("prepare")
        if done := self._prepare():
            return done
        if self.target.refusals:
            return self._refuse_unwritten(self.target.refusals)
        with storage_errors(self.cannot, self.lake.settings):
            staging = Staging.begin(self.lake, self.table, self.request.run_id)
        say("export")
        try:
            full, empty = staging.checked(self._export(export, staging))
            files = self._data_files(staging, full)
        except EngineError as error:
            staging.drop(committed=False)
            personal = any(field.mask for field in self.product.fields)
            return self._refuse_unwritten((without_values(str(error)) if personal else str(error),))
        except BaseException:
            staging.drop(committed=False)
            raise
        say("write")
        written = self._write(staging, files, full or empty)
        say("audit")
        results = self._audit(written.paths)
        ruling = judge(self.lake.settings, self.product, written.paths)
        say("publish")
        publication = self._settle(staging, written, results, ruling)
        say("tidy")
        self._tidy(staging, empty)
        say("done")
        return publication

    def _prepare(self) -> Publication | None:
        self.table = table = ensure_table(self.lake, self.product)
        if done := self._published_before():
            return done
        ref = table.metadata.refs.get(self.branch)
        if ref:
            self._drop_branch(ref.snapshot_id)
        with storage_errors(f"{self.address} cannot be cleaned", self.lake.settings):
            drop_leftovers(self.lake, self.table, self.request.run_id)
        head = self.table.metadata.refs.get(MAIN)
        self.base = head.snapshot_id if head else None
        self.target = self._target()
        return None

    def _target(self) -> TargetSchema:
        if self.request.rewrite and self.base is not None:
            return TargetSchema(snapshot_schema(self.table, self.base), new=False)
        return target_schema(self.product, self.table)

    def _published_before(self) -> Publication | None:
        """What this very run published, when it did."""
        found = (read_snapshot(self.address, raw) for raw in ancestry(self.table.metadata))
        known = next((one for one in found if one.run_id == self.request.run_id), None)
        if known is None:
            return None
        return Publication(
            address=self.address,
            run_id=known.run_id,
            published=True,
            snapshot_id=known.snapshot_id,
            rows=known.rows,
            contract_version=known.contract_version,
            results=tuple(result_of(verdict) for verdict in known.verdicts),
            previous=known.parent,
            repeated=True,
        )

    def _drop_branch(self, head: int) -> None:
        left = snapshot_files(self.table, head)
        self.table = self._commit([ref_is(self.branch, head)], lambda _: moves.drop_branch(self.branch, head))
        discard(self.table, left.metadata)

    def _export(self, export: Export, staging: Staging) -> Sequence[Path]:
        try:
            return export(staging.directory)
        except Exception as error:
            if _is_out_of_room(error):
                with storage_errors(self.cannot, self.lake.settings):
                    raise OSError(errno.ENOSPC, str(error)) from error
            raise

    def _data_files(self, staging: Staging, paths: tuple[Path, ...]) -> tuple[DataFile, ...]:
        """The files as manifests describe them; raises EngineError when they are not what the contract says."""
        schema, metadata = self.target.schema, self.table.metadata
        known = metadata.model_copy(update={"schemas": [schema], "current_schema_id": schema.schema_id})
        with storage_errors(self.cannot, self.lake.settings):
            staging.check_columns(paths, schema)
            locations = staging.locations(paths)
            return tuple(parquet_file_to_data_file(self.table.io, known, location) for location in locations)

    def _write(self, staging: Staging, files: tuple[DataFile, ...], paths: tuple[Path, ...]) -> _Written:
        conditions = moves.write_conditions(self.table.metadata, self.branch, self.base, self.target)
        try:
            with storage_errors(self.cannot, self.lake.settings):
                snapshot_id = self.table.metadata.new_snapshot_id()
                writing = self._writing(files, self._stamp(files), snapshot_id=snapshot_id)
            self._commit_written(
                writing, conditions, lambda newest: moves.write(newest, writing, self.branch, self.target)
            )
        except CommitStateUnknown:
            raise
        except Exception:
            staging.drop(committed=False)
            raise
        return _Written(writing, files, paths)

    def _audit(self, paths: tuple[Path, ...]) -> tuple[CheckResult, ...]:
        if self.request.audit:
            return tuple(self.request.audit(self.product, paths, self.request.now))
        return audit_contract(self.product, paths, self.request.now, key=self.lake.settings.masking_key)

    def _settle(
        self, staging: Staging, written: _Written, results: tuple[CheckResult, ...], ruling: Ruling | None
    ) -> Publication:
        reasons = tuple(reason_of(result) for result in results if result.blocks)
        snapshot_id = self.table.metadata.new_snapshot_id()
        stamp = self._stamp(written.files)
        if ruling:
            results, reasons = (*results, ruling.result), (*reasons, *ruling.reasons)
            stamp = replace(stamp, policy_hash=ruling.bundle)
        if decision := self._decision(ruling, reasons, snapshot_id):
            stamp = replace(stamp, decision=remember(self.lake.settings, decision))
        verdicts = tuple(verdict_of(result, self.product) for result in results)
        refused = bool(reasons) and self.request.rewrite != "erasure"
        stamp = replace(stamp, state="refused" if refused else "published", verdicts=verdicts, reasons=reasons)
        with storage_errors(self.cannot, self.lake.settings):
            writing = self._writing(written.files, stamp, snapshot_id=snapshot_id)
        old, schema_id = written.writing.id, self.target.schema.schema_id
        refusal = self._refusal(reasons, self.branch)

        def updates(newest: TableMetadata) -> tuple[TableUpdate, ...]:
            if refused:
                return moves.refuse(newest, writing, old, refusal)
            return moves.accept(newest, writing, self.branch, old, schema_id)

        main_stands = [] if refused else [ref_is(MAIN, self.base)]
        try:
            self._commit_written(writing, [*main_stands, ref_is(self.branch, old)], updates)
        except PublicationConflict:
            self._give_up(staging, written)
            raise
        discard(self.table, written.writing.files)
        return Publication(
            address=self.address,
            run_id=self.request.run_id,
            published=not refused,
            snapshot_id=writing.id,
            rows=written.rows,
            contract_version=self.product.version,
            results=results,
            reasons=reasons,
            branch=self.branch if refused else "",
            previous=self.base,
        )

    def _decision(self, ruling: Ruling | None, reasons: tuple[str, ...], snapshot_id: int) -> Decision | None:
        """What the log keeps of this publication: an erasure is allowed whatever the audit and the policies found."""
        who = f"run {self.request.run_id}"
        decision = ruling.decision(self.product, who=who, snapshot=snapshot_id) if ruling else None
        if self.request.rewrite != "erasure":
            return decision
        known = decision or Decision("erase", "allow", str(self.address), who, "publisher", snapshot=snapshot_id)
        return replace(known, point="erase", verdict="allow", reason="; ".join(reasons))

    def _give_up(self, staging: Staging, written: _Written) -> None:
        """Leave nothing behind: somebody else's snapshot is the product now."""
        try:
            self.table = self.lake.table(self.address) or self.table
            self._drop_branch(written.writing.id)
        except MeshError as error:
            _LOG.warning("%s: branch %s stays for now: %s", self.address, self.branch, error)
        else:
            staging.drop(committed=False)

    def _refuse_unwritten(self, reasons: tuple[str, ...]) -> Publication:
        refusal = self._refusal(reasons, "")
        self.table = self._commit([], lambda _: (refusal.remember(),))
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

    def _tidy(self, staging: Staging, empty: tuple[Path, ...]) -> None:
        try:
            for path in empty:
                path.unlink()
            staging.drop(committed=True)
            tidy(self.lake, self.table, self.address, Policy.of(self.lake.settings))
        except Exception as error:
            # The product is published; what could not be tidied is found again by maintain.
            _LOG.warning("%s is published, tidying failed: %s", self.address, error)

    def _refusal(self, reasons: tuple[str, ...], branch: str) -> Refusal:
        return Refusal(self.request.run_id, self._now(), reasons, self.product.version, branch, self.base)

    def _stamp(self, files: tuple[DataFile, ...]) -> Stamp:
        return Stamp(
            state="written",
            address=str(self.address),
            run_id=self.request.run_id,
            contract_version=self.product.version,
            contract_hash=self.product.fingerprint,
            at=self._now(),
            rows=sum(file.record_count for file in files),
            inputs=self.request.input_snapshots,
            rewrite=self.request.rewrite,
            sla=self.product.spec.sla.model_dump(mode="json", exclude_none=True),
        )

    def _writing(self, files: tuple[DataFile, ...], stamp: Stamp, *, snapshot_id: int) -> Writing:
        replacement = Replacement(
            snapshot_id=snapshot_id,
            parent=self.base,
            schema=self.target.schema,
            files=files,
            replaced=self._replaced,
            summary=stamp.summary(),
        )
        return Writing(self.table, replacement)

    @cached_property
    def _replaced(self) -> tuple[ManifestEntry, ...]:
        return live_entries(self.table, self.base)

    def _commit_written(
        self,
        writing: Writing,
        conditions: Sequence[TableRequirement],
        updates: Callable[[TableMetadata], tuple[TableUpdate, ...]],
    ) -> None:
        try:
            self.table = self._commit(conditions, updates)
        except CommitStateUnknown:
            raise
        except MeshError:
            discard(self.table, writing.files)
            raise
        discard(self.table, writing.unused(self.table.metadata))

    def _commit(
        self, conditions: Sequence[TableRequirement], updates: Callable[[TableMetadata], tuple[TableUpdate, ...]]
    ) -> Table:
        with storage_errors(self.cannot, self.lake.settings):
            return commit(self.lake, self.table, conditions, updates, address=self.address)

    def _now(self) -> datetime:
        """The mesh's time now: the request's, and what has passed since."""
        return self.request.now + timedelta(seconds=time.monotonic() - self.started)


def _is_out_of_room(error: BaseException | None) -> bool:
    while error:
        if (
            getattr(error, "errno", None) in _OUT_OF_ROOM
            or "No space left" in str(error)
            or "File too large" in str(error)
        ):
            return True
        error = error.__cause__
    return False
