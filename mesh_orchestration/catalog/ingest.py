"""Taking events: validated, kept once, durable before the answer.

Writers take turns at one row of the database; what they know of nodes they keep between batches (known.py), fold the
events into it (fold.py) and write what changed.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, bindparam, delete, select, tuple_, update

from mesh_orchestration.catalog import tables_lineage as tables
from mesh_orchestration.catalog import upkeep
from mesh_orchestration.catalog.collection import no_collection
from mesh_orchestration.catalog.fold import Fold, state_key
from mesh_orchestration.catalog.known import AT_ONCE, NEVER, Known, Node, RunRow, chunks, known_of
from mesh_orchestration.catalog.lineage_model import NodeKey
from mesh_orchestration.catalog.openlineage import DATASET_EVENT, ENDS, Event
from mesh_orchestration.catalog.received import Received, received
from mesh_orchestration.catalog.store import Catalog
from mesh_orchestration.catalog.texts import facet_query
from mesh_orchestration.moments import microseconds

_AT_MOST = 2_000  # events a transaction: others wait no longer than this takes
_STATE = select(tables.state).with_for_update()
_NEXT = update(tables.state)
_KEPT = select(tables.events.c.digest).where(
    tuple_(tables.events.c.at, tables.events.c.digest).in_(bindparam("keys", expanding=True))
)
_RUNS = select(tables.runs).where(tables.runs.c.run.in_(bindparam("runs", expanding=True)))


@dataclass(frozen=True)
class Refused:
    """Which event of the list was not taken, and why."""

    index: int
    reason: str


@dataclass(frozen=True)
class Ingested:
    """How many events were new, how many were known before; those refused leave no trace."""

    accepted: int
    repeated: int
    refused: tuple[Refused, ...]


def ingest(catalog: Catalog, documents: Sequence[Mapping[str, Any]]) -> Ingested:
    """Take OpenLineage events (RunEvent, JobEvent, DatasetEvent); what was accepted is durable when this returns.

    The same event may come again, late and in any order. Raises StorageError when the catalog cannot be used.
    """
    return keep(catalog, received(documents))


def keep(catalog: Catalog, documents: Sequence[Received]) -> Ingested:
    """The same of events that were read before."""
    events: dict[bytes, Event] = {}
    refused = []
    with no_collection():
        for index, event in enumerate(documents):
            if isinstance(event, str):
                refused.append(Refused(index, event))
            else:
                events.setdefault(event.digest, event)
        accepted = sum(_write(catalog, part) for part in chunks(events.values(), _AT_MOST))
    return Ingested(accepted, len(documents) - len(refused) - accepted, tuple(refused))


def erase(catalog: Catalog) -> None:
    """Forget all lineage, before it is told anew."""
    with catalog.writing() as conn:
        for table in reversed(tables.metadata.sorted_tables):
            if table is not tables.state:
                conn.execute(delete(table))
        conn.execute(update(tables.state).values(epoch=uuid.uuid4().hex, generation=0, shape=0))


def _write(catalog: Catalog, events: Sequence[Event]) -> int:
    """Write the events that are new, in one transaction; returns how many."""
    known = known_of(catalog.engine)
    with known.lock:
        try:
            with catalog.writing() as conn:
                batch = _Batch(conn, known)
                new = batch.unknown(events)
                if new:
                    batch.write(new)
        except BaseException:
            known.forget()
            raise
        if new:
            known.mark = (batch.epoch, batch.generation)
    return len(new)


class _Batch:
    """One transaction of a writer, which holds the state row until it ends."""

    def __init__(self, conn: Connection, known: Known) -> None:
        state = conn.execute(_STATE).one()
        known.begin(state.epoch, state.generation)
        self._conn, self._known = conn, known
        self.epoch, self.generation, self._shape = state.epoch, state.generation, state.shape
        self._node, self._run, self._event = state.next_node, state.next_run, state.next_event
        self._runs: dict[str, RunRow] = {}  # those that the events tell of

    def unknown(self, events: Sequence[Event]) -> list[Event]:
        """Those events that are not kept yet; of a run that is not known, none is."""
        for runs in chunks({event.run for event in events if event.run}, AT_ONCE):
            for row in self._conn.execute(_RUNS, {"runs": runs}).mappings():
                self._runs[row["run"]] = RunRow(**row)
        doubtful = [(event.at, event.digest) for event in events if not event.run or event.run in self._runs]
        kept: set[bytes] = set()
        for part in chunks(doubtful, AT_ONCE):
            kept.update(bytes(row[0]) for row in self._conn.execute(_KEPT, {"keys": part}))
        return [event for event in events if event.digest not in kept]

    def write(self, events: Sequence[Event]) -> None:
        """Keep the events, and all that follows from them."""
        self.generation += 1
        self.require(_keys(events))
        runs = self._told_of(events)
        fold = Fold(self._known.nodes, self._stored)
        fold.runs = runs
        rows = []
        received = microseconds(datetime.now(UTC))
        for event in events:
            run = runs.get(event.run)
            fold.add(event, self._event, run)
            rows.append(self._row(event, received, run))
            self._event += 1
        if upkeep.write(self._conn, fold, self._known, self.require, self.generation):
            self._shape = self.generation
        upkeep.keep(self._conn, self._known.texts, (facet for event in events for facet in event.long))
        upkeep.insert(self._conn, tables.events, rows)
        self._conn.execute(_NEXT, {
            "generation": self.generation, "shape": self._shape,
            "next_node": self._node, "next_run": self._run, "next_event": self._event,
        })  # fmt: skip

    def require(self, keys: Iterable[tuple[NodeKey, int]]) -> None:
        """Make sure that the nodes are known; those that do not exist begin at the time given."""
        nodes = self._known.nodes
        wanted = {key: at for key, at in keys if key not in nodes}
        all_known = len(nodes) == self._node - 1  # they are numbered from 1
        for key in wanted if all_known else self._known.load(self._conn, wanted):
            at = wanted[key]
            node = Node(self._node, key.kind, key.namespace, key.name, created_at=at, updated_at=NEVER)
            self._known.nodes[key] = self._known.fresh[node.id] = node
            self._node += 1

    def _row(self, event: Event, received: int, run: RunRow | None) -> upkeep.Row:
        subject = event.outputs[0].key if event.kind == DATASET_EVENT else event.job
        assert subject is not None
        about = self._known.nodes[subject].id
        run_id = run.id if run else None
        return self._event, event.digest, event.at, received, event.kind, about, run_id, event.body

    def _told_of(self, events: Sequence[Event]) -> dict[str, RunRow]:
        """The rows of the runs that the events tell of."""
        first = {event.run: event for event in reversed(events) if event.run}
        found = {run: row for run, row in self._runs.items() if run in first}
        for run, event in first.items():
            if run not in found:
                assert event.job is not None
                job, at = self._known.nodes[event.job], event.at
                ended = at if event.state in ENDS else None
                key = state_key(event.state, at)
                found[run] = RunRow(self._run, run, job.id, event.state, key, at, at, ended_at=ended)
                self._run += 1
        return found

    def _stored(self, key: tuple[int, str, int]) -> bytes:
        kept = tables.facets.c
        named = (kept.node_id == key[0], kept.name == key[1], kept.job_id == key[2])
        return str(self._conn.execute(facet_query().where(*named)).one().body).encode()


def _keys(events: Iterable[Event]) -> Iterable[tuple[NodeKey, int]]:
    """The nodes that the events name, and when."""
    for event in events:
        at = event.at
        if event.job:
            yield event.job, at
        for said in event.inputs:
            yield said.key, at
        for said in event.outputs:
            yield said.key, at
