"""The whole event log, or its end, as OpenLineage's documents."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import dagster as dg

from mesh_orchestration.lineage.events import Document
from mesh_orchestration.orchestration.eventlog import tail
from mesh_orchestration.orchestration.lineage_events import TYPES, Teller, atlas_of
from mesh_orchestration.settings import Settings

BEGINNING = -1


def documents(
    settings: Settings, instance: dg.DagsterInstance, since: datetime | None = None
) -> Iterator[list[Document]]:
    """The documents of all that happened at or after ``since``, in order of the log, a few hundred events at a time.

    They are the documents that the sensor sends, with the same ids.
    """
    moment = since.timestamp() if since else None
    cursor = _before(instance, moment) if moment is not None else BEGINNING
    while (read := tail(instance, cursor, TYPES, settle=0.0)).entries:
        teller = Teller(instance, lambda: atlas_of(settings))
        wanted = (entry for _, entry in read.entries if since is None or _when(entry) >= since)
        yield [document for entry in wanted for document in teller.documents(entry)]
        cursor = read.cursor


def _when(entry: dg.EventLogEntry) -> datetime:
    """The time of an entry as its document gives it: to the microsecond, which may be later than the log's own."""
    return datetime.fromtimestamp(entry.timestamp, UTC)


def _before(instance: dg.DagsterInstance, moment: float) -> int:
    """An id of the log with nothing at or after ``moment`` at or below it, and little between."""
    storage = instance.event_log_storage
    low, high = BEGINNING, storage.get_maximum_record_id() or BEGINNING
    while high - low > 1:
        middle = (low + high) // 2
        following = storage.get_logs_for_all_runs_by_log_id(after_cursor=middle, limit=1)
        entry = next(iter(following.values()), None)
        # Ids follow the clock but for the last moments of several writers: a minute is left for them.
        if entry is not None and entry.timestamp < moment - 60:
            low = middle
        else:
            high = middle
    return low
