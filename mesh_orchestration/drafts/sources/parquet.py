"""Parquet files: types from the schema, nulls and ranges of all rows from the footers, the rest from the first rows."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from mesh_orchestration.contract.types import parse_type
from mesh_orchestration.drafts.base import Found, Observed, Options, SourceColumn
from mesh_orchestration.drafts.files import (
    SAMPLE,
    batch_port,
    files_of,
    ordered_reader,
    source_name,
    title_of,
)
from mesh_orchestration.drafts.profile import find_key, profile
from mesh_orchestration.drafts.types import from_duckdb, no_word_for
from mesh_orchestration.engines.base import Files
from mesh_orchestration.engines.columns import Column
from mesh_orchestration.engines.files import fits, offered_types, select_sql
from mesh_orchestration.errors import SourceError
from mesh_orchestration.quoting import literal

if TYPE_CHECKING:
    import duckdb

_FOOTERS = frozenset({"integer", "long", "double", "float", "decimal", "date", "timestamp"})


def recognises(source: str) -> bool:
    """Whether the name ends as that of a Parquet file."""
    return source.lower().endswith((".parquet", ".parq", ".pq"))


def read(source: str, options: Options) -> Found:
    """The columns of the files and what their rows say; raises SourceError when one cannot be read."""
    files = files_of(source)
    with ordered_reader(options.settings) as connection:
        offered = _common_types(connection, files)
        words, left_out = _words(offered)
        if not words:
            raise SourceError(f"has no column that a contract can hold: {'; '.join(left_out.values())}", source=source)
        rows = _count(connection, files)
        columns = [Column.parse(name, word) for name, word in words.items()]
        connection.execute(
            f"create temp table {SAMPLE} as {select_sql(Files(files), columns)} limit {options.rows or rows}"
        )
        seen = profile(connection, SAMPLE, words)
        looked_at = next(iter(seen.values())).rows
        key = find_key(connection, SAMPLE, words, seen)
        if looked_at < rows:
            seen = _from_footers(connection, files, words, seen)
    return Found(
        kind="parquet",
        name=source_name(source),
        title=title_of(source),
        columns=tuple(SourceColumn(name, word, observed=seen[name]) for name, word in words.items()),
        key=key,
        rows=rows,
        looked_at=looked_at,
        left_out=left_out,
        port=batch_port(source, files, format_="parquet", settings=options.settings),
    )


def _common_types(connection: duckdb.DuckDBPyConnection, files: tuple[Path, ...]) -> Mapping[str, str]:
    """The types of the first file; raises SourceError naming a file that differs or cannot be read."""
    import duckdb

    from mesh_orchestration.engines.session import first_line

    first: Mapping[str, str] = {}
    for file in files:
        try:
            offered = offered_types(connection, Files((file,))) or {}
        except duckdb.Error as error:
            raise SourceError(f"cannot be read as Parquet: {first_line(error)}", source=file) from None
        first = first or offered
        for name in {*first, *offered}:
            if first.get(name) != offered.get(name):
                said = f"column {name} is {offered.get(name, 'missing')}, but {first.get(name, 'missing')}"
                raise SourceError(f"{said} in {files[0].name}; files of one input are alike, name fewer", source=file)
    return first


def _words(offered: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """The columns with their contract words, and those that cannot be landed with the reason."""
    words, left_out = {}, {}
    for name, kind in offered.items():
        try:
            word = from_duckdb(kind)
            if not fits(kind, Column.parse(name, word)):
                raise ValueError(no_word_for(kind))
            words[name] = word
        except ValueError as error:
            left_out[name] = str(error)
    return words, left_out


def _paths(files: tuple[Path, ...]) -> str:
    exactly = (re.sub(r"([\[*?])", r"[\1]", str(file)) for file in files)
    return f"[{', '.join(literal(path) for path in exactly)}]"


def _count(connection: duckdb.DuckDBPyConnection, files: tuple[Path, ...]) -> int:
    counted = f"select coalesce(sum(num_rows), 0)::bigint from parquet_file_metadata({_paths(files)})"
    return int(connection.execute(counted).fetchall()[0][0])


def _from_footers(
    connection: duckdb.DuckDBPyConnection,
    files: tuple[Path, ...],
    words: Mapping[str, str],
    seen: Mapping[str, Observed],
) -> dict[str, Observed]:
    """``seen`` with nulls and ranges of all rows where every footer tells them."""
    result = dict(seen)
    for name, word in words.items():
        logical = parse_type(word)
        kind = "VARCHAR" if logical.name in {"date", "timestamp"} else "DOUBLE"
        kind = "BIGINT" if logical.name in {"integer", "long"} else kind
        told = connection.execute(
            f"select sum(num_values)::bigint, sum(stats_null_count)::bigint, bool_and(stats_null_count is not null), "
            f"min(try_cast(coalesce(stats_min_value, stats_min) as {kind})), "
            f"max(try_cast(coalesce(stats_max_value, stats_max) as {kind})), "
            f"bool_and(coalesce(stats_min_value, stats_min) is not null or stats_null_count = num_values) "
            f"from parquet_metadata({_paths(files)}) where path_in_schema = {literal(name)}"
        ).fetchall()[0]
        rows, nulls, nulls_told, low, high, range_told = told
        if nulls_told:
            result[name] = replace(result[name], rows=rows, nulls=nulls)
        if nulls_told and range_told and logical.name in _FOOTERS:
            result[name] = replace(result[name], low=low, high=high)
        elif nulls_told:
            result[name] = replace(result[name], low=None, high=None)
    return result
