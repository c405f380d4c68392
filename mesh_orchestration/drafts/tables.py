"""Tables of databases as the sources of drafts: which one is meant, and its rows in a DuckDB session."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from mesh_orchestration.contract.wording import suggestion
from mesh_orchestration.drafts.base import Observed
from mesh_orchestration.drafts.files import SAMPLE
from mesh_orchestration.drafts.profile import profile
from mesh_orchestration.engines.columns import Column, duckdb_type
from mesh_orchestration.errors import SourceError
from mesh_orchestration.quoting import ident

if TYPE_CHECKING:
    import duckdb

_LISTED = 20
_AS_TEXT = ("array<", "binary")


def chosen(wanted: str, offered: Iterable[str], *, what: str, source: str) -> str:
    """The one of ``offered`` that ``wanted`` means: itself, or its last parts when those are clear.

    Raises SourceError with the nearest one, or with the list when nothing was wanted.
    """
    names = sorted(offered)
    if wanted in names:
        return wanted
    ending = [name for name in names if wanted and name.endswith(f".{wanted}")]
    if len(ending) == 1:
        return ending[0]
    if not wanted and len(names) == 1:
        return names[0]
    if not names:
        raise SourceError(f"has no {what}", source=source)
    shown = ", ".join(names[:_LISTED]) + (f" and {len(names) - _LISTED} more" if len(names) > _LISTED else "")
    if not wanted:
        raise SourceError(f"has {len(names)} {what}s; choose one with --table: {shown}", source=source)
    if ending:
        raise SourceError(f"'{wanted}' may be {' or '.join(ending)}; say which with --table", source=source)
    hint = suggestion(wanted, names) or f"; it has {shown}"
    raise SourceError(f"has no {what} '{wanted}'{hint}", source=source)


def profile_text(
    connection: duckdb.DuckDBPyConnection, table: str, words: Mapping[str, str]
) -> tuple[dict[str, Observed], dict[str, str]]:
    """What is observed in a DuckDB table of text whose columns spell values of ``words``, and for a column the
    remark that some values could not be read. Arrays and binary values stay text."""
    known = {name: "binary" if word.startswith(_AS_TEXT) else word for name, word in words.items()}
    spelled = []
    for name, word in known.items():
        kind = "VARCHAR" if word == "binary" else duckdb_type(Column.parse(name, word))
        spelled.append(f"try_cast({ident(name)} as {kind}) as {ident(name)}")
    connection.execute(f"create temp table {SAMPLE} as select {', '.join(spelled)} from {ident(table)}")
    seen = profile(connection, SAMPLE, known)
    counts = connection.execute(
        f"select {', '.join(f'count({ident(name)})' for name in words)} from {ident(table)}"
    ).fetchall()[0]
    unread = {
        name: f"values that are no {words[name]}, such as NaN or infinity, count as null here: {lost:,}"
        for name, count in zip(words, counts, strict=True)
        if (lost := count - (seen[name].rows - seen[name].nulls))
    }
    return seen, unread
