"""Column names as SQL that DuckDB and PostgreSQL both read."""

from __future__ import annotations

import re

from mesh_orchestration.quoting import ident

_PLAIN = re.compile(r"^[a-z_][a-z0-9_]*$")
# The words that DuckDB or PostgreSQL do not take as a bare column name.
RESERVED = frozenset(
    "all analyse analyze and anti any array as asc asof asymmetric at authorization binary both by case cast "
    "check collate collation column concurrently constraint create cross current_catalog current_date "
    "current_role current_schema current_time current_timestamp current_user default deferrable desc describe "
    "distinct do else end except false fetch for foreign freeze from full glob grant group having ilike in "
    "initially inner intersect into is isnull join lambda lateral leading left like limit localtime "
    "localtimestamp natural not notnull null offset on only or order outer overlaps pivot pivot_longer "
    "pivot_wider placing positional primary qualify references returning right select semi session_user show "
    "similar some summarize symmetric system_user table tablesample then to trailing true union unique unpack "
    "unpivot user using variadic verbose when where window with".split()
)


def is_quoted(name: str) -> bool:
    """Whether ``name`` has to be quoted as a column."""
    return not _PLAIN.match(name) or name in RESERVED


def column(name: str) -> str:
    """``name`` as SQL spells a column, quoted only where it must be."""
    return ident(name) if is_quoted(name) else name
