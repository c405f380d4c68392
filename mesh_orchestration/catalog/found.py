"""Looking datasets and jobs up by a piece of their name, and a single namespace."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import ColumnElement, Connection, func, select

from mesh_orchestration.catalog.lineage_model import Kind, Namespace, NodeKey, Page
from mesh_orchestration.catalog.tables_lineage import nodes
from mesh_orchestration.moments import microseconds, moment


@dataclass(frozen=True)
class Looked:
    """What is looked for: a piece of the name (``%`` stands for any text, ``_`` for one character; upper and lower
    case are the same), and what must hold besides; an empty word asks for nothing."""

    text: str
    kind: Kind | Literal[""] = ""
    namespace: str = ""
    after: datetime | None = None
    before: datetime | None = None


@dataclass(frozen=True)
class Found:
    """A dataset or a job, and when an event last told of it."""

    key: NodeKey
    updated_at: datetime


def find(conn: Connection, looked: Looked, *, newest_first: bool = False, limit: int = 10) -> Page[Found]:
    """What fits, by name or the last told of first; datasets that were dropped or renamed do not count."""
    wanted = _conditions(looked)
    order = [nodes.c.updated_at.desc()] if newest_first else []
    chosen = select(nodes.c.kind, nodes.c.namespace, nodes.c.name, nodes.c.updated_at).where(*wanted)
    rows = conn.execute(chosen.order_by(*order, nodes.c.name, nodes.c.namespace, nodes.c.kind).limit(limit))
    items = tuple(Found(NodeKey(row.kind, row.namespace, row.name), moment(row.updated_at)) for row in rows)
    total = conn.execute(select(func.count()).select_from(nodes).where(*wanted)).scalar_one()
    return Page(items, total)


def namespace(conn: Connection, name: str) -> Namespace | None:
    """The namespace called ``name``; None when no event named it."""
    first, last = func.min(nodes.c.created_at), func.max(nodes.c.updated_at)
    row = conn.execute(select(first.label("created"), last.label("updated")).where(nodes.c.namespace == name)).one()
    return None if row.created is None else Namespace(name, moment(row.created), moment(row.updated))


def _conditions(looked: Looked) -> list[ColumnElement[bool]]:
    wanted: list[ColumnElement[bool]] = [
        func.lower(nodes.c.name).like(f"%{looked.text.lower()}%"),
        nodes.c.dropped_at.is_(None),
        nodes.c.renamed_at.is_(None),
    ]
    if looked.kind:
        wanted.append(nodes.c.kind == looked.kind)
    if looked.namespace:
        wanted.append(nodes.c.namespace == looked.namespace)
    if looked.after:
        wanted.append(nodes.c.updated_at >= microseconds(looked.after))
    if looked.before:
        wanted.append(nodes.c.updated_at < microseconds(looked.before))
    return wanted
