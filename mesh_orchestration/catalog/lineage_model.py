"""What readers of lineage get: plain frozen values. Times are aware datetimes in UTC."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, Literal, NamedTuple, TypeVar

Kind = Literal["dataset", "job"]
Direction = Literal["up", "down", "both"]
Facets = Mapping[str, Mapping[str, Any]]
T = TypeVar("T")


@dataclass(frozen=True)
class Page(Generic[T]):
    """A part of a list, and how long the whole list is."""

    items: tuple[T, ...]
    total: int


class NodeKey(NamedTuple):
    """A dataset or a job by its name."""

    kind: Kind
    namespace: str
    name: str

    def __str__(self) -> str:
        """``dataset:<namespace>:<name>``, as Marquez's API writes it."""
        return f"{self.kind}:{self.namespace}:{self.name}"


class ColumnKey(NamedTuple):
    """A column of a dataset."""

    namespace: str
    name: str
    field: str

    @property
    def dataset(self) -> NodeKey:
        return NodeKey("dataset", self.namespace, self.name)


@dataclass(frozen=True)
class Namespace:
    name: str
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True)
class Field:
    """A column; ``tags`` are those about this column, as ``key`` or ``key=value``."""

    name: str
    type: str
    description: str
    tags: tuple[str, ...]


@dataclass(frozen=True)
class Owner:
    name: str
    type: str


@dataclass(frozen=True)
class Tag:
    """``key`` and ``value`` of the tags facet (``true`` where none was given); ``field`` is empty for the whole
    dataset or job; ``uses`` counts them in a list of all tags."""

    key: str
    value: str
    field: str = ""
    source: str = ""
    uses: int = 1

    @property
    def label(self) -> str:
        """``key`` alone, or ``key=value`` where the value says more than that it is set."""
        return self.key if self.value in {"", "true"} else f"{self.key}={self.value}"


@dataclass(frozen=True)
class Dataset:
    """``updated_at`` is when it was last written or described; ``version`` is the newest; ``dropped`` when it was
    dropped or renamed (then ``renamed_to``) and not written since; ``written_at`` is when it was last written."""

    key: NodeKey
    created_at: datetime
    updated_at: datetime
    written_at: datetime | None
    description: str
    fields: tuple[Field, ...]
    tags: tuple[Tag, ...]
    owners: tuple[Owner, ...]
    aliases: tuple[NodeKey, ...]
    facets: Facets
    version: str
    lifecycle: str
    dropped: bool
    renamed_to: NodeKey | None


@dataclass(frozen=True)
class DatasetVersion:
    """A state of a dataset that somebody wrote; ``facets`` as its event had them."""

    dataset: NodeKey
    version: str
    at: datetime
    run: str
    job: NodeKey | None
    lifecycle: str
    facets: Facets


@dataclass(frozen=True)
class RunDataset:
    """A dataset that a run read or wrote; ``facets`` also has its input or output facets."""

    key: NodeKey
    version: str
    facets: Facets


@dataclass(frozen=True)
class Run:
    """``state`` is the last event type that counts: START, RUNNING, COMPLETE, FAIL, ABORT or OTHER. ``inputs``,
    ``outputs`` and ``facets`` are read with a single run, and empty in lists."""

    id: str
    job: NodeKey
    state: str
    started_at: datetime
    updated_at: datetime
    ended_at: datetime | None
    nominal_start: datetime | None
    nominal_end: datetime | None
    parent: str
    inputs: tuple[RunDataset, ...] = ()
    outputs: tuple[RunDataset, ...] = ()
    facets: Facets = dataclasses.field(default_factory=dict)


@dataclass(frozen=True)
class Job:
    """``inputs`` and ``outputs`` are what it reads and writes now."""

    key: NodeKey
    created_at: datetime
    updated_at: datetime
    description: str
    type: str
    location: str
    parent: NodeKey | None
    tags: tuple[Tag, ...]
    owners: tuple[Owner, ...]
    inputs: tuple[NodeKey, ...]
    outputs: tuple[NodeKey, ...]
    facets: Facets
    latest_run: Run | None


@dataclass(frozen=True, order=True)
class Edge:
    """From what is read to who reads it, and from who writes to what is written."""

    source: NodeKey
    target: NodeKey


@dataclass(frozen=True)
class Graph:
    """``cut`` says that there is more beyond the depth asked for."""

    nodes: tuple[NodeKey, ...]
    edges: tuple[Edge, ...]
    cut: bool = False


@dataclass(frozen=True)
class ColumnEdge:
    """``job`` is None where the dataset told of itself; ``transformations`` as the columnLineage facet has them."""

    source: ColumnKey
    target: ColumnKey
    job: NodeKey | None
    transformations: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True)
class ColumnGraph:
    """``cut`` says that there is more beyond the depth asked for."""

    nodes: tuple[ColumnKey, ...]
    edges: tuple[ColumnEdge, ...]
    cut: bool = False
