"""What the values of written rows show of themselves, for the policies to judge."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb

from mesh_orchestration.contract.model import DataProduct
from mesh_orchestration.quoting import ident

LOOKED_AT = 50_000
"""Values of a column that are looked at, from the first rows on."""


def value_patterns(product: DataProduct, paths: Sequence[Path], patterns: Mapping[str, str]) -> list[dict[str, Any]]:
    """For each text column without a classification and each pattern that occurs in it, the share of its values
    (0 to 1) that match; read from Parquet files."""
    columns = [
        (index, field.name)
        for index, field in enumerate(product.fields)
        if field.logical_type.name == "string" and not field.logical_type.item and not field.is_pii
    ]
    if not columns or not patterns or not paths:
        return []
    with duckdb.connect(":memory:") as connection:
        return [
            {"column": name, "index": index, "pattern": pattern, "share": share}
            for index, name in columns
            for pattern, share in _shares(connection, name, paths, patterns).items()
            if share
        ]


def _shares(
    connection: duckdb.DuckDBPyConnection, column: str, paths: Sequence[Path], patterns: Mapping[str, str]
) -> dict[str, float]:
    quoted = ident(column)
    shares = ", ".join("avg(regexp_full_match(value, ?)::integer)" for _ in patterns)
    query = f"select {shares} from (select {quoted} as value from read_parquet(?) where {quoted} is not null limit ?)"
    given = [*patterns.values(), [str(path) for path in paths], LOOKED_AT]
    (row,) = connection.execute(query, given).fetchall()
    return {pattern: float(share or 0) for pattern, share in zip(patterns, row, strict=True)}
