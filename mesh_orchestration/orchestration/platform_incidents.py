"""The sensor of incidents: hears what goes wrong anywhere in the mesh, decides, and tells the owners, each once."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import dagster as dg

from mesh_orchestration.contract.mesh import load_mesh
from mesh_orchestration.incidents.about import Lookup
from mesh_orchestration.incidents.decide import Desk
from mesh_orchestration.incidents.delivery import deliver
from mesh_orchestration.incidents.dispatch import Circle, decide
from mesh_orchestration.incidents.signals import Signal, compare, fold
from mesh_orchestration.incidents.store import note_progress, open_store
from mesh_orchestration.incidents.watchdog import BEAT
from mesh_orchestration.orchestration.eventlog import SETTLE_SECONDS, tail
from mesh_orchestration.orchestration.platform_events import TYPES, alert_events
from mesh_orchestration.orchestration.platform_health import unwell
from mesh_orchestration.settings import Settings

if TYPE_CHECKING:
    from mesh_orchestration.anomalies.series import Finding

SENSOR = "incidents"
_EVENTS, _SLA, _ODD, _HEALTH, _AWAKE = "events", "sla", "anomalies", "health", "awake"
_NAP = 120.0  # seconds without a tick after which the daemon was down, and its parts need time to beat again

Clock = Callable[[], float]


def incident_sensor(
    settings: Settings, serving: Lookup, *, settle: float = SETTLE_SECONDS, clock: Clock = time.time
) -> dg.SensorDefinition:
    """The sensor ``incidents``: on from the start, every MESH_ALERT_SECONDS (10). It keeps no cursor at Dagster: how
    far it has read is written in one transaction with what it decided and whom it has to tell. ``serving`` says which
    snapshot consumers of an address read now, and may raise MeshError. A channel that is down fails no tick.
    """

    def incidents(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        instance, now = context.instance, clock()
        circle = Circle(settings, load_mesh(settings), serving)
        with open_store(settings) as store:
            progress = store.progress()
            read = tail(instance, int(progress.get(_EVENTS, -1)), TYPES, settle=settle)
            awake = progress.get(_AWAKE, now) if now - progress.get(BEAT, 0.0) < _NAP else now
            events = tuple(alert_events(instance, read.entries))
            states = {
                _SLA: tuple(broken(settings, now)),
                _ODD: tuple(unusual(settings)),
                _HEALTH: tuple(unwell(instance, awake, now)),
            }

            def work(desk: Desk) -> None:
                signals, changes = fold(desk.signals(_EVENTS), events)
                desk.take(_EVENTS, changes, signals)
                for source, found in states.items():
                    desk.take(source, compare(desk.signals(source), found, at=now))
                note_progress(desk.connection, _EVENTS, read.cursor)
                note_progress(desk.connection, _AWAKE, awake)
                note_progress(desk.connection, BEAT, now)

            decide(store, circle, work, now=now)
            done = deliver(store, circle.routes, circle.policy, now=clock())
            told = f"{len(read.entries)} events, {store.count()} open incidents, {done.sent} messages sent"
            return dg.SkipReason("; ".join([told, *done.waiting]))

    return dg.sensor(
        name=SENSOR,
        minimum_interval_seconds=settings.integer("MESH_ALERT_SECONDS", 10),
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Makes one incident of each cause of trouble in the mesh and tells whom it concerns.",
    )(incidents)


def broken(settings: Settings, now: float) -> Iterable[Signal]:
    """The service levels that are broken at ``now``, as the SLA ledger has them."""
    from mesh_orchestration.sla.ledger import Ledger
    from mesh_orchestration.sla.wording import amount

    if not Ledger.place.begun(settings):
        return
    at = datetime.fromtimestamp(now, UTC)
    with Ledger.open(settings) as ledger:
        courses = ledger.courses()
    for (address, level), course in sorted(courses.items()):
        turned = course.turned(at)
        if (course.then if turned else course.state) == "broken":
            since = course.until if turned and course.until else course.start
            promised = f"{amount(level, course.threshold)} promised, {amount(level, course.worst(at))} now"
            said = f"the {level} SLA is broken since {since.isoformat(timespec='seconds')}: {promised}"
            said += f" ({course.note})" if course.note else ""
            yield Signal(address, "sla", "error", since.timestamp(), level, failing=(level,), error=said)


def unusual(settings: Settings) -> Iterable[Signal]:
    """The anomalies that last, one signal for each kind of a product's."""
    from mesh_orchestration.anomalies.series import METRICS
    from mesh_orchestration.anomalies.store import open_findings

    found: dict[tuple[str, str], list[Finding]] = {}
    for finding in open_findings(settings):
        found.setdefault((finding.key.address, METRICS[finding.key.metric].about), []).append(finding)
    for (address, about), findings in sorted(found.items()):
        names = tuple(sorted(str(one.key.subject or one.key.metric) for one in findings))
        began = min(one.opened for one in findings).timestamp()
        yield Signal(address, "anomaly", "warn", began, about, "", names, error="\n".join(one.text for one in findings))
