"""One OpenLineage event, read and checked: what its text must have, whoever produced it.

Source: OpenLineage's specification 2-0-2 (RunEvent, JobEvent, DatasetEvent). Unknown facets and keys are kept.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from hashlib import blake2b
from typing import Any, NamedTuple

import orjson

from mesh_orchestration.catalog.lineage_model import Kind, NodeKey
from mesh_orchestration.moments import microseconds

RUN_EVENT, JOB_EVENT, DATASET_EVENT = 1, 2, 3
STATES = ("OTHER", "START", "RUNNING", "ABORT", "FAIL", "COMPLETE")  # of two at one moment the later one here counts
ENDS = frozenset({"ABORT", "FAIL", "COMPLETE"})
VERSION, LIFECYCLE = "version", "lifecycleStateChange"
MOST_NAME = 1_200  # bytes of a name: two of them fit into an index of PostgreSQL
_DIGEST_BYTES = 16
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_NOTHING: Mapping[str, bytes] = {}
_MOST_KEPT = 30_000  # names that were looked at and need not be looked at again


class NotAnEvent(ValueError):
    """The document is no event of OpenLineage; the message says where and what was expected."""


Texts = Mapping[str, bytes]
"""Facets by their names, each as canonical JSON: what is small and flat stays where it is read, a parsed facet would
lie all over the memory."""


class Said(NamedTuple):
    """What an event says of a dataset: ``own`` are its dataset facets; what follows is said of outputs alone, and is
    in these facets too: the version, what became of the dataset, and what it was called before."""

    key: NodeKey
    own: Texts = _NOTHING
    version: str = ""
    change: str | None = None
    former: NodeKey | None = None


class Event(NamedTuple):
    """``at`` is in microseconds since 1970; ``digest`` and ``body`` are of the canonical JSON; ``state``, ``run``,
    ``job``, ``nominal`` (start and end) and ``parent`` are empty where the kind of event has none."""

    kind: int
    at: int
    digest: bytes
    body: str
    state: str
    run: str
    job: NodeKey | None
    job_facets: Texts
    nominal: tuple[Any, Any] | None
    parent: tuple[NodeKey, str] | None
    inputs: Sequence[Said]
    outputs: Sequence[Said]


def read_event(document: Any) -> Event:
    """The event that a JSON document is; raises NotAnEvent."""
    if not isinstance(document, dict):
        raise NotAnEvent(f"an event is an object, not {_kind(document)}")
    if not isinstance(document.get("producer"), str):
        raise NotAnEvent("producer: the URI of what made the event is missing")
    at = read_time(document.get("eventTime"), "eventTime")
    if "run" in document:
        return _run_event(document, at)
    if "job" in document:
        key, facets = _job(document["job"])
        inputs, outputs = _inputs(document), _outputs(document)
        return Event(JOB_EVENT, at, *canonical(document), "", "", key, facets, None, None, inputs, outputs)
    if "dataset" in document:
        said = _output(document["dataset"], "dataset")
        return Event(DATASET_EVENT, at, *canonical(document), "", "", None, _NOTHING, None, None, (), (said,))
    raise NotAnEvent("it has neither run, job nor dataset: it must be a RunEvent, a JobEvent or a DatasetEvent")


def canonical(document: Any) -> tuple[bytes, str]:
    """Digest and text of a document, the same in whatever order its keys come; raises NotAnEvent."""
    body = _text(document)
    return blake2b(body, digest_size=_DIGEST_BYTES).digest(), body.decode()


def _text(value: Any) -> bytes:
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    except TypeError as error:
        raise NotAnEvent(f"it cannot be kept as JSON: {error}") from error


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
    if not isinstance(value, dict):
        return None
    namespace, name = value.get("namespace"), value.get("name")
    return _node(kind, namespace, name) if isinstance(namespace, str) and isinstance(name, str) else None


@lru_cache(_MOST_KEPT)
def _node(kind: Kind, namespace: str, name: str) -> NodeKey | None:
    return NodeKey(kind, namespace, name) if _is_name(namespace) and _is_name(name) else None


def _run_event(document: Mapping[str, Any], at: int) -> Event:
    state = document.get("eventType") or "OTHER"
    if state not in STATES:
        raise NotAnEvent(f"eventType: {_shown(state)} is none of {', '.join(sorted(STATES))}")
    run = document["run"]
    identity = run.get("runId") if isinstance(run, dict) else None
    if not isinstance(identity, str) or not _UUID.fullmatch(identity):
        raise NotAnEvent(f"run.runId: {_shown(identity)} is not a UUID")
    if "job" not in document:
        raise NotAnEvent("job: a RunEvent names its job")
    key, facets = _job(document["job"])
    about = _checked(run, "run")
    nominal = about.get("nominalTime")
    return Event(
        RUN_EVENT, at, *canonical(document), state, identity.lower(), key, facets,
        (nominal.get("nominalStartTime"), nominal.get("nominalEndTime")) if nominal else None,
        _parent(about.get("parent")), _inputs(document), _outputs(document),
    )  # fmt: skip


def _parent(facet: Any) -> tuple[NodeKey, str] | None:
    """Job and run of the parent facet, as far as it names both."""
    if not isinstance(facet, dict):
        return None
    job, run = named(facet.get("job"), "job"), facet.get("run")
    identity = run.get("runId") if isinstance(run, dict) else None
    return (job, identity.lower()) if job and isinstance(identity, str) and _UUID.fullmatch(identity) else None


def _job(said: Any) -> tuple[NodeKey, Texts]:
    if key := named(said, "job"):
        return key, _texts(_checked(said, "job"))
    raise NotAnEvent(f"job: namespace and name are needed, each a text of 1 to {MOST_NAME} bytes")


def _inputs(document: Mapping[str, Any]) -> Sequence[Said]:
    return [_input(one, index) for index, one in enumerate(_listed(document, "inputs"))]


def _input(said: Any, index: int) -> Said:
    key = named(said, "dataset")
    if key and not said.get("facets"):
        return _read(key)
    return Said(*_dataset(said, f"inputs[{index}]")[:2])


_read = lru_cache(_MOST_KEPT)(Said)
"""A dataset of which nothing is said but that it is read."""


def _outputs(document: Mapping[str, Any]) -> Sequence[Said]:
    return [_output(one, f"outputs[{index}]") for index, one in enumerate(_listed(document, "outputs"))]


def _output(said: Any, where: str) -> Said:
    key, texts, facets = _dataset(said, where)
    version = change = former = None
    if facet := facets.get(VERSION):
        version = facet.get("datasetVersion")
    if facet := facets.get(LIFECYCLE):
        change, former = facet.get(LIFECYCLE), named(facet.get("previousIdentifier"), "dataset")
    return Said(
        key, texts, version if isinstance(version, str) else "", change if isinstance(change, str) else None, former
    )


def _listed(document: Mapping[str, Any], part: str) -> Sequence[Any]:
    found = document.get(part) or ()
    if found and not isinstance(found, list):
        raise NotAnEvent(f"{part}: a list of datasets is expected, not {_kind(found)}")
    return found


def _dataset(said: Any, where: str) -> tuple[NodeKey, Texts, Mapping[str, Any]]:
    """The dataset, and its facets as they are kept and as they are."""
    key = named(said, "dataset")
    if key is None:
        raise NotAnEvent(f"{where}: namespace and name are needed, each a text of 1 to {MOST_NAME} bytes")
    facets = _checked(said, where)
    return key, _texts(facets), facets


def _texts(facets: Mapping[str, Any]) -> Texts:
    return {name: _text(facet) for name, facet in facets.items()}


def _checked(owner: Mapping[str, Any], where: str) -> Mapping[str, Any]:
    """The facets of a run, a job or a dataset; raises NotAnEvent."""
    found = owner.get("facets")
    if not found:
        return _NOTHING
    if not isinstance(found, dict):
        raise NotAnEvent(f"{where}.facets: an object is expected, not {_kind(found)}")
    for name, facet in found.items():
        if not isinstance(facet, dict):
            raise NotAnEvent(f"{where}.facets.{name}: a facet is an object, not {_kind(facet)}")
        if not _is_name(name):
            raise NotAnEvent(f"{where}.facets: {_shown(name)} is no name of a facet")
    return found


def _is_name(value: Any) -> bool:
    return (
        isinstance(value, str)
        and 0 < len(value) <= MOST_NAME
        and "\0" not in value
        and (value.isascii() or len(value.encode(errors="replace")) <= MOST_NAME)
    )


def _kind(value: Any) -> str:
    names = {dict: "an object", list: "a list", str: "a text", bool: "a truth value", type(None): "nothing"}
    return names.get(type(value), "a number" if isinstance(value, int | float) else type(value).__name__)


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:80]}…"
