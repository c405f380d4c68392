"""Reading datasets, jobs, namespaces and tags, also those of foreign producers."""

from __future__ import annotations

from sqlalchemy import Connection

from mesh_orchestration.catalog.lineage_model import Dataset, Job, Namespace, NodeKey, Page, Tag


def resolve(conn: Connection, text: str) -> NodeKey | None:
    """The node written ``dataset:<namespace>:<name>`` or ``job:…``; both parts may hold colons."""
    raise NotImplementedError


def namespaces(conn: Connection, *, limit: int = 100, offset: int = 0) -> Page[Namespace]:
    """All namespaces, by name."""
    raise NotImplementedError


def datasets(
    conn: Connection, namespace: str = "", *, tag: str = "", dropped: bool = False, limit: int = 100, offset: int = 0
) -> Page[Dataset]:
    """Datasets by namespace and name; all namespaces when none is given; those dropped or renamed only on request."""
    raise NotImplementedError


def dataset(conn: Connection, namespace: str, name: str) -> Dataset | None:
    """One dataset, also when it was dropped."""
    raise NotImplementedError


def jobs(conn: Connection, namespace: str = "", *, limit: int = 100, offset: int = 0) -> Page[Job]:
    """Jobs by namespace and name; all namespaces when none is given."""
    raise NotImplementedError


def job(conn: Connection, namespace: str, name: str) -> Job | None:
    """One job."""
    raise NotImplementedError


def tags(conn: Connection, *, limit: int = 100, offset: int = 0) -> Page[Tag]:
    """Each tag once, with how often it is used."""
    raise NotImplementedError
