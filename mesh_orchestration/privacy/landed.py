"""The files that sources dropped: which of their rows are of a person, and the same file without them."""

from __future__ import annotations

import csv
import hashlib
import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from mesh_orchestration.contract.mesh import Mesh
from mesh_orchestration.contract.ports import batch as options_of
from mesh_orchestration.contract.types import LogicalType
from mesh_orchestration.errors import SourceError
from mesh_orchestration.inputs.batch import offered
from mesh_orchestration.privacy.identifiers import Identifiers
from mesh_orchestration.privacy.matching import matches
from mesh_orchestration.privacy.subject import Subject
from mesh_orchestration.settings import Settings

_FORMATS = {".parquet": "parquet", ".csv": "csv", ".json": "json", ".jsonl": "json", ".ndjson": "json"}


@dataclass(frozen=True)
class LandedFile:
    """A file of a source; ``columns`` name people in it, ``batches`` are the (domain, port, batch) that landed it."""

    path: Path
    format: str
    columns: Mapping[str, LogicalType]
    batches: tuple[tuple[str, str, str], ...] = ()


@dataclass(frozen=True)
class _Row:
    """One row of a text file: its values by column, and the bytes it stands in."""

    values: Mapping[str, Any]
    raw: bytes = field(repr=False)


def landed_files(settings: Settings, mesh: Mesh, naming: Identifiers) -> tuple[LandedFile, ...]:
    """Every file behind a ``batch`` port, and every other one below the landing folder, that may name people.

    Files that are still being written (hidden, or with a leading ``_``) are not among them: they are taken without
    erased people once they are whole.
    """
    found: dict[Path, LandedFile] = {}
    for product in mesh.products.values():
        for port in product.inputs:
            if port.type != "batch":
                continue
            said = options_of(port)
            kinds = naming.landed.get((product.domain, port.name), {})
            columns = {said.names.get(name, name): kind for name, kind in kinds.items()}
            for batch, path in offered(port, settings).items():
                known = found.get(path, LandedFile(path, said.format, {}))
                found[path] = LandedFile(
                    path,
                    said.format,
                    {**known.columns, **columns},
                    (*known.batches, (product.domain, port.name, batch)),
                )
    for path in settings.landing_dir.rglob("*"):
        if path not in found and path.suffix in _FORMATS and path.name[0] not in "._" and path.is_file():
            found[path] = LandedFile(path, _FORMATS[path.suffix], {})
    return tuple(_with_known_names(found[path], naming) for path in sorted(found))


def _with_known_names(file: LandedFile, naming: Identifiers) -> LandedFile:
    """The file with the columns that it has beyond what a port declares."""
    columns = dict(file.columns)
    for name in _header(file):
        if name.lower() in naming.names and name not in columns:
            columns[name] = naming.kinds[name.lower()]
    return LandedFile(file.path, file.format, columns, file.batches)


def held(file: LandedFile, subject: Subject) -> int:
    """How many rows of the file are of the person; raises SourceError when it cannot be read."""
    texts = _texts(file, subject)
    if not texts:
        return 0
    with _errors(file):
        if file.format == "parquet":
            parquet = pq.ParquetFile(file.path)
            wanted = [name for name in texts if name in parquet.schema_arrow.names]
            return (
                sum(
                    matches(rows, {name: texts[name] for name in wanted}).true_count
                    for rows in parquet.iter_batches(columns=wanted)
                )
                if wanted
                else 0
            )
        return sum(_is_of(row, texts) for row in _rows(file))


def rewrite(file: LandedFile, subject: Subject) -> int:
    """Replace the file by one without the person's rows, in one step; returns how many went.

    A file that loses all its rows stays, empty: its name tells the source and the ledger that it was delivered.
    """
    texts = _texts(file, subject)
    draft = file.path.with_name(f".{file.path.name}.erasing")
    try:
        with _errors(file):
            gone = (
                _parquet_without(file.path, draft, texts)
                if file.format == "parquet"
                else _text_without(file, draft, texts)
            )
            if gone:
                with draft.open("rb") as written:
                    os.fsync(written.fileno())
                draft.replace(file.path)
        return gone
    finally:
        draft.unlink(missing_ok=True)


def fingerprint(path: Path) -> str:
    """The SHA-256 of a file as the ledger spells it."""
    with path.open("rb") as content:
        return f"sha256:{hashlib.file_digest(content, 'sha256').hexdigest()}"


def stamp(path: Path) -> str:
    """Size and time of a file as the ledger spells them."""
    status = path.stat()
    return f"{status.st_size}:{status.st_mtime_ns}"


def _texts(file: LandedFile, subject: Subject) -> dict[str, str]:
    spelled = {name: subject.text(kind) for name, kind in file.columns.items()}
    return {name: text for name, text in spelled.items() if text is not None}


@contextmanager
def _errors(file: LandedFile) -> Iterator[None]:
    try:
        yield
    except (OSError, pa.ArrowException, ValueError, csv.Error) as error:
        raise SourceError(f"cannot be read as {file.format}: {error}", source=file.path) from error


def _parquet_without(path: Path, draft: Path, texts: Mapping[str, str]) -> int:
    source, gone = pq.ParquetFile(path), 0
    with source:
        names = source.schema_arrow.names
        wanted = {name: text for name, text in texts.items() if name in names}
        groups = source.metadata.num_row_groups
        codec = source.metadata.row_group(0).column(0).compression.lower() if groups else "snappy"
        with pq.ParquetWriter(
            draft, source.schema_arrow, compression="none" if codec == "uncompressed" else codec
        ) as to:
            for number in range(groups):
                rows = source.read_row_group(number)
                mask = matches(rows, wanted)
                gone += mask.true_count
                to.write_table(rows.filter(pa.compute.invert(mask)) if mask.true_count else rows)
    return gone


def _text_without(file: LandedFile, draft: Path, texts: Mapping[str, str]) -> int:
    gone = 0
    with draft.open("wb") as target:
        for row in _rows(file, head=target.write):
            if _is_of(row, texts):
                gone += 1
            else:
                target.write(row.raw)
    return gone


def _is_of(row: _Row, texts: Mapping[str, str]) -> bool:
    return any(_same(row.values.get(name), text) for name, text in texts.items())


def _same(value: Any, text: str) -> bool:
    if value is None or isinstance(value, bool):
        return False
    spelled = str(value)
    if spelled == text:
        return True
    try:
        return int(spelled) == int(text)
    except ValueError:
        return False


def _header(file: LandedFile) -> tuple[str, ...]:
    try:
        if file.format == "parquet":
            return tuple(pq.read_schema(file.path).names)
        if file.format == "csv":
            with file.path.open(encoding="utf-8-sig", newline="") as lines:
                return tuple(next(csv.reader(lines), []))
        first = next(iter(_rows(file)), None)
        return tuple(first.values) if first else ()
    except (OSError, pa.ArrowException, ValueError, csv.Error):
        return ()


def _rows(file: LandedFile, *, head: Callable[[bytes], object] = len) -> Iterator[_Row]:
    """The rows of a text file; ``head`` is given the bytes that are no row."""
    with file.path.open("rb") as content:
        if file.format == "json":
            for line in content:
                said = json.loads(line) if line.strip() else {}
                yield _Row(said if isinstance(said, dict) else {}, line)
            return
        taken: list[bytes] = []

        def lines() -> Iterator[str]:
            for line in content:
                taken.append(line)
                yield line.decode("utf-8")

        names: list[str] | None = None
        for values in csv.reader(lines()):
            raw = b"".join(taken)
            taken.clear()
            if names is None:
                names = [name.removeprefix("\ufeff") for name in values]
                head(raw)
            else:
                yield _Row(dict(zip(names, values, strict=False)), raw)
