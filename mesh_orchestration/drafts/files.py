"""Files as the sources of drafts: which ones a pattern means, and the input port that takes them."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mesh_orchestration.drafts.names import slug
from mesh_orchestration.errors import SourceError
from mesh_orchestration.settings import Settings

if TYPE_CHECKING:
    import duckdb

SAMPLE = "sample"
"""The DuckDB table that holds the rows looked at."""
_WILD = set("*?[")


def is_pattern(source: str) -> bool:
    return bool(_WILD & set(source))


def files_of(source: str) -> tuple[Path, ...]:
    """The files that ``source`` (a path or a glob) means, by name, leaving out what a port leaves out;
    raises SourceError when there is none."""
    path = Path(source).expanduser()
    if not is_pattern(source):
        if path.is_dir():
            raise SourceError(f"is a folder; name its files, e.g. '{path}/*.parquet'", source=source)
        if not path.is_file():
            raise SourceError("does not exist", source=source)
        return (path.resolve(),)
    fixed = list(itertools.takewhile(lambda part: not set(part) & _WILD, path.parts))
    root = Path(*fixed) if fixed else Path()
    found = root.glob(str(path.relative_to(root))) if root.is_dir() else ()
    files = sorted(file.resolve() for file in found if file.is_file() and file.name[0] not in "._")
    if not files:
        raise SourceError("matches no file", source=source)
    return tuple(files)


def title_of(source: str) -> str:
    """What a person calls the files: their name, for a pattern with the folder before it."""
    return "/".join(Path(source).parts[-2 if is_pattern(source) else -1 :])


def source_name(source: str) -> str:
    """What the data are called by where they lie: the file, or the folder when the file is only a pattern."""
    path = Path(source)
    stem = path.name.split(".", 1)[0]
    if _WILD & set(stem):
        spelled = re.split(r"[*?\[]", stem)[0]
        folders = (part for part in reversed(path.parts[:-1]) if not set(part) & _WILD)
        stem = spelled if len(spelled) > 2 else next(folders, spelled)
    return slug(stem)


def batch_port(source: str, files: tuple[Path, ...], *, format_: str, settings: Settings) -> dict[str, Any]:
    """The ``batch`` input port of the files but for columns and key; below the landing folder the path is relative."""
    path = _absolute(source) if is_pattern(source) else files[0]
    landing = settings.landing_dir
    shown = path.relative_to(landing) if path.is_relative_to(landing) else path
    return {"name": source_name(source), "type": "batch", "path": str(shown), "format": format_}


@contextmanager
def ordered_reader(settings: Settings) -> Iterator[duckdb.DuckDBPyConnection]:
    """A DuckDB session whose ``limit`` takes the first rows."""
    from mesh_orchestration.engines.session import file_reader

    with file_reader(settings) as connection:
        connection.execute("set preserve_insertion_order = true")
        yield connection


def _absolute(pattern: str) -> Path:
    path = Path(pattern).expanduser()
    fixed = Path(*itertools.takewhile(lambda part: not set(part) & _WILD, path.parts))
    return fixed.resolve() / path.relative_to(fixed)
