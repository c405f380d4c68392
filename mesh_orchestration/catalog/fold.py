"""Folding events into what is known: the result is the same in whatever order they come, and however often.

Of each thing that events say, what was said last counts, by event time; of two said at one moment the one whose text is
greater. A run's state is that of the last event that ends it, else of the last that starts or continues it. A job reads
and writes what its last completed run stated, and what was stated since that run began.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import orjson

from mesh_orchestration.catalog.envelope import NotAnEvent
from mesh_orchestration.catalog.facets import Facet, facet_of
from mesh_orchestration.catalog.known import NEVER, WRITES, Node, RunRow, slot
from mesh_orchestration.catalog.lineage_model import NodeKey
from mesh_orchestration.catalog.openlineage import (
    DATASET_EVENT,
    ENDS,
    JOB_EVENT,
    RUN_EVENT,
    STATES,
    VERSION,
    Event,
    Said,
    Told,
    read_time,
)

COLUMNS, PARENT = "columnLineage", "parent"
MENTIONING = frozenset({COLUMNS, PARENT})  # facets that name other nodes
_PAST = 2**62
_LATEST = 7 * 86_400_000_000  # microseconds: how late an event may come and still find the edges of then
_LIVE = frozenset({"COMPLETE", "RUNNING"})

FacetKey = tuple[int, str, int]
"""Node, name of the facet, and the job that tells it where that matters (else 0)."""


class Fold:
    """The changes of one batch. ``stored`` gives the text of a facet that is in the database."""

    def __init__(self, nodes: Mapping[NodeKey, Node], stored: Callable[[FacetKey], bytes]) -> None:
        self._nodes, self._stored = nodes, stored
        self.touched: dict[int, Node] = {}
        self.runs: dict[str, RunRow] = {}
        self.facets: dict[FacetKey, tuple[Node, Facet]] = {}
        self._before: dict[int, dict[str, bool]] = {}
        self.versions: dict[tuple[int, str], tuple[int, int | None, int, str | None]] = {}
        self.mentions: list[tuple[int, str, Facet]] = []
        self.renames: list[tuple[int, NodeKey, Node]] = []
        self.reshaped = False

    def add(self, event: Event, event_id: int, run: RunRow | None) -> None:
        """Fold one event; ``run`` is the row of its run, which it may change."""
        job = self._touch(self._nodes[event.job], event.at) if event.job else None
        if job:
            self._facets(job, event.job_facets, event.at)
            if event.parent:
                above = event.parent[0]
                named = orjson.dumps({"name": above.name, "namespace": above.namespace})
                self._facets(job, {PARENT: facet_of(named)}, event.at)
        if event.kind == RUN_EVENT and run and job:
            self._run(run, job, event)
        elif event.kind == JOB_EVENT and job and (event.inputs or event.outputs):
            job.declared_at = max(event.at, job.declared_at or event.at)
        self._inputs(event, job)
        for said in event.outputs:
            self._output(event, said, job, (run.id if run else None, event_id))

    def edges(self) -> dict[tuple[int, int, bool], bool]:
        """Which edges (job, dataset, whether it writes) became current or history."""
        found = {}
        for job, before in ((self.touched[number], known) for number, known in self._before.items()):
            after = _edges(job)
            for word, current in after.items():
                if current != before.get(word, False):
                    found[job.id, int(word[1:]), word[0] == WRITES] = current
            for word in [word for word in after if job.said_at[word] < job.floor - _LATEST]:
                del job.said_at[word]
        return found

    def _touch(self, node: Node, at: int) -> Node:
        if node.id not in self.touched:
            self.touched[node.id] = node
            if node.kind == "job":
                self._before[node.id] = _edges(node)
        node.created_at = min(node.created_at, at)
        node.updated_at = max(node.updated_at, at)
        return node

    def _inputs(self, event: Event, job: Node | None) -> None:
        at, nodes = event.at, self._nodes
        said_at = job.said_at if job else {}
        for key, own, *_ in event.inputs:
            node = nodes[key]
            if own:
                self._facets(self._touch(node, at), own, at)
            elif at < node.created_at:  # to be read alone changes nothing else of a dataset
                node.created_at = at
                self.touched[node.id] = node
            word = node.read
            if said_at.get(word, NEVER) < at:
                said_at[word] = at

    def _run(self, run: RunRow, job: Node, event: Event) -> None:
        at = event.at
        if at < run.first_at:
            run.first_at, run.job_id = at, job.id
        run.last_at = max(run.last_at, at)
        key = state_key(event.state, at)
        if key > run.state_key:
            run.state, run.state_key = event.state, key
            run.ended_at = at if event.state in ENDS else None
        if event.state == "COMPLETE":
            run.completed_at = max(at, run.completed_at or at)
        if event.nominal:
            run.nominal_start = _greater(run.nominal_start, event.nominal[0])
            run.nominal_end = _greater(run.nominal_end, event.nominal[1])
        if event.parent:
            run.parent_run = max(run.parent_run or "", event.parent[1])
        run.touches = run.touches or bool(event.inputs or event.outputs)
        if run.completed_at is not None and run.touches:
            _done(job, run)

    def _output(self, event: Event, said: Said, job: Node | None, where: tuple[int | None, int]) -> None:
        node = self._touch(self._nodes[said.key], event.at)
        told_by = job.id if job else 0
        self._facets(node, said.own, event.at, told_by)
        if job and job.said_at.get(node.written, NEVER) < event.at:
            job.said_at[node.written] = event.at
        was_renamed = node.renamed
        if said.change == "DROP":
            node.dropped_at = max(event.at, node.dropped_at or event.at)
        elif event.state in _LIVE:
            node.written_at = max(event.at, node.written_at or event.at)
        if said.change == "RENAME" and said.former:
            self.renames.append((event.at, said.former, node))
        self.reshaped = self.reshaped or was_renamed != node.renamed
        self._version(event, said, node, where)

    def _version(self, event: Event, said: Said, node: Node, where: tuple[int | None, int]) -> None:
        named_version = said.version.replace("\0", "")[:600]
        if event.state == "COMPLETE" or (event.kind == DATASET_EVENT and named_version):
            version = named_version or event.run
            key, found = (node.id, version), (event.at, *where, said.change)
            if key not in self.versions or found[0] < self.versions[key][0]:
                self.versions[key] = found
            if node.version_at is None or (event.at, version) > (node.version_at, node.version):
                node.version_at, node.version = event.at, version

    def _facets(self, node: Node, said: Told, at: int, told_by: int = 0) -> None:
        for name, facet in said.items():
            if name == VERSION:  # told by lineage_versions
                continue
            job_id = told_by if name == COLUMNS else 0
            word = slot(name, job_id)
            before = node.said_at.get(word)
            same = node.digests.get(word) == facet.digest
            if name in MENTIONING and not (same and before is not None and before <= at):
                self.mentions.append((at, name, facet))
            if before is not None and before > at:
                continue
            if not same:
                key = (node.id, name, job_id)
                if before == at and facet.text < self._text(key):
                    continue
                self.facets[key] = (node, facet)
                node.digests[word] = facet.digest
            node.said_at[word] = at

    def _text(self, key: FacetKey) -> bytes:
        return self.facets[key][1].text if key in self.facets else self._stored(key)


def _edges(job: Node) -> dict[str, bool]:
    """Each edge that the job remembers, and whether it is current."""
    floor = job.floor
    return {word: at >= floor for word, at in job.said_at.items() if word[0] in "<>"}


def state_key(state: str, at: int) -> str:
    """Orders what events say of a run's state: an end before anything else, then time, then the state."""
    rank = 2 if state in ENDS else 0 if state == "OTHER" else 1
    return f"{rank}{at + _PAST:019d}{STATES.index(state)}"


def _done(job: Node, run: RunRow) -> None:
    """Remember the run if it is the last of the job that completed."""
    if job.done_at is None or (run.completed_at or 0, run.run) >= (job.done_at, job.done_run or ""):
        job.done_at, job.done_run, job.done_from = run.completed_at, run.run, run.first_at
    elif job.done_run == run.run:
        job.done_from = run.first_at


def _greater(known: int | None, said: Any) -> int | None:
    try:
        told = read_time(said, "")
    except NotAnEvent:
        return known
    return told if known is None else max(known, told)
