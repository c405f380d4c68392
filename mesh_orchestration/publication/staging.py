"""Where the files of one attempt to publish are written before any snapshot names them."""

from __future__ import annotations

import re
import secrets
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from pyiceberg.io.pyarrow import schema_to_pyarrow
from pyiceberg.schema import Schema
from pyiceberg.table import Table

from mesh_orchestration.errors import EngineError
from mesh_orchestration.storage.catalog import Lake, local_path
from mesh_orchestration.storage.commit import discard
from mesh_orchestration.storage.objects import list_files, upload

_TOKEN = re.compile(r"[0-9a-f]{8}")


@dataclass(frozen=True)
class Staging:
    """The folder of one attempt: within the table's data when that is on this machine, so that nothing
    is copied; otherwise in the mesh's home, from where files are uploaded."""

    table: Table
    directory: Path
    attempt: str

    @classmethod
    def begin(cls, lake: Lake, table: Table, run_id: str) -> Staging:
        """A new, empty folder for an attempt of run ``run_id``; raises OSError."""
        attempt = f"{run_id}-{secrets.token_hex(4)}"
        directory = _data_folder(lake, table) / attempt
        directory.mkdir(parents=True)
        return cls(table, directory, attempt)

    @property
    def remote(self) -> bool:
        return local_path(self.table.location()) is None

    def locations(self, paths: Sequence[Path]) -> tuple[str, ...]:
        """Where the table has the files that hold rows; uploads them when that is elsewhere."""
        found = []
        for path in paths:
            location = f"{self._base}/{path.relative_to(self.directory).as_posix()}"
            if self.remote:
                upload(self.table.io, path, location)
            found.append(location)
        return tuple(found)

    def checked(self, written: Iterable[Path]) -> tuple[tuple[Path, ...], tuple[Path, ...]]:
        """The files an export returned, first those with rows, then those without; raises EngineError."""
        full: list[Path] = []
        empty: list[Path] = []
        for path in written:
            if not path.resolve().is_relative_to(self.directory.resolve()) or not path.is_file():
                raise EngineError(f"the export returned {path}, which it did not write into {self.directory}")
            (full if pq.read_metadata(path).num_rows else empty).append(path)
        if not full and not empty:
            raise EngineError("the export wrote no file; an empty mart must still be one Parquet file without rows")
        return tuple(full), tuple(empty)

    def check_columns(self, paths: Iterable[Path], schema: Schema) -> None:
        """Raise EngineError that names every column which a file has otherwise than ``schema``."""
        wanted = {field.name: field.type for field in schema_to_pyarrow(schema, include_field_ids=False)}
        for path in paths:
            found = {field.name: field.type for field in pq.read_schema(path)}
            differences = [
                f"{name}: found {found.get(name, 'nothing')}, expected {wanted.get(name, 'no such column')}"
                for name in dict.fromkeys((*wanted, *found))
                if not _same(found.get(name), wanted.get(name))
            ]
            if differences:
                raise EngineError(f"the export does not have the contract's columns: {'; '.join(differences)}")

    def drop(self, *, committed: bool) -> None:
        """Remove the folder; with ``committed`` only what no snapshot names."""
        if self.remote or not committed:
            shutil.rmtree(self.directory, ignore_errors=True)
        elif not any(self.directory.iterdir()):
            self.directory.rmdir()
        if self.remote and not committed:
            discard(self.table, [file.location for file in list_files(self.table.io, self._base)])

    @property
    def _base(self) -> str:
        return f"{self.table.location()}/data/{self.attempt}"


def _same(found: pa.DataType | None, wanted: pa.DataType | None) -> bool:
    """Whether two types hold the same values; Arrow has two widths of text, bytes and lists."""
    if found is None or wanted is None:
        return False
    return _plain(found) == _plain(wanted)


def _plain(kind: pa.DataType) -> str:
    return str(kind).replace("large_", "").replace("item:", "element:").replace(" not null", "")


def drop_leftovers(lake: Lake, table: Table, run_id: str) -> None:
    """Remove whatever earlier attempts of this run wrote; call it only when no snapshot names them."""

    def is_attempt(name: str) -> bool:
        return name.startswith(f"{run_id}-") and bool(_TOKEN.fullmatch(name.removeprefix(f"{run_id}-")))

    folder = _data_folder(lake, table)
    for path in folder.iterdir() if folder.is_dir() else ():
        if is_attempt(path.name):
            shutil.rmtree(path, ignore_errors=True)
    if local_path(table.location()) is None:
        base = f"{table.location()}/data/"
        found = (file.location for file in list_files(table.io, base))
        discard(table, [one for one in found if is_attempt(one.removeprefix(base).split("/", 1)[0])])


def _data_folder(lake: Lake, table: Table) -> Path:
    local = local_path(table.location())
    return local / "data" if local else lake.settings.home / "staging" / "__".join(table.name())
