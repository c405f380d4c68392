"""Names, texts and files as SQL spells them; what they contain can end no statement."""

from __future__ import annotations

import re
from pathlib import Path


def ident(*parts: str) -> str:
    """A quoted SQL identifier, valid in DuckDB and PostgreSQL; several parts are joined by dots."""
    return ".".join('"' + part.replace('"', '""') + '"' for part in parts)


def literal(text: str) -> str:
    """A quoted SQL string, valid in DuckDB and PostgreSQL with standard strings."""
    return "'" + text.replace("'", "''") + "'"


def exactly(path: Path) -> str:
    """A SQL string that DuckDB reads as the one file ``path``, whatever signs of a pattern its name has."""
    return literal(re.sub(r"([\[*?])", r"[\1]", str(path)))
