"""The alert sensor: tails the event log of the whole mesh and tells the owners, each once."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

import dagster as dg

from mesh_orchestration.contract.mesh import Mesh, load_mesh
from mesh_orchestration.errors import MeshError
from mesh_orchestration.incidents.channels import DeliveryError, Routes
from mesh_orchestration.incidents.delivery import Ledger, deliver
from mesh_orchestration.incidents.notice import About, Notice, Serving
from mesh_orchestration.incidents.signals import Incident, fold
from mesh_orchestration.orchestration.eventlog import SETTLE_SECONDS, tail
from mesh_orchestration.orchestration.platform_events import TYPES, alert_events
from mesh_orchestration.settings import Settings

SENSOR = "alerts"
_log = logging.getLogger("mesh.alerts")
_LEDGER = "mesh/alerts/deliveries"

Lookup = Callable[[str], Serving | None]


def alert_sensor(settings: Settings, serving: Lookup, *, settle: float = SETTLE_SECONDS) -> dg.SensorDefinition:
    """The sensor ``alerts``: on from the start, every MESH_ALERT_SECONDS (10).

    Its cursor holds the last event and the open incidents. A failed delivery fails the tick, so the same
    events are folded again; what was already delivered is remembered in the instance's key-value storage.
    ``serving`` says which snapshot consumers of an address read now, and may raise MeshError.
    """

    def alerts(context: dg.SensorEvaluationContext) -> dg.SensorResult:
        instance = context.instance
        after, incidents = read_cursor(context.cursor)
        read = tail(instance, after, TYPES, settle=settle)
        still_open, messages = fold(incidents, alert_events(instance, read.entries))
        if messages:
            routes, mesh = Routes.load(settings), load_mesh(settings)
            url = settings.get("MESH_URL", "http://127.0.0.1:3000")
            notices = [Notice(message, about(mesh, message.incident.subject, serving), url) for message in messages]
            pending = deliver(
                [(notice, channel) for notice in notices for channel in routes.channels(notice)],
                _load_ledger(instance, after),
                save=lambda ledger: _save_ledger(instance, after, ledger),
                attempts=settings.integer("MESH_ALERT_ATTEMPTS", 30),
            )
            if pending:
                raise DeliveryError(f"{len(pending)} of the alerts wait for their channel: {'; '.join(pending)}")
        told = f"{len(read.entries)} events, {len(messages)} messages, {len(still_open)} open incidents"
        return dg.SensorResult(skip_reason=dg.SkipReason(told), cursor=write_cursor(read.cursor, still_open))

    return dg.sensor(
        name=SENSOR,
        minimum_interval_seconds=settings.integer("MESH_ALERT_SECONDS", 10),
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Turns failed checks, freshness changes and failed runs into incidents and tells the owners.",
    )(alerts)


def about(mesh: Mesh, subject: str, serving: Lookup) -> About:
    """Who owns and who reads ``subject``: a product's address, or a domain, or ``location/job``."""
    domain = subject.split("/", 1)[0].split(".", 1)[0]
    products = {str(address): product for address, product in mesh.products.items()}
    if subject not in products:
        owned = [product.owner for product in products.values() if product.domain == domain]
        return About(tuple(dict.fromkeys(owned)))
    product = products[subject]
    readers = {str(reader): mesh.products[reader].owner for reader in mesh.consumers(product.address)}
    try:
        return About((product.owner,), readers, serving(subject))
    except MeshError as error:
        _log.warning("%s", error)  # an alert matters most when the warehouse is in trouble
        return About((product.owner,), readers, unknown=True)


def read_cursor(text: str | None) -> tuple[int, dict[str, Incident]]:
    """The last event's id and the open incidents; the beginning of the log when there is no cursor."""
    if not text:
        return -1, {}
    state: Mapping[str, Any] = json.loads(text)
    incidents = [Incident(**{**item, "failing": tuple(item["failing"])}) for item in state["incidents"]]
    return int(state["id"]), {incident.key: incident for incident in incidents}


def write_cursor(number: int, incidents: Mapping[str, Incident]) -> str:
    """The state of the sensor as the text that Dagster keeps."""
    return json.dumps({"v": 1, "id": number, "incidents": [asdict(incident) for incident in incidents.values()]})


def _load_ledger(instance: dg.DagsterInstance, after: int) -> Ledger:
    """The deliveries made since the cursor stood at ``after``; a ledger of an older cursor is done with."""
    text = instance.daemon_cursor_storage.get_cursor_values({_LEDGER}).get(_LEDGER)
    state = json.loads(text) if text else {}
    return dict(state["deliveries"]) if state.get("after") == after else {}


def _save_ledger(instance: dg.DagsterInstance, after: int, ledger: Ledger) -> None:
    text = json.dumps({"after": after, "deliveries": dict(ledger)})
    instance.daemon_cursor_storage.set_cursor_values({_LEDGER: text})
