"""One OpenLineage event, read and checked: what its text must have, whoever produced it.

Source: OpenLineage's specification 2-0-2 (RunEvent, JobEvent, DatasetEvent). Unknown facets and keys are kept.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

from msgspec import UNSET, Raw

from mesh_orchestration.catalog.envelope import (
    NOTHING,
    Dataset,
    Envelope,
    NotAnEvent,
    Run,
    read_envelope,
    read_inputs,
    read_job,
    written,
)
from mesh_orchestration.catalog.facets import Facet, NoFacet, Recent, digest_of, facet_of
from mesh_orchestration.catalog.lineage_model import Kind, NodeKey
from mesh_orchestration.moments import microseconds

RUN_EVENT, JOB_EVENT, DATASET_EVENT = 1, 2, 3
STATES = ("OTHER", "START", "RUNNING", "ABORT", "FAIL", "COMPLETE")  # of two at one moment the later one here counts
ENDS = frozenset({"ABORT", "FAIL", "COMPLETE"})
VERSION, LIFECYCLE = "version", "lifecycleStateChange"
MOST_NAME = 1_200  # bytes of a name: two of them fit into an index of PostgreSQL
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_MOST_KEPT = 30_000  # names that were looked at and need not be looked at again

Told = Mapping[str, Facet]
"""Facets by their names."""
_NOTHING: Told = {}


class Said(NamedTuple):
    """What an event says of a dataset: ``own`` are its dataset facets; what follows is said of outputs alone, and is
    in these facets too: the version, what became of the dataset, and what it was called before."""

    key: NodeKey
    own: Told = _NOTHING
    version: str = ""
    change: str | None = None
    former: NodeKey | None = None


class Event(NamedTuple):
    """``at`` is in microseconds since 1970; ``body`` is canonical JSON with the digests of ``long`` facets in place of
    these, ``digest`` that of the body; ``state``, ``run``, ``job``, ``nominal`` (start and end) and ``parent`` are
    empty where the kind of event has none."""

    kind: int
    at: int
    digest: bytes
    body: str
    long: Sequence[Facet]
    state: str
    run: str
    job: NodeKey | None
    job_facets: Told
    nominal: tuple[Any, Any] | None
    parent: tuple[NodeKey, str] | None
    inputs: Sequence[Said]
    outputs: Sequence[Said]


def read_event(raw: bytes) -> Event:
    """The event that a JSON document is; raises NotAnEvent, and JSONDecodeError."""
    said, rest = read_envelope(raw)
    if not isinstance(said.producer, str):
        raise NotAnEvent("producer: the URI of what made the event is missing")
    at = read_time(said.event_time, "eventTime")
    long: list[Facet] = []
    kind, state, run = RUN_EVENT, "", ""
    job, inputs, nominal, parent = _NO_JOB, _NO_INPUTS, None, None
    if said.run is not UNSET:
        state, run, nominal, parent = _run(said, long)
    elif said.job is not NOTHING:
        kind = JOB_EVENT
    elif said.dataset is not UNSET:
        kind = DATASET_EVENT
    else:
        raise NotAnEvent("it has neither run, job nor dataset: it must be a RunEvent, a JobEvent or a DatasetEvent")
    if kind == DATASET_EVENT:
        outputs: Sequence[Said] = [_output(said.dataset, "dataset", long)]
    else:
        job = _job_of(bytes(said.job))
        said.job = job.inline
        if said.inputs is not NOTHING:
            inputs = _inputs_of(bytes(said.inputs))
            said.inputs = inputs.inline
        outputs = [_output(one, f"outputs[{index}]", long) for index, one in enumerate(said.outputs or ())]
    body = written(said, rest)
    long += (*job.long, *inputs.long)
    return Event(
        kind, at, digest_of(body), body.decode(), long, state, run, job.key, job.facets, nominal, parent, inputs.said,
        outputs,
    )  # fmt: skip


def read_time(value: Any, where: str) -> int:
    """Microseconds since 1970 of a date-time with a zone; raises NotAnEvent."""
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise NotAnEvent(f"{where}: {_shown(value)} is not a date-time such as 2026-01-31T09:30:00Z") from None
    if moment.tzinfo is None:
        raise NotAnEvent(f"{where}: {_shown(value)} has no time zone; write 2026-01-31T09:30:00Z")
    return microseconds(moment)


def named(value: Any, kind: Kind) -> NodeKey | None:
    """The node that ``{namespace, name}`` somewhere in a facet names, if it does."""
    return _key(kind, value.get("namespace"), value.get("name")) if isinstance(value, dict) else None


def _key(kind: Kind, namespace: Any, name: Any) -> NodeKey | None:
    return _node(kind, namespace, name) if isinstance(namespace, str) and isinstance(name, str) else None


@lru_cache(_MOST_KEPT)
def _node(kind: Kind, namespace: str, name: str) -> NodeKey | None:
    return NodeKey(kind, namespace, name) if _is_name(namespace) and _is_name(name) else None


def _run(said: Envelope, long: list[Facet]) -> tuple[str, str, tuple[Any, Any] | None, tuple[NodeKey, str] | None]:
    """State, run, nominal time and parent."""
    state = said.event_type or "OTHER"
    if state not in STATES:
        raise NotAnEvent(f"eventType: {_shown(state)} is none of {', '.join(sorted(STATES))}")
    run = said.run
    identity = run.run_id if isinstance(run, Run) else None
    if not isinstance(run, Run) or not _is_uuid(identity):
        raise NotAnEvent(f"run.runId: {_shown(identity)} is not a UUID")
    if said.job is NOTHING:
        raise NotAnEvent("job: a RunEvent names its job")
    about = _facets(run.facets, "run.facets", long)
    nominal = about["nominalTime"].value if "nominalTime" in about else None
    return (
        state, str(identity).lower(),
        (nominal.get("nominalStartTime"), nominal.get("nominalEndTime")) if nominal else None,
        _parent(about["parent"].value) if "parent" in about else None,
    )  # fmt: skip


def _parent(facet: Mapping[str, Any]) -> tuple[NodeKey, str] | None:
    """Job and run of the parent facet, as far as it names both."""
    job, run = named(facet.get("job"), "job"), facet.get("run")
    identity = run.get("runId") if isinstance(run, dict) else None
    return (job, str(identity).lower()) if job and _is_uuid(identity) else None


class _JobPart(NamedTuple):
    """A job as events tell it; ``inline`` is its text in the body."""

    key: NodeKey | None
    facets: Told
    inline: Raw
    long: Sequence[Facet]


class _InputsPart(NamedTuple):
    """Likewise what events read."""

    said: Sequence[Said]
    inline: Raw
    long: Sequence[Facet]


_NO_JOB = _JobPart(None, _NOTHING, NOTHING, ())
_NO_INPUTS = _InputsPart((), NOTHING, ())


def _job(raw: bytes) -> _JobPart:
    said, rest = read_job(raw)
    key = _key("job", said.namespace, said.name)
    if key is None:
        raise NotAnEvent(f"job: namespace and name are needed, each a text of 1 to {MOST_NAME} bytes")
    long: list[Facet] = []
    facets = _facets(said.facets, "job.facets", long)
    return _JobPart(key, facets, Raw(written(said, rest)), long)


def _inputs(raw: bytes) -> _InputsPart:
    said, rest = read_inputs(raw)
    long: list[Facet] = []
    found = [_input(one, index, long) for index, one in enumerate(said)]
    return _InputsPart(found, Raw(written(said, rest)), long)


_job_of = Recent(_job, 8_000_000).find
_inputs_of = Recent(_inputs, 32_000_000).find


def _input(said: Dataset, index: int, long: list[Facet]) -> Said:
    if not said.facets and not said.input_facets and (key := _key("dataset", said.namespace, said.name)):
        return _read(key)
    return Said(*_dataset(said, f"inputs[{index}]", long))


_read = lru_cache(_MOST_KEPT)(Said)
"""A dataset of which nothing is said but that it is read."""


def _output(said: Any, where: str, long: list[Facet]) -> Said:
    key, own = _dataset(said, where, long)
    version = change = former = None
    if facet := own.get(VERSION):
        version = facet.value.get("datasetVersion")
    if facet := own.get(LIFECYCLE):
        told = facet.value
        change, former = told.get(LIFECYCLE), named(told.get("previousIdentifier"), "dataset")
    return Said(
        key, own, version if isinstance(version, str) else "", change if isinstance(change, str) else None, former
    )


def _dataset(said: Any, where: str, long: list[Facet]) -> tuple[NodeKey, Told]:
    """The dataset and its own facets."""
    key = _key("dataset", said.namespace, said.name) if isinstance(said, Dataset) else None
    if key is None:
        raise NotAnEvent(f"{where}: namespace and name are needed, each a text of 1 to {MOST_NAME} bytes")
    for facets, place in ((said.input_facets, "inputFacets"), (said.output_facets, "outputFacets")):
        if facets:
            _facets(facets, f"{where}.{place}", long)
    return key, _facets(said.facets, f"{where}.facets", long)


def _facets(said: Any, where: str, long: list[Facet]) -> Told:
    """The facets of a run, a job or a dataset. In their place stands from now on what stands for them in the text of
    the event; those that are not in it are added to ``long``. Raises NotAnEvent."""
    if not said:
        return _NOTHING
    found = {}
    for name, raw in said.items():
        try:
            facet = facet_of(bytes(raw))
        except NoFacet as error:
            raise NotAnEvent(f"{where}.{name}: {error}") from None
        if not _is_name(name):
            raise NotAnEvent(f"{where}: {_shown(name)} is no name of a facet")
        found[name] = facet
        said[name] = facet.inline
        if facet.is_long:
            long.append(facet)
    return found


def _is_uuid(value: Any) -> bool:
    return isinstance(value, str) and bool(_UUID.fullmatch(value))


@lru_cache(_MOST_KEPT)
def _is_name(value: str) -> bool:
    return 0 < len(value) <= MOST_NAME and "\0" not in value and len(value.encode(errors="replace")) <= MOST_NAME


def _shown(value: Any) -> str:
    text = repr(None if value is UNSET else value)
    return text if len(text) <= 80 else f"{text[:80]}…"
