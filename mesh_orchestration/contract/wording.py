"""How messages speak: what was found, what was expected, the nearest valid word."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

_FEW = 14


def found(value: Any) -> str:
    """``value`` as a reader of YAML would call it."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return f"{str(value).lower()} (a yes/no value)"
    if isinstance(value, int | float):
        return f"the number {value}"
    if isinstance(value, date):
        return f"the date {value}"
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list | tuple):
        return "a list"
    text = str(value)
    return f"'{text}'" if len(text) <= 60 else f"'{text[:57]}...'"


def nearest(word: str, words: Iterable[str]) -> str | None:
    """The one of ``words`` a writer of ``word`` most likely meant; None when none is near."""
    from difflib import get_close_matches

    lowered = {known.lower(): known for known in words}
    bare = str(word).lower().strip()
    if bare in lowered:
        return lowered[bare]
    matches = get_close_matches(bare, lowered, n=1, cutoff=0.6)
    return lowered[matches[0]] if matches else None


def suggestion(word: str, words: Iterable[str]) -> str:
    """``; did you mean 'x'?`` or, when nothing is near and the list is short, ``; expected one of …``."""
    known = tuple(words)
    if match := nearest(word, known):
        return f"; did you mean '{match}'?"
    return f"; expected one of {', '.join(sorted(known))}" if 0 < len(known) <= _FEW else ""
