"""Search: names, columns, tags, owners and words of everything the catalog knows, typing errors forgiven."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection

KINDS = ("product", "dataset", "job")


@dataclass(frozen=True)
class Span:
    """A piece of text, and whether it is what was looked for."""

    text: str
    hit: bool


@dataclass(frozen=True)
class Hit:
    """One thing found. ``key`` is a product's address, or ``namespace:name`` of a dataset or job from elsewhere;
    ``columns`` are those whose name matches; ``snippet`` is text around what was looked for."""

    kind: str
    key: str
    title: tuple[Span, ...]
    domain: str
    owner: str
    tags: tuple[str, ...]
    columns: tuple[str, ...]
    snippet: tuple[Span, ...]


@dataclass(frozen=True)
class Results:
    """What was found: ``facets`` counts all of it by ``kind``, ``domain``, ``owner`` and ``tag``, most first;
    ``corrected`` is the text that was looked for in place of one that nothing matches, else empty."""

    hits: tuple[Hit, ...]
    total: int
    facets: Mapping[str, Mapping[str, int]]
    corrected: str


@dataclass(frozen=True)
class Filters:
    """Only what all of these hold of; an empty word asks for nothing."""

    domain: str = ""
    owner: str = ""
    tag: str = ""
    kind: str = ""


def search(conn: Connection, text: str, filters: Filters = Filters(), *, limit: int = 20, offset: int = 0) -> Results:
    """What matches every word of ``text``, or its beginning; everything without one. Names come before columns,
    tags and owners, those before descriptions."""
    raise NotImplementedError
