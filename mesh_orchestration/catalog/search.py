"""Search: names, columns, tags, owners and words of everything the catalog knows, typing errors forgiven."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, RowMapping
from sqlalchemy import text as sql

from mesh_orchestration.catalog.typos import corrected, vocabulary
from mesh_orchestration.catalog.words import pieces, words

KINDS = ("product", "dataset", "job")
_MOST_WORDS = 12
_SNIPPET = 180  # characters
_TAGS = {
    "sqlite": "json_each(d.tags) tag",
    "postgresql": "json_array_elements_text(d.tags::json) tag(value)",
}
_TIERS = ("named", "marked", "asked")
"""The parameters of what is looked for in names alone, in columns, tags and owners too, and everywhere."""


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


def search(conn: Connection, text: str, filters: Filters | None = None, *, limit: int = 20, offset: int = 0) -> Results:
    """What matches every word of ``text``, or its beginning; everything without one. Names come before columns,
    tags and owners, those before descriptions; in each, products before datasets and jobs."""
    asked, wanted = tuple(dict.fromkeys(words(text)))[:_MOST_WORDS], filters or Filters()
    if text.strip() and not asked:
        return Results((), 0, {}, "")
    found = _counted(conn, asked, wanted)
    better: tuple[str, ...] = ()
    if not found.total and asked and (better := corrected(asked, vocabulary(conn))):
        found = _counted(conn, better, wanted)
    used = better if found.total and better else asked
    hits = _hits(conn, used, wanted, limit=limit, offset=offset) if found.total else ()
    return Results(hits, found.total, found.facets, " ".join(better) if used is better else "")


@dataclass(frozen=True)
class _Counted:
    total: int
    facets: Mapping[str, Mapping[str, int]]


def _counted(conn: Connection, asked: Sequence[str], wanted: Filters) -> _Counted:
    """How much matches, in all and by facet."""
    # Counted by the database: thousands of rows in Python would cost more, and wake its garbage collector.
    query = f"""with found as materialized (
          select d.kind, d.domain, d.owner, d.tags from {_matching(conn.dialect.name, wanted, asked)})
        select 'kind' as facet, kind as name, count(*) as things from found group by kind
        union all select 'domain', domain, count(*) from found where domain <> '' group by domain
        union all select 'owner', owner, count(*) from found where owner <> '' group by owner
        union all select 'tag', tag.value, count(*) from found d, {_TAGS[conn.dialect.name]} group by tag.value"""
    facets: dict[str, dict[str, int]] = {"kind": {}, "domain": {}, "owner": {}, "tag": {}}
    rows = conn.execute(sql(query), _given(asked, wanted, conn))
    for row in sorted(rows, key=lambda one: (-one.things, one.name)):
        facets[row.facet][row.name] = row.things
    return _Counted(sum(facets["kind"].values()), facets)


def _matching(dialect: str, wanted: Filters, asked: Sequence[str], where: str = "asked") -> str:
    """The documents (``d``) that are wanted, as the rest of a ``select``; ``where`` is one of ``_TIERS``."""
    conditions = [f"d.{name} = :{name}" for name in ("kind", "domain", "owner") if getattr(wanted, name)]
    if wanted.tag:
        conditions.append(f"exists (select 1 from {_TAGS[dialect]} where tag.value = :tag)")
    source = "search_document d"
    if asked and dialect == "sqlite":
        source = "search_index i cross join search_document d on d.id = i.rowid"
        conditions.append(f"search_index match :{where}")
    elif asked:
        conditions.append(f"d.words @@ to_tsquery('simple', :{where})")
    return f"{source} where {' and '.join(conditions)}" if conditions else source


def _hits(conn: Connection, asked: Sequence[str], wanted: Filters, *, limit: int, offset: int) -> tuple[Hit, ...]:
    """One page of what matches, looked for in no more places than it takes to fill it: to rank everything that a
    common word is found in takes long."""
    dialect, given = conn.dialect.name, _given(asked, wanted, conn)
    where = _TIERS[-1]
    for tier in _TIERS[:-1] if asked else ():
        counted = sql(f"select count(*) from {_matching(dialect, wanted, asked, tier)}")
        if conn.execute(counted, given).scalar_one() >= offset + limit:
            where = tier
            break
    query = sql(_best(dialect, wanted, asked, where))
    rows = conn.execute(query, given | {"limit": limit, "offset": offset}).mappings()
    return tuple(_hit(row, asked) for row in rows)


def _best(dialect: str, wanted: Filters, asked: Sequence[str], where: str) -> str:
    """The query for the best of them."""
    columns, page = "d.kind, d.key, d.title, d.domain, d.owner, d.tags, d.detail", "limit :limit offset :offset"
    matching = _matching(dialect, wanted, asked, where)
    if not asked:
        return f"select {columns} from {matching} order by d.kind = 'product' desc, d.title, d.key {page}"
    if dialect == "sqlite":
        tier = """case when i.rowid in (select rowid from search_index where search_index match :named) then 0
          when i.rowid in (select rowid from search_index where search_index match :marked) then 1 else 2 end"""
        score = "bm25(search_index, 12.0, 4.0, 1.0)"
    else:
        tier = """case when d.words @@ to_tsquery('simple', :named) then 0
          when d.words @@ to_tsquery('simple', :marked) then 1 else 2 end"""
        score = "-ts_rank('{0.1, 0.2, 0.4, 1.0}', d.words, to_tsquery('simple', :asked), 1)"
    return f"""with best as materialized (
          select d.id, d.kind, d.key, {tier} as tier, {score} as score from {matching}
          order by tier, d.kind = 'product' desc, score, d.key {page})
        select {columns} from best join search_document d on d.id = best.id
        order by best.tier, best.kind = 'product' desc, best.score, best.key"""


def _given(asked: Sequence[str], wanted: Filters, conn: Connection) -> dict[str, Any]:
    """The parameters of both queries; words hold nothing but letters and digits."""
    said: dict[str, Any] = {name: value for name, value in vars(wanted).items() if value}
    if not asked:
        return said
    if conn.dialect.name == "sqlite":
        every = " AND ".join(f'"{word}"*' for word in asked)
        return said | {"asked": every, "named": f"{{names}} : ({every})", "marked": f"{{names marks}} : ({every})"}
    texts = {"asked": "*", "named": "*A", "marked": "*AB"}
    return said | {name: " & ".join(f"{word}:{mark}" for word in asked) for name, mark in texts.items()}


def _hit(row: RowMapping, asked: Sequence[str]) -> Hit:
    detail = json.loads(row["detail"])
    columns = [name for name in detail["columns"] if asked and any(_matches(word, asked) for word in words(name))]
    return Hit(
        kind=row["kind"],
        key=row["key"],
        title=spans(row["title"], asked),
        domain=row["domain"],
        owner=row["owner"],
        tags=tuple(json.loads(row["tags"])),
        columns=tuple(columns),
        snippet=_snippet(detail["texts"], asked),
    )


def spans(text: str, asked: Sequence[str]) -> tuple[Span, ...]:
    """``text`` in pieces: those that are what was looked for, and those between."""
    found, done = [], 0
    for start, end, word in pieces(text) if asked else ():
        if _matches(word, asked):
            if start > done:
                found.append(Span(text[done:start], hit=False))
            found.append(Span(text[start:end], hit=True))
            done = end
    return (*found, Span(text[done:], hit=False)) if done < len(text) else tuple(found)


def _matches(word: str, asked: Sequence[str]) -> bool:
    return any(word.startswith(one) for one in asked)


def _snippet(texts: Sequence[str], asked: Sequence[str]) -> tuple[Span, ...]:
    """Text around the first place that was looked for; the beginning where no text has it."""
    for text in texts if asked else ():
        place = next((start for start, _, word in pieces(text) if _matches(word, asked)), None)
        if place is not None:
            return spans(_cut(text, place), asked)
    return spans(_cut(texts[0], 0), asked) if texts else ()


def _cut(text: str, place: int) -> str:
    """At most ``_SNIPPET`` characters around ``place``, cut between words."""
    start = 0 if place < _SNIPPET // 2 else text.find(" ", place - _SNIPPET // 3, place) + 1 or place
    if len(text) - start <= _SNIPPET:
        return f"{'…' if start else ''}{text[start:]}"
    end = text.rfind(" ", start + _SNIPPET // 2, start + _SNIPPET)
    return f"{'…' if start else ''}{text[start : end if end > 0 else start + _SNIPPET]}…"
