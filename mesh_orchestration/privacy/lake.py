"""A person in the warehouse: which snapshots hold them, on whatever branch, and which files nobody names any more."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import fastavro
import pyarrow as pa
import pyarrow.parquet as pq
from pyiceberg.schema import Schema
from pyiceberg.table import Table

from mesh_orchestration.contract.address import Address
from mesh_orchestration.privacy.matching import matches
from mesh_orchestration.storage.catalog import Lake, storage_errors
from mesh_orchestration.storage.objects import StoredFile, list_files
from mesh_orchestration.storage.scan import snapshot_schema
from mesh_orchestration.storage.snapshots import MAIN, ancestry
from mesh_orchestration.storage.upkeep import needed_files, snapshot_files

Standing = Literal["published", "history", "branch", "loose"]
_BOUND = 16
_GONE = 2
"""The status of a manifest's entry whose file is gone."""


@dataclass(frozen=True)
class Held:
    """A snapshot that holds a person: ``rows`` of them, or 0 when only its manifests still tell of a value."""

    address: Address
    snapshot_id: int
    standing: Standing
    rows: int
    refs: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()


@dataclass
class ProductFiles:
    """The files of one product's table, each looked through at most once. ``holding`` maps a column to the text
    that names the person in it."""

    lake: Lake
    address: Address
    holding: Mapping[str, str]
    _rows: dict[str, int] = field(default_factory=dict)

    def snapshots(self) -> tuple[Held, ...]:
        """The snapshots that hold the person, the published one first; raises StorageError."""
        table = self.lake.table(self.address)
        if table is None or not self.holding:
            return ()
        with storage_errors(f"{self.address} cannot be searched", self.lake.settings):
            found = [held for one in table.metadata.snapshots if (held := self._held(table, one.snapshot_id))]
        order: tuple[Standing, ...] = ("published", "history", "branch", "loose")
        return tuple(sorted(found, key=lambda held: (order.index(held.standing), -held.snapshot_id)))

    def orphans(self) -> tuple[tuple[StoredFile, int], ...]:
        """The files that no snapshot names and that hold the person, with their rows (0 for a manifest)."""
        table = self.lake.table(self.address)
        if table is None or not self.holding:
            return ()
        with storage_errors(f"{self.address} cannot be searched", self.lake.settings):
            needed = needed_files(table)
            files = [one for one in list_files(table.io, table.location()) if _plain(one.location) not in needed]
            return tuple(found for one in files if (found := self._orphan(table, one)))

    def _orphan(self, table: Table, file: StoredFile) -> tuple[StoredFile, int] | None:
        if file.location.endswith(".parquet"):
            try:
                rows = self._in_file(table, file.location)
            except (pa.ArrowException, OSError):
                return None  # half of a file: whoever writes it has not named it yet
            return (file, rows) if rows else None
        if file.location.endswith(".avro") and self._told(table, file.location, table.schema(), gone=False):
            return file, 0
        return None

    def _held(self, table: Table, snapshot_id: int) -> Held | None:
        files = snapshot_files(table, snapshot_id)
        rows = sum(self._in_file(table, location) for location in files.data)
        schema = snapshot_schema(table, snapshot_id)
        if not rows and not any(self._told(table, one, schema, gone=True) for one in files.metadata[1:]):
            return None
        refs = tuple(name for name, ref in table.metadata.refs.items() if ref.snapshot_id == snapshot_id)
        standing = _standing(table, snapshot_id, refs)
        return Held(self.address, snapshot_id, standing, rows, refs, tuple(self.holding))

    def _in_file(self, table: Table, location: str) -> int:
        if location not in self._rows:
            with table.io.new_input(location).open() as stream, pq.ParquetFile(stream) as file:
                names = [name for name in self.holding if name in file.schema_arrow.names]
                held = {name: self.holding[name] for name in names}
                batches = file.iter_batches(columns=names) if names else ()
                self._rows[location] = sum(matches(rows, held).true_count for rows in batches)
        return self._rows[location]

    def _told(self, table: Table, manifest: str, schema: Schema, *, gone: bool) -> bool:
        """Whether a manifest still tells the person's value as the smallest or largest of a file: of one that is
        gone, or of any."""
        ids = {one.field_id: self.holding[one.name] for one in schema.fields if one.name in self.holding}
        with table.io.new_input(manifest).open() as stream:
            return any(
                _bound(bound["value"], ids[bound["key"]])
                for entry in fastavro.reader(stream)
                if "data_file" in entry and (not gone or entry["status"] == _GONE)
                for bound in _bounds(entry["data_file"])
                if bound["key"] in ids
            )


def _bounds(file: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for name in ("lower_bounds", "upper_bounds"):
        yield from file.get(name) or ()


def _bound(value: bytes, text: str) -> bool:
    """Whether the bytes of a bound are the value; text bounds are cut after 16 characters."""
    if value == text.encode() or (len(text) > _BOUND and value.startswith(text[: _BOUND - 1].encode())):
        return True
    return text.lstrip("-").isdecimal() and int.from_bytes(value, "little", signed=True) == int(text)


def _standing(table: Table, snapshot_id: int, refs: tuple[str, ...]) -> Standing:
    if MAIN in refs:
        return "published"
    if refs:
        return "branch"
    history = any(one.snapshot_id == snapshot_id for one in ancestry(table.metadata))
    return "history" if history else "loose"


def _plain(location: str) -> str:
    return location.removeprefix("file://")
