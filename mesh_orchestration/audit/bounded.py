"""Patterns that only a backtracking engine can answer, kept from keeping an audit busy for years.

Such an engine can take time that doubles with each further character. It has no limit of its own and cannot be
stopped from within its process, so a process that can be ended tries the patterns on every value first.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import Any

_MATCHER = Path(__file__).with_name("matcher.py")
SECONDS = 5.0
"""What trying a check's patterns may take, and what it may take more for each value."""
SECONDS_A_VALUE = 0.00005


class TooSlowError(ValueError):
    """A pattern was stopped; its message names the pattern and quotes no value."""


def try_patterns(patterns: Iterable[str], values: Collection[str], *, seconds: float | None = None) -> None:
    """Return when every pattern was looked for in every value; raises TooSlowError when that takes too long.

    ``seconds`` is the limit, from the number of values when left out.
    """
    wanted = tuple(dict.fromkeys(patterns))
    if not wanted or not values:
        return
    limit = SECONDS + SECONDS_A_VALUE * len(values) if seconds is None else seconds
    asked = json.dumps({"patterns": wanted, "values": list(values), "seconds": limit}).encode()
    try:
        done = subprocess.run([sys.executable, "-I", str(_MATCHER)], input=asked, capture_output=True, timeout=limit)
    except subprocess.TimeoutExpired:
        done = None
    if done is None or done.stdout != b"done":
        raise TooSlowError(
            f"{' and '.join(map(repr, wanted))} took longer than {limit:.3g} s over {len(values)} values and was "
            "stopped; write it without look-around, references to groups, and repeats within repeats"
        )


def texts_of(value: Any) -> Iterator[str]:
    """Every text that a pattern may be held against: the value as text, and those within when it is JSON."""
    text = str(value)
    yield text
    if text[:1] in ("{", "["):
        try:
            yield from _texts(json.loads(text))
        except (ValueError, RecursionError):
            return


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from (key, *_texts(item))
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)
