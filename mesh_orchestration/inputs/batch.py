"""Files that a source drops into a folder; each new file is one batch, landed in one transaction."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from mesh_orchestration.contract.model import InputPort
from mesh_orchestration.contract.ports import BatchPort
from mesh_orchestration.contract.ports import batch as options_of
from mesh_orchestration.contract.wording import suggestion
from mesh_orchestration.engines.base import Batch, Engine, Files, LedgerEntry
from mesh_orchestration.engines.columns import Column, duckdb_type
from mesh_orchestration.engines.files import fits, offered_types, select_sql
from mesh_orchestration.errors import EngineError, SourceError
from mesh_orchestration.inputs.base import IngestContext, Ingested
from mesh_orchestration.quoting import ident
from mesh_orchestration.settings import Settings

if TYPE_CHECKING:
    import duckdb


@dataclass(frozen=True)
class _Source:
    """The port as the reading of its files needs it."""

    port: str
    options: BatchPort
    columns: tuple[Column, ...]
    folder: Path

    def name_of(self, path: Path) -> str:
        """The batch name of a file: its path below the landing folder, which may move as a whole."""
        return path.relative_to(self.folder).as_posix() if path.is_relative_to(self.folder) else path.as_posix()


def ingest(port: InputPort, engine: Engine, *, context: IngestContext) -> Ingested:
    """Land every file behind ``path`` that is new or has changed, in order of name.

    A file that does not keep what the port declares is a SourceError; nothing of it is kept, the
    files before it are. No file at all is a warning: a source may be late, and what it gave before
    stays. It is an error only when the folder does not exist and nothing was ever landed, because
    then the path is most likely wrong.
    """
    from mesh_orchestration.engines.session import file_reader

    source = _source(port, context.settings)
    entries = {entry.batch: entry for entry in engine.ledger(port.name)}
    paths = _paths(source, landed=bool(entries))
    engine.prepare(port.name, source.columns)
    rows, batches, warnings = 0, [], []
    if not paths:
        warnings.append(f"no file matches {_pattern(source)}")
    with file_reader(context.settings) as reader:
        for path, batch in _new(source, paths, entries=entries, context=context):
            warnings += _check(source, path, reader=reader)
            landed = _land(source, path, batch, engine=engine, reader=reader)
            rows += landed
            batches.append(batch.name)
    watermark = max([*entries, *batches], default="")
    return Ingested(port.name, rows, tuple(batches), watermark=watermark, warnings=tuple(warnings))


def offered(port: InputPort, settings: Settings) -> Mapping[str, Path]:
    """The files that lie behind the port now, each by the name of the batch that it is."""
    source = _source(port, settings)
    return {source.name_of(path): path for path in _paths(source, landed=True)}


def _source(port: InputPort, settings: Settings) -> _Source:
    options = options_of(port)
    columns = tuple(
        replace(Column.parse(name, kind), called=options.names.get(name, "")) for name, kind in options.columns.items()
    )
    return _Source(port.name, options, columns, settings.landing_dir)


def _pattern(source: _Source) -> Path:
    return source.folder / source.options.path


def _paths(source: _Source, *, landed: bool) -> tuple[Path, ...]:
    """The files of the port by name; hidden ones and names that start with ``_`` are still being written."""
    pattern = _pattern(source)
    fixed = list(itertools.takewhile(lambda part: not set(part) & set("*?["), pattern.parts[:-1]))
    root = Path(*fixed)
    if not root.is_dir():
        if landed:
            return ()
        raise SourceError(
            f"the folder {root} does not exist and nothing was ever landed; "
            f"create it, or correct `path: {source.options.path}` or MESH_LANDING",
            source=source.port,
        )
    found = (path for path in root.glob(str(pattern.relative_to(root))) if path.is_file())
    return tuple(sorted(path for path in found if path.name[0] not in "._"))


def _new(
    source: _Source, paths: Sequence[Path], *, entries: Mapping[str, LedgerEntry], context: IngestContext
) -> Iterator[tuple[Path, Batch]]:
    """The files that the ledger does not hold yet, or holds with other content."""
    watermark = max(entries, default="")
    for path in paths:
        name, status = source.name_of(path), path.stat()
        stamp = f"{status.st_size}:{status.st_mtime_ns}"
        entry = entries.get(name)
        if entry and entry.stamp == stamp:
            continue
        fingerprint = _fingerprint(path)
        if entry and entry.fingerprint == fingerprint:
            continue
        watermark = max(watermark, name)
        yield path, Batch(name, fingerprint, context.now, context.run_id, watermark, stamp=stamp)


def _fingerprint(path: Path) -> str:
    with path.open("rb") as content:
        return f"sha256:{hashlib.file_digest(content, 'sha256').hexdigest()}"


def _check(source: _Source, path: Path, *, reader: duckdb.DuckDBPyConnection) -> list[str]:
    """Warnings about a file that may be landed; raises SourceError on one that may not."""
    import duckdb

    files = Files((path,), source.options.format)
    try:
        offered = offered_types(reader, files)
        problems = _problems(source.columns, offered) if offered is not None else []
        if problems:
            raise SourceError("; ".join(problems), source=path)
        return [*_extra(source, path, offered or {}), *_duplicates(source, path, reader)]
    except (duckdb.Error, OSError, UnicodeDecodeError) as error:
        raise _unreadable(path, source, error) from error


def _problems(columns: Sequence[Column], offered: Mapping[str, str]) -> list[str]:
    names = {column.source for column in columns}
    spare = [name for name in offered if name not in names]
    problems = []
    for column in columns:
        wanted = f"{column.word} ({duckdb_type(column)})"
        name = column.source
        if name not in offered:
            problems.append(f"column {name}: not in the file, expected {wanted}{suggestion(name, spare)}")
        elif not fits(offered[name], column):
            problems.append(f"column {name}: found {offered[name]}, expected {wanted}")
    return problems


def _extra(source: _Source, path: Path, offered: Mapping[str, str]) -> list[str]:
    declared = {column.source for column in source.columns}
    extra = [name for name in offered if name not in declared]
    return [f"{source.name_of(path)}: ignored columns the port does not declare: {', '.join(extra)}"] if extra else []


def _duplicates(source: _Source, path: Path, reader: duckdb.DuckDBPyConnection) -> list[str]:
    key = [column for column in source.columns if column.name in source.options.key]
    if not key:
        return []
    rows = select_sql(Files((path,), source.options.format), key)
    names = ", ".join(ident(column.name) for column in key)
    counted = f"select count(*), sum(copies) from (select count(*) as copies from ({rows}) group by {names})"
    distinct, total = reader.execute(counted).fetchall()[0]
    if distinct == (total or 0):
        return []
    spelled = ", ".join(column.name for column in key)
    return [f"{source.name_of(path)}: {total - distinct} of {total} rows repeat a key ({spelled})"]


def _land(source: _Source, path: Path, batch: Batch, *, engine: Engine, reader: duckdb.DuckDBPyConnection) -> int:
    import duckdb

    files = Files((path,), source.options.format)
    try:
        return engine.land(source.port, source.columns, batch, files).rows
    except EngineError:
        # Whose fault: the file's when it cannot be read through, else the engine's.
        try:
            for _ in reader.sql(select_sql(files, source.columns)).to_arrow_reader(65_536):
                pass
        except (duckdb.Error, OSError, UnicodeDecodeError) as error:
            raise _unreadable(path, source, error) from error
        raise


def _unreadable(path: Path, source: _Source, error: Exception) -> SourceError:
    from mesh_orchestration.engines.session import first_line

    return SourceError(
        f"cannot be read as {source.options.format}: {first_line(error)}; nothing of it was kept, "
        "ask the source to deliver it again under the same name",
        source=path,
    )
