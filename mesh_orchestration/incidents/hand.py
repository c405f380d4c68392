"""What people do with incidents: acknowledge, resolve, mute."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, insert, update

from mesh_orchestration.errors import SettingsError
from mesh_orchestration.incidents.decide import moment_row
from mesh_orchestration.incidents.model import Incident, Moment, Mute
from mesh_orchestration.incidents.store import Store
from mesh_orchestration.incidents.tables import INCIDENTS, MOMENTS, MUTES


def acknowledge(store: Store, name: str, *, by: str, now: float) -> Incident:
    """Say that ``by`` looks after an incident, so that it is not escalated. ``name`` as for ``Store.incident``;
    raises SettingsError when there is none or it is over."""
    incident = _open(store, name)
    if incident.acknowledged_at is not None:
        return incident
    with store.writing() as connection:
        _write(connection, incident, Moment(now, "acknowledged", "", by), acknowledged_at=now, acknowledged_by=by)
    return replace(incident, acknowledged_at=now, acknowledged_by=by)


def resolve(store: Store, name: str, *, by: str, reason: str = "", now: float) -> Incident:
    """End an incident by hand. What is still wrong opens no other until it was well in between, or happens anew.
    Raises SettingsError when there is none or it is over."""
    incident = _open(store, name)
    with store.writing() as connection:
        _write(connection, incident, Moment(now, "resolved", reason, by), ended_at=now, end="resolved", settles_at=None)
    return replace(incident, ended_at=now, end="resolved")


def mute(store: Store, subject: str, *, until: float, by: str, reason: str = "", now: float) -> Mute:
    """Tell nobody of ``subject`` (an address, a domain or ``*``) until then; incidents are recorded all the same."""
    with store.writing() as connection:
        _unmute(connection, subject, now)
        said = {"subject": subject, "since": now, "until": until, "by": by, "reason": reason}
        connection.execute(insert(MUTES).values(**said))
    return Mute(subject, now, until, by, reason)


def unmute(store: Store, subject: str, *, now: float) -> bool:
    """Tell of ``subject`` again; whether it was muted."""
    with store.writing() as connection:
        return _unmute(connection, subject, now)


def _unmute(connection: Connection, subject: str, now: float) -> bool:
    held = (MUTES.c.subject == subject) & (MUTES.c.until > now)
    return bool(connection.execute(update(MUTES).where(held).values(until=now)).rowcount)


def _open(store: Store, name: str) -> Incident:
    incident = store.incident(name)
    if incident.ended_at is not None:
        raise SettingsError(f"incident {incident.id[:8]} of {incident.subject} is over already: {incident.end}")
    return incident


def _write(connection: Connection, incident: Incident, moment: Moment, **said: Any) -> None:
    connection.execute(update(INCIDENTS).where(INCIDENTS.c.id == incident.id).values(**said))
    connection.execute(insert(MOMENTS).values(**moment_row(incident.id, moment)))
