"""CSV files as the ``batch`` port reads them: UTF-8, comma, a header line; types are judged by the values."""

from __future__ import annotations

import codecs
import csv
import re
from pathlib import Path
from typing import TYPE_CHECKING

from mesh_orchestration.drafts.base import Found, Options, SourceColumn
from mesh_orchestration.drafts.files import SAMPLE, batch_port, files_of, ordered_reader, source_name, title_of
from mesh_orchestration.drafts.profile import find_key, profile
from mesh_orchestration.drafts.sniff import sniff
from mesh_orchestration.engines.base import Files
from mesh_orchestration.engines.columns import Column
from mesh_orchestration.engines.files import select_sql
from mesh_orchestration.errors import SourceError
from mesh_orchestration.quoting import ident, literal

if TYPE_CHECKING:
    import duckdb

_TEXT = "as_text"
_CHUNK = 1 << 20
_OTHER_DELIMITERS = {";": "semicolons", "\t": "tabs", "|": "bars"}
_DATA = re.compile(r"^\s*([+-]?\d+([.,]\d+)?|\d{4}-\d{2}-\d{2}.*)\s*$")


def recognises(source: str) -> bool:
    """Whether the name ends as that of a file of separated values."""
    return source.lower().endswith((".csv", ".tsv", ".csv.gz"))


def read(source: str, options: Options) -> Found:
    """The columns of the files, typed by their values; raises SourceError naming file, place and fix."""
    files = files_of(source)
    names = _names(files)
    with ordered_reader(options.settings) as connection:
        rows, more = _load(connection, files, names, limit=options.rows)
        sniffed = sniff(connection, _TEXT, names)
        words = {name: one.word for name, one in sniffed.items()}
        typed = ", ".join(f"{ident(name)}::{kind} as {ident(name)}" for name, kind in _kinds(words).items())
        connection.execute(f"create temp table {SAMPLE} as select {typed} from {_TEXT}")
        seen = profile(connection, SAMPLE, words)
        key = find_key(connection, SAMPLE, words, seen)
    return Found(
        kind="csv",
        name=source_name(source),
        title=title_of(source),
        columns=tuple(
            SourceColumn(name, one.word, remarks=one.remarks, observed=seen[name]) for name, one in sniffed.items()
        ),
        key=key,
        rows=rows,
        looked_at=rows,
        port=batch_port(source, files, format_="csv", settings=options.settings),
        to_decide=(f"everything here is judged by the first {rows:,} rows; there are more",) if more else (),
    )


def _kinds(words: dict[str, str]) -> dict[str, str]:
    from mesh_orchestration.engines.columns import duckdb_type

    return {name: duckdb_type(Column.parse(name, word)) for name, word in words.items()}


def _names(files: tuple[Path, ...]) -> tuple[str, ...]:
    """The header that all files have; raises SourceError when it cannot be one."""
    first = _header(files[0])
    for file in files[1:]:
        if (other := _header(file)) != first:
            unlike = sorted({*first} ^ {*other}) or ["their order"]
            raise SourceError(
                f"its columns are not those of {files[0].name} ({', '.join(unlike)}); "
                "files of one input are alike, name fewer",
                source=file,
            )
    return first


def _header(file: Path) -> tuple[str, ...]:
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            line = lines.readline()
    except UnicodeDecodeError:
        raise _not_utf8(file) from None
    except OSError as error:
        raise SourceError(f"cannot be read: {error.strerror}", source=file) from None
    if not line.strip():
        what = "has an empty first line" if file.stat().st_size else "is empty"
        raise SourceError(f"{what}; a CSV file starts with the names of its columns", source=file)
    if "\0" in line:
        raise SourceError("is no text; is it really a CSV file?", source=file)
    _require_commas(file, line)
    with file.open(encoding="utf-8-sig", newline="") as lines:
        names = tuple(next(csv.reader(lines)))
    _require_names(file, names)
    return names


def _require_commas(file: Path, line: str) -> None:
    other = max(_OTHER_DELIMITERS, key=line.count)
    if line.count(other) > line.count(","):
        raise SourceError(
            f"its columns are separated by {_OTHER_DELIMITERS[other]}; a batch input reads commas. Convert it: "
            f"duckdb -c \"copy (from read_csv('{file.name}')) to '{file.stem}.parquet'\"",
            source=file,
        )


def _require_names(file: Path, names: tuple[str, ...]) -> None:
    for place, name in enumerate(names, 1):
        if not name.strip():
            raise SourceError(f"line 1: column {place} of {len(names)} has no name; name it", source=file)
        if name.lower() in (earlier.lower() for earlier in names[: place - 1]):
            raise SourceError(f"line 1: '{name}' names two columns; rename one (case does not tell)", source=file)
    if all(_DATA.match(name) for name in names):
        raise SourceError(
            f"line 1: {', '.join(names[:3])} looks like data; a CSV file starts with the names of its columns",
            source=file,
        )


def _load(
    connection: duckdb.DuckDBPyConnection, files: tuple[Path, ...], names: tuple[str, ...], *, limit: int
) -> tuple[int, bool]:
    """Read the rows as text; how many were kept, and whether there are more."""
    import duckdb

    rows = select_sql(Files(files, "csv"), [Column.parse(name, "string") for name in names])
    bound = f" limit {limit + 1}" if limit else ""
    try:
        connection.execute(f"create temp table {_TEXT} as {rows}{bound}")
    except (duckdb.Error, UnicodeDecodeError) as error:
        for file in files:
            if "unicode" in str(error).lower() or "utf" in str(error).lower():
                _require_utf8(file)
        which = files[0] if len(files) == 1 else ", ".join(file.name for file in files)
        raise SourceError(f"cannot be read as CSV: {_cause(error)}", source=which) from None
    count = int(connection.execute(f"select count(*) from {_TEXT}").fetchall()[0][0])
    if not limit or count <= limit:
        return count, False
    connection.execute(f"delete from {_TEXT} where rowid >= {limit}")
    return limit, True


def _cause(error: Exception) -> str:
    """DuckDB's message with the line that says how many columns it counted."""
    from mesh_orchestration.engines.session import first_line

    counted = next((line.strip() for line in str(error).splitlines() if line.startswith("Expected Number")), "")
    return f"{first_line(error)}{f', {counted}' if counted else ''}"


def _require_utf8(file: Path) -> None:
    decoder = codecs.getincrementaldecoder("utf-8")()
    with file.open("rb") as content:
        while chunk := content.read(_CHUNK):
            try:
                decoder.decode(chunk)
            except UnicodeDecodeError:
                raise _not_utf8(file) from None


def _not_utf8(file: Path) -> SourceError:
    """Where the first byte stands that is no UTF-8, and how to get rid of it."""
    fix = f"save it as UTF-8: iconv -f WINDOWS-1252 -t UTF-8 {literal(file.name)}"
    with file.open("rb") as content:
        for line, raw in enumerate(content, 1):
            try:
                raw.decode("utf-8")
            except UnicodeDecodeError as error:
                return SourceError(f"line {line}: byte 0x{raw[error.start]:02x} is not UTF-8; {fix}", source=file)
    return SourceError(f"is not UTF-8; {fix}", source=file)
