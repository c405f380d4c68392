"""Texts of a contract within Markdown: shown letter for letter, on one line."""

from __future__ import annotations

import re

_SPECIAL = re.compile(r"[\\`*\[\]<>|~]|(?<![^\W_])_|_(?![^\W_])")
"""What makes code, emphasis, links, tags or a cell of a table; a ``_`` within a word does not."""


def escaped(text: str) -> str:
    """``text`` as Markdown shows it letter for letter, on one line."""
    return _SPECIAL.sub(r"\\\g<0>", " ".join(text.split()))
