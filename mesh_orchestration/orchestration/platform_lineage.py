"""The lineage sensor: tails the event log of the whole mesh and sends what it says as OpenLineage events.

At least once and in order: the cursor moves past an event only when its documents were taken. Documents have
the same ids whenever they are made, so a receiver that knows an id already loses nothing by forgetting the second.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence

import dagster as dg
from dagster import EventLogEntry

from mesh_orchestration.errors import SettingsError
from mesh_orchestration.lineage.events import Document
from mesh_orchestration.lineage.transport import EmissionError, Emitter, client_config
from mesh_orchestration.orchestration.eventlog import SETTLE_SECONDS, tail
from mesh_orchestration.orchestration.lineage_events import TYPES, Teller, atlas_of
from mesh_orchestration.settings import Settings

SENSOR = "lineage"
BEGINNING = -1
_SENT = "mesh/lineage/sent"
_BATCH = 100

Entry = tuple[int, EventLogEntry]


def lineage_sensor(settings: Settings, *, settle: float = SETTLE_SECONDS) -> dg.SensorDefinition | None:
    """The sensor ``lineage``, on from the start, every MESH_LINEAGE_SECONDS (10); None when OpenLineage is not set up.

    A tick sends for at most MESH_LINEAGE_TICK_SECONDS (15) and goes on in the next. When the receiver does not take
    an event, the tick fails and the cursor stays; what was taken until then is remembered in the instance's
    key-value storage and not sent again. Settings that OpenLineage's client does not take fail each tick.
    """
    if not _wanted(settings):
        return None

    def lineage(context: dg.SensorEvaluationContext) -> dg.SensorResult:
        instance = context.instance
        after = read_cursor(context.cursor)
        emitter = Emitter.of(settings)
        if emitter is None:
            return dg.SensorResult(skip_reason=dg.SkipReason("OpenLineage is not set up"), cursor=context.cursor)
        try:
            sent = _tick(settings, instance, emitter, after=after, settle=settle)
        finally:
            emitter.close()
        told = f"{sent.documents} lineage events of {sent.entries} events sent by {emitter.kind}"
        return dg.SensorResult(skip_reason=dg.SkipReason(told), cursor=write_cursor(sent.cursor))

    return dg.sensor(
        name=SENSOR,
        minimum_interval_seconds=settings.integer("MESH_LINEAGE_SECONDS", 10),
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Sends runs, publications, audits and ingestions as OpenLineage events.",
    )(lineage)


def _wanted(settings: Settings) -> bool:
    """Whether anything asks for lineage; wrong settings do, and must not keep the other sensors from loading."""
    try:
        return client_config(settings) is not None
    except SettingsError:
        return True


class Sent:
    """How far a tick came."""

    def __init__(self, cursor: int) -> None:
        self.cursor, self.documents, self.entries = cursor, 0, 0


def _tick(settings: Settings, instance: dg.DagsterInstance, emitter: Emitter, *, after: int, settle: float) -> Sent:
    until = time.monotonic() + settings.integer("MESH_LINEAGE_TICK_SECONDS", 15)
    sent = Sent(_progress(instance, after))
    while True:
        read = tail(instance, sent.cursor, TYPES, settle=settle)
        teller = Teller(instance, lambda: atlas_of(settings))
        for chunk in chunks(read.entries, size=_BATCH if emitter.batches else 1):
            documents: list[Document] = [one for _, entry in chunk for one in teller.documents(entry)]
            try:
                emitter.send(documents)
            except EmissionError:
                _remember(instance, after, sent.cursor)
                raise
            sent.cursor = chunk[-1][0]
            sent.documents += len(documents)
            sent.entries += len(chunk)
            if time.monotonic() > until:
                return sent
        if not read.entries:
            sent.cursor = read.cursor
            return sent


def chunks(entries: Sequence[Entry], *, size: int) -> Iterator[Sequence[Entry]]:
    """``entries`` in pieces of at most ``size``."""
    for start in range(0, len(entries), size):
        yield entries[start : start + size]


def read_cursor(text: str | None) -> int:
    """The id of the last event that was sent; before the beginning of the log when there is no cursor."""
    return int(json.loads(text)["id"]) if text else BEGINNING


def write_cursor(number: int) -> str:
    """The cursor as the text that Dagster keeps."""
    return json.dumps({"v": 1, "id": number})


def _progress(instance: dg.DagsterInstance, after: int) -> int:
    """How far a tick that failed with the cursor at ``after`` had come; a cursor set by hand is not overruled."""
    text = instance.daemon_cursor_storage.get_cursor_values({_SENT}).get(_SENT)
    state = json.loads(text) if text else {}
    return max(after, int(state["sent"])) if state.get("after") == after else after


def _remember(instance: dg.DagsterInstance, after: int, sent: int) -> None:
    if sent > after:
        instance.daemon_cursor_storage.set_cursor_values({_SENT: json.dumps({"after": after, "sent": sent})})
