"""Files of the warehouse beyond what pyiceberg's FileIO offers: listing and uploading."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from pyarrow.fs import FileSelector, FileType
from pyiceberg.io import FileIO
from pyiceberg.io.pyarrow import PyArrowFileIO

from mesh_orchestration.storage.catalog import local_path

_CHUNK = 8 * 1024 * 1024


@dataclass(frozen=True)
class StoredFile:
    """A file of the warehouse: its location, bytes and time of its last change (UTC)."""

    location: str
    size: int
    modified: datetime


def list_files(io: FileIO, location: str) -> Iterator[StoredFile]:
    """Every file under ``location``, spelled as Iceberg spells it; nothing when there is no such folder."""
    folder = local_path(location)
    if folder is not None:
        prefix = "file://" if location.startswith("file:") else ""
        for path in folder.rglob("*") if folder.is_dir() else ():
            if path.is_file():
                status = path.stat()
                yield StoredFile(f"{prefix}{path}", status.st_size, datetime.fromtimestamp(status.st_mtime, UTC))
        return
    if not isinstance(io, PyArrowFileIO):
        return
    scheme, netloc, base = PyArrowFileIO.parse_location(location)
    store = io.fs_by_scheme(scheme, netloc)
    for info in store.get_file_info(FileSelector(base, recursive=True, allow_not_found=True)):
        if info.type == FileType.File:
            yield StoredFile(f"{scheme}://{info.path}", info.size, info.mtime or datetime.now(UTC))


def upload(io: FileIO, path: Path, location: str) -> None:
    """Copy a local file to ``location`` and make sure that all of it arrived; raises OSError."""
    with path.open("rb") as source, io.new_output(location).create(overwrite=True) as target:
        shutil.copyfileobj(source, target, _CHUNK)
    arrived, sent = len(io.new_input(location)), path.stat().st_size
    if arrived != sent:
        raise OSError(f"{location} holds {arrived} bytes after an upload of {sent}")
