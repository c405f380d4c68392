"""Nodes and runs as a writer holds them: read once, changed in memory, written back at the end of a batch.

Nodes are kept between batches as long as nobody else writes: the generation of the database tells.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from operator import attrgetter
from threading import Lock
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

import orjson
from sqlalchemy import Connection, Engine, bindparam, select, tuple_

from mesh_orchestration.catalog import tables_lineage as tables
from mesh_orchestration.catalog.lineage_model import Kind, NodeKey

T = TypeVar("T")
AT_ONCE = 300
READS, WRITES = "<", ">"
NEVER = -(2**62)
"""When a node was last told of that only facets of others name."""
_MOST_NODES = 60_000  # about 100 MB
_MOST_TEXTS = 500_000  # about 60 MB


@dataclass(slots=True, eq=False)
class Node:
    """A row of ``lineage_nodes``. ``said_at`` holds when something was last stated: ``:schema`` a facet, ``@7`` the
    column lineage that job 7 tells, ``<7`` and ``>7`` that the job reads and writes dataset 7. ``digests`` are
    those of the facets; ``read`` and ``written`` are the words under which jobs remember that."""

    id: int
    kind: Kind
    namespace: str
    name: str
    created_at: int
    updated_at: int
    written_at: int | None = None
    dropped_at: int | None = None
    renamed_at: int | None = None
    renamed_to: int | None = None
    description: str | None = None
    lifecycle: str | None = None
    job_type: str | None = None
    location: str | None = None
    parent_id: int | None = None
    done_at: int | None = None
    done_from: int | None = None
    done_run: str | None = None
    declared_at: int | None = None
    version: str | None = None
    version_at: int | None = None
    said_at: dict[str, int] = field(default_factory=dict)
    digests: dict[str, bytes] = field(default_factory=dict)
    read: str = field(init=False)
    written: str = field(init=False)

    def __post_init__(self) -> None:
        self.read, self.written = f"{READS}{self.id}", f"{WRITES}{self.id}"

    @property
    def renamed(self) -> bool:
        """It has another name now: nobody wrote it under this one since."""
        return self.renamed_at is not None and self.renamed_at >= (self.written_at or 0)

    @property
    def floor(self) -> int:
        """Edges of the job that were last stated before this moment are history."""
        return max(self.done_from if self.done_from is not None else NEVER, self.declared_at or NEVER)

    def row(self) -> tuple[Any, ...]:
        return (*_node_values(self), orjson.dumps(self.said_at).decode())


@dataclass(slots=True, eq=False)
class RunRow:
    """A row of ``lineage_runs``."""

    id: int
    run: str
    job_id: int
    state: str
    state_key: str
    first_at: int
    last_at: int
    ended_at: int | None = None
    completed_at: int | None = None
    nominal_start: int | None = None
    nominal_end: int | None = None
    parent_run: str | None = None
    touches: bool = False

    def row(self) -> tuple[Any, ...]:
        return _run_values(self)


_node_values: Callable[[Node], tuple[Any, ...]] = attrgetter(*[one.name for one in tables.nodes.c][:-1])
_run_values: Callable[[RunRow], tuple[Any, ...]] = attrgetter(*[one.name for one in tables.runs.c])

_nodes, _facets = tables.nodes.c, tables.facets.c
_NODES = select(tables.nodes).where(
    tuple_(_nodes.kind, _nodes.namespace, _nodes.name).in_(bindparam("keys", expanding=True))
)
_FACETS = select(_facets.node_id, _facets.name, _facets.job_id, _facets.digest).where(
    _facets.node_id.in_(bindparam("nodes", expanding=True))
)


@dataclass(eq=False)
class Known:
    """The nodes that writers of one database know; to be used by whoever holds ``lock`` and the write transaction."""

    lock: Lock = field(default_factory=Lock)
    nodes: dict[NodeKey, Node] = field(default_factory=dict)
    fresh: dict[int, Node] = field(default_factory=dict)  # not in the database yet
    texts: set[bytes] = field(default_factory=set)  # digests that are in the database
    mark: tuple[str, int] = ("", 0)

    def begin(self, epoch: str, generation: int) -> None:
        """Forget what may have changed if somebody else wrote since; texts do not change."""
        if self.mark != (epoch, generation) or len(self.nodes) > _MOST_NODES:
            self.nodes.clear()
        if self.mark[0] != epoch or len(self.texts) > _MOST_TEXTS:
            self.texts.clear()

    def forget(self) -> None:
        self.nodes.clear()
        self.fresh.clear()
        self.texts.clear()
        self.mark = ("", 0)

    def load(self, conn: Connection, keys: Collection[NodeKey]) -> list[NodeKey]:
        """Read nodes that are not known yet; returns those that do not exist."""
        for part in chunks(keys, AT_ONCE):
            self._load(conn, part)
        return [key for key in keys if key not in self.nodes]

    def _load(self, conn: Connection, keys: Sequence[NodeKey]) -> None:
        found: dict[int, Node] = {}
        for row in conn.execute(_NODES, {"keys": [tuple(key) for key in keys]}).mappings():
            node = Node(**{**row, "said_at": orjson.loads(row["said_at"])})
            found[node.id] = node
        for told in conn.execute(_FACETS, {"nodes": list(found)}) if found else ():
            found[told.node_id].digests[slot(told.name, told.job_id)] = bytes(told.digest)
        for node in found.values():
            self.nodes[NodeKey(node.kind, node.namespace, node.name)] = node


def slot(facet: str, job_id: int) -> str:
    """Under which word ``said_at`` keeps a facet."""
    return f"@{job_id}" if job_id else f":{facet}"


def chunks(values: Iterable[T], size: int) -> Iterator[list[T]]:
    """The values in lists of at most ``size``."""
    rest = iter(values)
    while part := list(islice(rest, size)):
        yield part


_KNOWN: WeakKeyDictionary[Engine, Known] = WeakKeyDictionary()
_FIRST = Lock()


def known_of(engine: Engine) -> Known:
    """What writers of this process know of the database."""
    with _FIRST:
        return _KNOWN.setdefault(engine, Known())
