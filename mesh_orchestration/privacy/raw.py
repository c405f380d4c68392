"""A key as plain bytes in files: the last look, at whatever no table and no schema tells of."""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from pathlib import Path

from pyiceberg.io import FileIO

from mesh_orchestration.settings import Settings
from mesh_orchestration.storage.catalog import Lake, local_path, storage_errors, tables
from mesh_orchestration.storage.objects import list_files

SHORTEST = 6
_BLOCK = 8 << 20  # bytes


def files_with(settings: Settings, key: str) -> Iterator[Path]:
    """The files of warehouse, landing folder, engines and dbt on this machine in which ``key`` stands as text.

    A number or a short word stands in any file by chance, so only longer keys that are no number are looked for.
    """
    if not _telling(key):
        return
    warehouse = local_path(settings.catalog_properties.get("warehouse", ""))
    folders = (warehouse, settings.landing_dir, settings.duckdb_dir, settings.home / "dbt", settings.home / "staging")
    wanted = key.encode()
    for folder in sorted({folder for folder in folders if folder is not None and folder != Path()}):
        for path in sorted(folder.rglob("*")):
            if path.is_file() and _holds(path, wanted):
                yield path


def objects_with(lake: Lake, key: str) -> Iterator[str]:
    """The files of tables that are not on this machine in which such a key stands as text; raises StorageError."""
    for address in tables(lake) if _telling(key) else ():
        table = lake.table(address)
        if table is not None and local_path(table.location()) is None:
            with storage_errors(f"{address} cannot be searched", lake.settings):
                for file in list_files(table.io, table.location()):
                    if _says(table.io, file.location, key.encode()):
                        yield file.location


def _telling(key: str) -> bool:
    return len(key) >= SHORTEST and not key.lstrip("+-").isdecimal()


def _says(io: FileIO, location: str, wanted: bytes) -> bool:
    end = b""
    with io.new_input(location).open() as stream:
        while block := stream.read(_BLOCK):
            if wanted in end + block:
                return True
            end = block[-len(wanted) :]
    return False


def _holds(path: Path, wanted: bytes) -> bool:
    with path.open("rb") as file:
        if not path.stat().st_size:
            return False
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            return content.find(wanted) >= 0
