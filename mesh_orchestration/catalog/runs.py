"""Reading runs, the versions that they wrote, and the events that told of them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from mesh_orchestration.catalog.lineage_model import DatasetVersion, Page, Run


def runs(conn: Connection, namespace: str, job: str, *, limit: int = 100, offset: int = 0) -> Page[Run]:
    """Runs of a job, the newest first."""
    raise NotImplementedError


def run(conn: Connection, run_id: str) -> Run | None:
    """One run with its facets, inputs and outputs."""
    raise NotImplementedError


def dataset_versions(
    conn: Connection, namespace: str, name: str, *, limit: int = 100, offset: int = 0
) -> Page[DatasetVersion]:
    """What was written to a dataset, the newest first."""
    raise NotImplementedError


def dataset_version(conn: Connection, namespace: str, name: str, version: str) -> DatasetVersion | None:
    """One version of a dataset."""
    raise NotImplementedError


def events(
    conn: Connection, *, after: datetime | None = None, before: datetime | None = None, newest_first: bool = True,
    limit: int = 100, offset: int = 0,
) -> Page[dict[str, Any]]:  # fmt: skip
    """The events themselves, by event time; ``after`` counts in, ``before`` does not."""
    raise NotImplementedError
