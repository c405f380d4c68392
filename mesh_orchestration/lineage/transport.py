"""Sending documents through OpenLineage's own client, set up by the settings that it is always set up by.

``OPENLINEAGE_URL``, ``OPENLINEAGE_API_KEY`` and ``OPENLINEAGE_ENDPOINT``; ``OPENLINEAGE__TRANSPORT__…`` and the rest of
that kind; the file that ``OPENLINEAGE_CONFIG`` names, else ``openlineage.yml`` in the mesh's root or in
``~/.openlineage``; ``OPENLINEAGE_DISABLED``. The file wins over the environment, as in the client.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from mesh_orchestration.errors import MeshError, SettingsError
from mesh_orchestration.lineage.events import Document
from mesh_orchestration.settings import Settings

if TYPE_CHECKING:
    from openlineage.client import OpenLineageClient
    from openlineage.client.transport import Transport

    from mesh_orchestration.lineage.batch import BatchTransport

_PREFIX = "OPENLINEAGE__"
_FILE = "openlineage.yml"
_LOSES = "async_http"
_KAFKA_PATIENCE_MS = 10_000
BATCH = "http_batch"
_BATCH_CLASS = "mesh_orchestration.lineage.batch.BatchTransport"


class EmissionError(MeshError):
    """The receiver did not take an event; ``sent`` of the documents before it were taken."""

    def __init__(self, message: str, *, sent: int) -> None:
        self.sent = sent
        super().__init__(message)


def client_config(settings: Settings) -> dict[str, Any] | None:
    """How the client is to send; None when nothing says where to, or lineage is disabled. Raises SettingsError on a
    file that cannot be read and on a transport that cannot promise to deliver."""
    environ = settings.environ
    if environ.get("OPENLINEAGE_DISABLED", "").strip().lower() == "true":
        return None
    config = _merged(_from_environment(environ), _from_file(settings))
    transport = config.get("transport") or {}
    if not transport.get("type") and environ.get("OPENLINEAGE_URL"):
        transport = {**transport, **_http(environ), "type": "http"}
    if not transport.get("type"):
        return None
    return {**config, "transport": _dependable(transport)}


def _http(environ: Mapping[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {"url": environ["OPENLINEAGE_URL"]}
    if endpoint := environ.get("OPENLINEAGE_ENDPOINT"):
        found["endpoint"] = endpoint
    if key := environ.get("OPENLINEAGE_API_KEY"):
        found["auth"] = {"type": "api_key", "apiKey": key}
    return found


def _from_environment(environ: Mapping[str, str]) -> dict[str, Any]:
    """``OPENLINEAGE__A__B=value`` as ``{a: {b: value}}``; a value that is JSON is taken as that."""
    found: dict[str, Any] = {}
    for name in sorted(environ):
        if not name.startswith(_PREFIX):
            continue
        *path, last = name.removeprefix(_PREFIX).lower().split("__")
        place = found
        for part in path:
            place = place.setdefault(part, {})
            if not isinstance(place, dict):
                raise SettingsError(f"{name}: {part} has a value of its own already; say it one way")
        try:
            value = json.loads(environ[name])
        except ValueError:
            value = environ[name]
        place[last] = value
    return found


def _from_file(settings: Settings) -> dict[str, Any]:
    named = settings.get("OPENLINEAGE_CONFIG")
    home = settings.get("HOME")
    places = [settings.root / _FILE, *([Path(home) / ".openlineage" / _FILE] if home else [])]
    path = Path(named) if named else next((place for place in places if place.is_file()), None)
    if path is None:
        return {}
    try:
        found = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise SettingsError(f"{path}: OpenLineage's settings cannot be read: {error}") from error
    if found is not None and not isinstance(found, dict):
        raise SettingsError(
            f"{path}: OpenLineage's settings are not a mapping; write `transport: {{type: http, url: …}}`"
        )
    return found or {}


def _merged(under: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    found = dict(under)
    for key, value in over.items():
        both = isinstance(value, dict) and isinstance(found.get(key), dict)
        found[key] = _merged(found[key], value) if both else value
    return found


def _dependable(transport: Mapping[str, Any]) -> dict[str, Any]:
    """The transport with what makes a failure known: nothing is sent that nobody can say arrived."""
    found = dict(transport)
    match found["type"]:
        case "async_http":
            raise SettingsError(
                f"OpenLineage's transport {_LOSES} does not tell whether an event arrived, so events would be lost "
                f"unseen; use http, or {BATCH} for a receiver that takes batches"
            )
        case "composite":
            found.setdefault("continue_on_failure", False)
            inner = found.get("transports") or {}
            if isinstance(inner, dict):
                found["transports"] = {name: _dependable(one) for name, one in inner.items() if one}
            else:
                found["transports"] = [_dependable(one) for one in inner]
        case "kafka":
            found["config"] = {"message.timeout.ms": _KAFKA_PATIENCE_MS, **(found.get("config") or {})}
        case "http_batch":
            found["type"] = _BATCH_CLASS
    return found


class Emitter:
    """Sends documents in order, one at a time or, where the transport takes them, in batches."""

    def __init__(self, client: OpenLineageClient) -> None:
        self._client = client

    @classmethod
    def of(cls, settings: Settings) -> Emitter | None:
        """The emitter that the settings ask for; None when they ask for none."""
        config = client_config(settings)
        if config is None:
            return None
        from openlineage.client import OpenLineageClient

        try:
            client = OpenLineageClient(config=config)
            for transport in _all(client.transport):
                _prepare(transport)
        except Exception as error:  # the client raises whatever its parts raise on settings they do not like
            raise SettingsError(f"OpenLineage's client does not take its settings: {error}") from error
        return cls(client)

    @property
    def kind(self) -> str:
        """The word of the transport."""
        return str(self._client.transport.kind)

    def send(self, documents: Sequence[Document]) -> None:
        """Hand every document over; raises EmissionError at the first that is not taken."""
        for number, document in enumerate(documents):
            try:
                self._client.emit(to_event(document))
            except Exception as error:
                raise EmissionError(_said(document, error), sent=number) from error
        for transport in self._batching:
            try:
                transport.flush()
            except Exception as error:
                raise EmissionError(f"{len(documents)} events were not taken: {error}", sent=0) from error

    @property
    def batches(self) -> bool:
        """Whether many documents at once cost less than one by one."""
        return bool(self._batching)

    @cached_property
    def _batching(self) -> tuple[BatchTransport, ...]:
        from mesh_orchestration.lineage.batch import BatchTransport

        return tuple(one for one in _all(self._client.transport) if isinstance(one, BatchTransport))

    def close(self) -> None:
        """Give the connection back."""
        self._client.close(5.0)


def _said(document: Document, error: Exception) -> str:
    job, cause = document["job"]["name"], error.__cause__ or error
    return f"{document['eventType']} of {job} ({document['run']['runId']}) was not taken: {cause}"


def to_event(document: Document) -> Any:
    """The document as the client's own class. Facets stay as they are, but for the parent, which Kafka's keys read."""
    from openlineage.client import event_v2
    from openlineage.client.facet_v2 import parent_run

    facets: dict[str, Any] = dict(document["run"]["facets"])
    if above := facets.get("parent"):
        job, run = above["job"], above["run"]
        facets["parent"] = parent_run.ParentRunFacet(
            run=parent_run.Run(run["runId"]),
            job=parent_run.Job(job["namespace"], job["name"]),
            root=parent_run.Root(
                parent_run.RootRun(above["root"]["run"]["runId"]),
                parent_run.RootJob(above["root"]["job"]["namespace"], above["root"]["job"]["name"]),
            ),
            producer=above["_producer"],
        )
    job = document["job"]
    return event_v2.RunEvent(
        eventType=event_v2.RunState(document["eventType"]),
        eventTime=document["eventTime"],
        producer=document["producer"],
        run=event_v2.Run(document["run"]["runId"], facets),
        job=event_v2.Job(job["namespace"], job["name"], dict(job["facets"])),
        inputs=[event_v2.InputDataset(**one) for one in document["inputs"]],
        outputs=[event_v2.OutputDataset(**one) for one in document["outputs"]],
    )


def _all(transport: Transport) -> Iterator[Transport]:
    yield transport
    for inner in getattr(transport, "transports", ()):
        yield from _all(inner)


def _prepare(transport: Transport) -> None:
    if transport.kind == "kafka":
        from mesh_orchestration.lineage.kafka import confirm

        confirm(transport)
    elif transport.kind == "console":
        _print_to_stderr()


def _print_to_stderr() -> None:
    """The console transport only logs; without a handler nobody would see it."""
    import logging

    logger = logging.getLogger("openlineage.client.transport.console")
    logger.setLevel(logging.INFO)
    if not logger.handlers:
        logger.addHandler(logging.StreamHandler())
