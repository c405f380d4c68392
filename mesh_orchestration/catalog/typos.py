"""Typing errors: the word of the catalog that somebody most probably meant."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, text

from mesh_orchestration.catalog.marks import read_mark
from mesh_orchestration.catalog.search_index import GENERATION

_VOCABULARY = {
    "sqlite": "select term, doc from search_word",
    "postgresql": "select word, ndoc from ts_stat('select words from search_document')",
}
_known: dict[str, tuple[str, Mapping[str, int]]] = {}
"""By database, the vocabulary and the generation of the index that it is of."""


def vocabulary(conn: Connection) -> Mapping[str, int]:
    """Every word of the index and how many documents have it; kept until the index changes."""
    database, generation = str(conn.engine.url), read_mark(conn, GENERATION)
    known = _known.get(database)
    if known is None or known[0] != generation:
        rows = conn.execute(text(_VOCABULARY[conn.dialect.name]))
        known = (generation, {str(row[0]): int(row[1]) for row in rows})
        _known[database] = known
    return known[1]


def corrected(asked: Sequence[str], known: Mapping[str, int]) -> tuple[str, ...]:
    """``asked`` with each word that begins no known word replaced by the nearest one: a letter or two wrong, missing,
    too many or swapped. Empty when a word has none, or nothing is wrong."""
    found = []
    for word in asked:
        if any(one.startswith(word) for one in known):
            found.append(word)
        elif nearest := _nearest(word, known):
            found.append(nearest)
        else:
            return ()
    return tuple(found) if tuple(found) != tuple(asked) else ()


def _nearest(word: str, known: Mapping[str, int]) -> str:
    from rapidfuzz import process
    from rapidfuzz.distance import OSA

    if len(word) < 3 or word.isdecimal():
        return ""
    allowed = 1 if len(word) < 5 else 2 if len(word) < 9 else 3
    near = process.extract(word, known.keys(), scorer=OSA.distance, score_cutoff=allowed, limit=20)
    ranked = sorted(near, key=lambda one: (one[1], one[0][0] != word[0], -known[one[0]], one[0]))
    return str(ranked[0][0]) if ranked else ""
