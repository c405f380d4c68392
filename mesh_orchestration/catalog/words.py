"""Words as search sees them: small letters without accents, names taken apart at underscores and capitals."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise

# A run of letters and digits; within it, a capital after a small letter or before one begins a new word.
_PIECE = re.compile(r"[^\W_]+")
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_LONGEST = 64  # characters; no word that somebody looks for is longer


def words(text: str) -> list[str]:
    """The words of ``text`` in order, as they are indexed and looked for."""
    return [word for _, _, word in pieces(text)]


def plain(*texts: str) -> str:
    """The words of all texts with one blank between them."""
    return " ".join(word for text in texts for word in words(text))


def pieces(text: str) -> Iterator[tuple[int, int, str]]:
    """Each word with where it begins and ends in ``text``."""
    for match in _PIECE.finditer(text):
        start, run = match.start(), match.group()
        if run.islower() or run.isdecimal():
            yield start, match.end(), _folded(run)
            continue
        cuts = [0, *(cut.start() for cut in _HUMP.finditer(run)), len(run)]
        for left, right in pairwise(cuts):
            yield start + left, start + right, _folded(run[left:right])


@lru_cache(maxsize=65_536)
def _folded(run: str) -> str:
    if run.isascii():
        return run.lower()[:_LONGEST]
    apart = unicodedata.normalize("NFKD", run.casefold())
    return "".join(sign for sign in apart if not unicodedata.combining(sign) and sign.isalnum())[:_LONGEST]
