"""The steps of a batch on disk while it is read: a batch may be larger than memory and is landed as one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa

from mesh_orchestration.engines.base import Changes
from mesh_orchestration.settings import Settings


class Spool:
    """Steps in the order they were put."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._steps: list[Changes] = []

    def __len__(self) -> int:
        return len(self._steps)

    def put(self, step: Changes) -> None:
        number = len(self)
        _write(self._path(number, "rows"), step.rows)
        if step.refused is not None:
            _write(self._path(number, "refused"), step.refused)
        refused = None if step.refused is None else step.refused.slice(0, 0)
        self._steps.append(replace(step, rows=step.rows.slice(0, 0), refused=refused))

    def steps(self) -> Iterator[Changes]:
        """The steps as they were put, one at a time in memory."""
        for number, step in enumerate(self._steps):
            refused = None if step.refused is None else _read(self._path(number, "refused"))
            yield replace(step, rows=_read(self._path(number, "rows")), refused=refused)

    def _path(self, number: int, part: str) -> Path:
        return self._folder / f"{number:06}.{part}.arrow"


def _write(path: Path, rows: pa.RecordBatch) -> None:
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, rows.schema) as writer:
        writer.write_batch(rows)


def _read(path: Path) -> pa.RecordBatch:
    with pa.OSFile(str(path), "rb") as source, pa.ipc.open_file(source) as reader:
        return reader.get_batch(0)


@contextmanager
def spooled(settings: Settings) -> Iterator[Spool]:
    """An empty spool below the mesh's home, gone when the block ends."""
    settings.home.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix="changes-", dir=settings.home) as folder:
        yield Spool(Path(folder))
