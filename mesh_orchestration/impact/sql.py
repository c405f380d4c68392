"""Which columns a query reads and where each column of its result comes from, told from its text alone.

Relations go by their bare name: a domain has one schema. ``select *`` hands on what is asked of it, so a
column is read only where it is named or arrives in a result. What is no plain query is an UnreadableSql.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import sqlglot
from sqlglot import exp

from mesh_orchestration.impact.columns import NOWHERE, Columns, Origin, Origins, Reading, renamed, star, united

DIALECTS = ("duckdb", "postgres")


class UnreadableSql(ValueError):
    """The text is no query that can be read; the message says why."""


def read_sql(sql: str, columns_of: Callable[[str], Iterable[str]], dialect: str = "") -> Reading:
    """What ``sql`` reads; ``columns_of`` gives the known columns of a relation, none when nothing is known.

    ``dialect`` is sqlglot's; without it the engines' dialects are tried in turn. Raises UnreadableSql.
    """
    reader = _Reader(columns_of)
    try:
        found = reader.query(_parse(sql, (dialect,) if dialect else DIALECTS), {}, ())
    except RecursionError:
        raise UnreadableSql("the query is nested too deep") from None
    return Reading(found.columns, found.used, frozenset(reader.deciding), frozenset(reader.relations))


def _parse(sql: str, dialects: Iterable[str]) -> exp.Expression:
    why = ""
    for dialect in dialects:
        try:
            statements = [one for one in sqlglot.parse(sql, dialect=dialect) if one is not None]
        except sqlglot.errors.SqlglotError as error:
            why = why or str(error).splitlines()[0]
            continue
        if len(statements) == 1 and isinstance(statements[0], exp.Query):
            return statements[0]
        why = why or f"found {len(statements)} statements or no SELECT, expected one SELECT"
    raise UnreadableSql(why)


@dataclass(frozen=True)
class _Found:
    """A query's result and what it names on the way."""

    columns: Columns
    used: Origins = NOWHERE


_Sources = dict[str, Columns]
_Ctes = Mapping[str, Columns]
_Outer = tuple[_Sources, ...]


class _Reader:
    def __init__(self, columns_of: Callable[[str], Iterable[str]]) -> None:
        self.columns_of = columns_of
        self.relations: set[str] = set()
        self.deciding: set[Origin] = set()

    def query(self, node: Any, ctes: _Ctes, outer: _Outer) -> _Found:
        ctes, used = self._ctes(node, ctes, outer)
        if isinstance(node, exp.SetOperation):
            found = self._set_operation(node, ctes, outer)
        elif isinstance(node, exp.Subquery):
            sources: _Sources = {}
            used |= self._source(node, sources, ctes, outer)
            found = _Found(star(sources.values()))
        elif isinstance(node, exp.Select):
            found = _Select(self, node, ctes, outer).read()
        else:
            raise UnreadableSql(f"a {node.key} is not a SELECT")
        return _Found(found.columns, found.used | used)

    def _ctes(self, node: Any, ctes: _Ctes, outer: _Outer) -> tuple[_Ctes, Origins]:
        clause = node.args.get("with_")
        if clause is None:
            return ctes, NOWHERE
        known, used = dict(ctes), NOWHERE
        for cte in clause.expressions:
            name, names = cte.alias.lower(), _names(cte.args.get("alias"))
            if clause.args.get("recursive") and isinstance(cte.this, exp.SetOperation):
                known[name] = renamed(self.query(cte.this.this, known, outer).columns, names)
            found = self.query(cte.this, known, outer)
            known[name] = renamed(found.columns, names)
            used |= found.used
        return known, used

    def _set_operation(self, node: Any, ctes: _Ctes, outer: _Outer) -> _Found:
        left, right = self.query(node.this, ctes, outer), self.query(node.expression, ctes, outer)
        columns = united(left.columns, right.columns, by_name=bool(node.args.get("by_name")))
        return _Found(columns, left.used | right.used)

    def _source(self, node: Any, sources: _Sources, ctes: _Ctes, outer: _Outer) -> Origins:
        """Put what stands in a FROM clause into ``sources``; returns what it names itself."""
        used = NOWHERE
        alias = node.args.get("alias")
        around = (dict(sources), *outer)
        if isinstance(node, exp.Table):
            columns = self._table(node, ctes, around)
        elif isinstance(node, exp.Subquery) and isinstance(node.this, exp.Query):
            found = self.query(node.this, ctes, around)
            columns, used = found.columns, found.used
        elif isinstance(node, exp.Subquery):
            inner: _Sources = {}
            used = self._source(node.this, inner, ctes, outer)
            columns = star(inner.values())
            if not alias:
                sources.update(inner)
        else:
            used = self._expression(node, around, ctes)
            columns = Columns(every=used)
        columns = renamed(columns, _names(alias))
        if node.args.get("pivots"):
            columns = Columns(every=columns.all)
            used |= columns.every
        sources[(node.alias_or_name or f"({len(sources)})").lower()] = columns
        for join in node.args.get("joins") or ():
            used |= self._source(join.this, sources, ctes, outer) | self.join(join, sources, ctes, outer)
        return used

    def join(self, join: Any, sources: _Sources, ctes: _Ctes, outer: _Outer) -> Origins:
        """What the condition of a join names."""
        used = NOWHERE
        if join.args.get("on"):
            used |= self._expression(join.args["on"], (sources, *outer), ctes)
        for column in join.args.get("using") or ():
            used |= NOWHERE.union(*(one.of(column.name.lower()) for one in sources.values()))
        if str(join.args.get("method") or "").upper() == "NATURAL":
            used |= NOWHERE.union(*(one.all for one in sources.values()))
        self.deciding |= used
        return used

    def _table(self, node: Any, ctes: _Ctes, outer: _Outer) -> Columns:
        if not isinstance(node.this, exp.Identifier):
            return Columns(every=self._expression(node.this, outer, ctes))
        name = node.name.lower()
        if name in ctes and not node.db:
            return ctes[name]
        self.relations.add(name)
        known = {column.lower(): frozenset({Origin(name, column.lower())}) for column in self.columns_of(name)}
        return Columns(known, rest=frozenset({name}), complete=bool(known))

    def _expression(self, node: Any, scopes: _Outer, ctes: _Ctes) -> Origins:
        """Everything that an expression names, in nested queries too."""
        used = NOWHERE
        for part in _walk(node):
            used |= self.part(part, scopes, ctes, {})
        return used

    def part(self, part: Any, scopes: _Outer, ctes: _Ctes, aliases: Mapping[str, Origins]) -> Origins:
        """What one part of an expression names: a column, a nested query, or a pattern over columns."""
        if isinstance(part, exp.Column):
            return _resolve(part, scopes, aliases)
        if isinstance(part, exp.Columns):
            return NOWHERE.union(*(one.all for one in scopes[0].values()))
        found = self.query(part, ctes, scopes)
        return found.used | found.columns.all


class _Select:
    """One SELECT: its sources first, then each column of its result, then everything else it names."""

    def __init__(self, reader: _Reader, node: Any, ctes: _Ctes, outer: _Outer) -> None:
        self.reader, self.node, self.ctes, self.outer = reader, node, ctes, outer
        self.sources: _Sources = {}
        self.used: Origins = NOWHERE
        self.named: dict[str, Origins] = {}
        self.rest: frozenset[str] = frozenset()
        self.left_out: frozenset[str] = frozenset()
        self.every: Origins = NOWHERE
        self.complete = True

    def read(self) -> _Found:
        self._from()
        for place, projection in enumerate(self.node.expressions):
            self._project(projection, place)
        for key, clause in self.node.args.items():
            if key not in {"with_", "expressions", "from_", "joins", "laterals"}:
                for node in clause if isinstance(clause, list) else (clause,):
                    named = self._names(node)
                    self.used |= named
                    self.reader.deciding |= named
        return _Found(Columns(self.named, self.rest, self.left_out, self.every, self.complete), self.used)

    def _from(self) -> None:
        args = self.node.args
        if args.get("from_"):
            self._add(args["from_"].this)
        for join in args.get("joins") or ():
            self._add(join.this)
            self.used |= self.reader.join(join, self.sources, self.ctes, self.outer)
        for lateral in args.get("laterals") or ():
            self._add(lateral)

    def _add(self, node: Any) -> None:
        self.used |= self.reader._source(node, self.sources, self.ctes, self.outer)

    def _project(self, node: Any, place: int) -> None:
        shown = node.this if isinstance(node, exp.Column) else node
        if isinstance(shown, exp.Star):
            self._project_star(shown, node.table.lower() if shown is not node else "")
            return
        origins = self._names(node)
        self.used |= origins
        if isinstance(node, exp.Columns):
            self.every |= origins
        else:
            self.named[(node.alias_or_name or f"({place})").lower()] = origins

    def _project_star(self, shown: Any, source: str) -> None:
        chosen = [self.sources[source]] if source in self.sources else list(self.sources.values())
        columns = star(chosen)
        gone = {_name(one): self._names(one) for one in shown.args.get("except_") or ()}
        renamed = {_name(one): one for one in shown.args.get("rename") or ()}
        self.used = self.used.union(*gone.values(), *(self._names(one) for one in renamed.values()))
        for name, origins in columns.named.items():
            if name not in gone:
                new = renamed[name].alias.lower() if name in renamed else name
                self.named.setdefault(new, origins)
        for old, one in renamed.items():
            self.named.setdefault(one.alias.lower(), columns.of(old))
        for one in shown.args.get("replace") or ():
            self.named[one.alias.lower()] = self._names(one)
            self.used |= self._names(one)
        self.rest |= columns.rest
        self.left_out |= columns.left_out | gone.keys() | renamed.keys()
        self.every |= columns.every
        self.complete &= columns.complete

    def _names(self, node: Any) -> Origins:
        """Everything that ``node`` names; earlier columns of the result may be named by their alias."""
        scopes = (self.sources, *self.outer)
        return NOWHERE.union(*(self.reader.part(part, scopes, self.ctes, self.named) for part in _walk(node)))


def _walk(node: Any) -> Iterator[Any]:
    """The columns, column patterns and nested queries of an expression, without what is inside these."""
    waiting = [node]
    while waiting:
        part = waiting.pop()
        if not isinstance(part, exp.Expression):
            continue
        if isinstance(part, exp.Query | exp.Columns) or (type(part) is exp.Column and not part.is_star):
            yield part
        else:
            waiting.extend(part.iter_expressions())


def _resolve(column: Any, scopes: _Outer, aliases: Mapping[str, Origins]) -> Origins:
    """Where a named column comes from: the innermost scope that knows it, as SQL looks it up."""
    parts = [part.name.lower() for part in column.parts]
    for place in range(len(parts) - 2, -1, -1):
        for sources in scopes:
            if parts[place] in sources:
                return sources[parts[place]].of(parts[place + 1])
    name, possible = parts[0], NOWHERE
    for sources in scopes:
        if found := [one for one in sources.values() if name in one.named]:
            return possible.union(*(one.of(name) for one in found))
        possible = possible.union(*(one.of(name) for one in sources.values() if not one.complete))
        if name in aliases:
            return possible | aliases[name]
        if name in sources:
            return possible | sources[name].all
    return possible or NOWHERE.union(*(one.of(name) for one in scopes[0].values()))


def _names(alias: Any) -> list[str]:
    return [one.name.lower() for one in alias.args.get("columns") or ()] if alias is not None else []


def _name(node: Any) -> str:
    """The column that a part of a star (``exclude``, ``rename``) is about."""
    return str(node.this.name if isinstance(node, exp.Alias) else node.name).lower()
