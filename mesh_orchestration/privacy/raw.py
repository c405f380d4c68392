"""A key as plain bytes in files: the last look, at whatever no table and no schema tells of."""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from pathlib import Path

from mesh_orchestration.settings import Settings
from mesh_orchestration.storage.catalog import local_path

SHORTEST = 6


def files_with(settings: Settings, key: str) -> Iterator[Path]:
    """The files of warehouse, landing folder, engines and dbt on this machine in which ``key`` stands as text.

    A number or a short word stands in any file by chance, so only longer keys that are no number are looked for.
    """
    if len(key) < SHORTEST or key.lstrip("+-").isdecimal():
        return
    warehouse = local_path(settings.catalog_properties.get("warehouse", ""))
    folders = (warehouse, settings.landing_dir, settings.duckdb_dir, settings.home / "dbt", settings.home / "staging")
    wanted = key.encode()
    for folder in sorted({folder for folder in folders if folder is not None and folder != Path()}):
        for path in sorted(folder.rglob("*")):
            if path.is_file() and _holds(path, wanted):
                yield path


def _holds(path: Path, wanted: bytes) -> bool:
    with path.open("rb") as file:
        if not path.stat().st_size:
            return False
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            return content.find(wanted) >= 0
