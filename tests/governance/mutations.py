"""Random documents that look like real ones: a value is replaced by another that stands at such a place elsewhere, or
by another of its type; entries of lists come and go; keys go missing."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from typing import Any

from hypothesis import strategies as st

Place = tuple[str | int, ...]
_TEXTS = st.one_of(
    st.sampled_from(["", " ", "EUR", "usd", "active", "draft", "deprecated", "hash", "partial", "generalise", "orders",
                     "raw", "2020-01-01", "2031-01-01", "e_mail", "customer_id", "age", "created_at", "avro", "csv",
                     "analyst", "wizard", "%s", "ä\u2028ß\U0001f600", "orders.x", 'a"b\\c\n']),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12),
)  # fmt: skip
_NUMBERS = st.one_of(st.integers(-(10**6), 10**12), st.floats(-1e6, 1e6).map(lambda number: round(number, 4) + 0.0))


def places(value: Any, at: Place = ()) -> Iterator[tuple[Place, Any]]:
    """Every place in a document and what stands there, the document itself aside."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield (*at, key), item
        yield from places(item, (*at, key))


def mutated(documents: Sequence[Any], *, missing: bool) -> st.SearchStrategy[Any]:
    """Documents with one to five changes to one of ``documents``; keys are taken away only if ``missing``."""
    seen: dict[Place, list[Any]] = {}
    for document in documents:
        for at, value in places(document):
            known = seen.setdefault(_general(at), [])
            if value not in known:
                known.append(value)

    @st.composite
    def build(draw: st.DrawFn) -> Any:
        document = copy.deepcopy(draw(st.sampled_from(documents)))
        for _ in range(draw(st.integers(1, 5))):
            _change(draw, document, seen, missing=missing)
        return document

    return build()


def _change(draw: st.DrawFn, document: Any, seen: dict[Place, list[Any]], *, missing: bool) -> None:
    there = list(places(document))
    if not there:
        return
    at, value = there[draw(st.integers(0, len(there) - 1))]
    holder = document
    for key in at[:-1]:
        holder = holder[key]
    if isinstance(holder, list) and draw(st.booleans()):
        holder.insert(0, copy.deepcopy(value)) if draw(st.booleans()) else holder.pop(int(at[-1]))
    elif missing and isinstance(holder, dict) and draw(st.booleans()):
        del holder[at[-1]]
    else:
        holder[at[-1]] = draw(_other(value, seen.get(_general(at), [value])))


def _other(value: Any, known: list[Any]) -> st.SearchStrategy[Any]:
    seen = st.sampled_from(known).map(copy.deepcopy)
    if isinstance(value, bool):
        return st.booleans()
    if isinstance(value, str):
        return st.one_of(seen, _TEXTS)
    if isinstance(value, int):
        return st.one_of(seen, st.integers(-(10**6), 10**12))
    return st.one_of(seen, _NUMBERS) if isinstance(value, float) else seen


def _general(at: Place) -> Place:
    """The place with every index of a list taken for the same."""
    return tuple("*" if isinstance(key, int) else key for key in at)
