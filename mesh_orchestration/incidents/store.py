"""The store of incidents: what is open, what was, how each went, and what still has to be told.

One SQLite file below MESH_HOME, or the PostgreSQL database of MESH_INCIDENTS_URL. Whoever decides something writes
the incidents, the timeline, the messages and how far it has read in one transaction; deciders take turns.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import fields
from typing import Any, Literal

from sqlalchemy import ColumnElement, Connection, RowMapping, func, insert, or_, select, update

from mesh_orchestration.errors import SettingsError
from mesh_orchestration.incidents.model import Delivery, Incident, Moment, Mute
from mesh_orchestration.incidents.tables import DELIVERIES, INCIDENTS, MOMENTS, MUTES, PROGRESS, TABLES
from mesh_orchestration.settings import Settings
from mesh_orchestration.storage.database import Database, Place

State = Literal["open", "ended", "all"]


class Store(Database):
    """An open store; a context manager, so that its connections are given back. Threads may share it."""

    place = Place(
        "the incident store",
        "MESH_INCIDENTS_URL",
        "incidents/incidents.db",
        "mend it, or move it away: what is wrong then is opened anew from Dagster's event log",
        durable=True,
    )
    tables = TABLES

    def incidents(
        self, state: State = "open", *, subject: str = "", since: float = 0.0, limit: int = 100, offset: int = 0
    ) -> tuple[Incident, ...]:
        """The incidents, newest first: all, those still open, or those that ended. ``subject`` is an address (those
        that made it late, too), a domain or ``location/job``; ``since`` leaves out what ended before."""
        table = INCIDENTS.c
        wanted = select(INCIDENTS).where(*_within(state, subject, since))
        with self.reading() as connection:
            rows = connection.execute(
                wanted.order_by(table.opened_at.desc(), table.id).limit(limit).offset(offset)
            ).mappings()
            return tuple(incident_of(row) for row in rows)

    def count(self, state: State = "open", *, subject: str = "", since: float = 0.0) -> int:
        """How many incidents ``incidents`` knows in all."""
        with self.reading() as connection:
            found = connection.execute(
                select(func.count()).select_from(INCIDENTS).where(*_within(state, subject, since))
            )
            return int(found.scalar_one())

    def incident(self, name: str) -> Incident:
        """The incident of an id or of its beginning, or the newest of a subject; open ones come first. Raises
        SettingsError when there is none, or more than one."""
        table = INCIDENTS.c
        newest = (table.ended_at.is_not(None), table.opened_at.desc())
        with self.reading() as connection:
            by_subject = select(INCIDENTS).where(table.subject == name).order_by(*newest).limit(1)
            by_id = select(INCIDENTS).where(table.id.startswith(name, autoescape=True)).limit(2)
            for wanted in (by_subject, by_id):
                rows = connection.execute(wanted).mappings().all()
                if len(rows) == 1:
                    return incident_of(rows[0])
        problem = "more than one incident begins with" if rows else "there is no incident of"
        raise SettingsError(f"{problem} {name!r}; see them with: mesh incidents ls --all")

    def timeline(self, incident: str) -> tuple[Moment, ...]:
        """What happened to the incident of an id, oldest first."""
        table = MOMENTS.c
        with self.reading() as connection:
            rows = connection.execute(
                select(MOMENTS).where(table.incident == incident).order_by(table.at, table.number)
            ).mappings()
            return tuple(
                Moment(row["at"], row["what"], row["text"], row["by"], json.loads(row["evidence"])) for row in rows
            )

    def deliveries(self, incident: str) -> tuple[Delivery, ...]:
        """What was told of the incident of an id, and what waits, oldest first."""
        table = DELIVERIES.c
        with self.reading() as connection:
            rows = connection.execute(
                select(DELIVERIES).where(table.incident == incident).order_by(table.number)
            ).mappings()
            return tuple(_delivery(row) for row in rows)

    def waiting(self) -> int:
        """How many messages wait for their channel or their time."""
        with self.reading() as connection:
            found = connection.execute(
                select(func.count()).select_from(DELIVERIES).where(DELIVERIES.c.state == "waiting")
            )
            return int(found.scalar_one())

    def mutes(self, now: float) -> tuple[Mute, ...]:
        """Who is muted at ``now``."""
        with self.reading() as connection:
            return mutes(connection, now)

    def progress(self) -> dict[str, float]:
        """How far each reader has come, and when each part of the platform was last heard of."""
        with self.reading() as connection:
            return progress(connection)


def open_store(settings: Settings) -> Store:
    """The store that settings choose, made when there is none; raises StorageError when it cannot be used."""
    return Store.open(settings)


def incident_of(row: RowMapping) -> Incident:
    """A row of the table as an incident."""
    said: Mapping[str, Any] = {field.name: row[field.name] for field in fields(Incident)}
    failing, affected = tuple(json.loads(row["failing"])), json.loads(row["affected"])
    return Incident(**{**said, "failing": failing, "affected": affected, "flapping": bool(row["flapping"])})


def mutes(connection: Connection, now: float) -> tuple[Mute, ...]:
    """Who is muted at ``now``."""
    table = MUTES.c
    rows = connection.execute(select(MUTES).where(table.until > now).order_by(table.number)).mappings()
    return tuple(Mute(row["subject"], row["since"], row["until"], row["by"], row["reason"]) for row in rows)


def progress(connection: Connection) -> dict[str, float]:
    """How far each reader has come, by its name."""
    return {row.name: row.said for row in connection.execute(select(PROGRESS))}


def note_progress(connection: Connection, name: str, said: float) -> None:
    """Write down how far the reader ``name`` has come."""
    known = connection.execute(update(PROGRESS).where(PROGRESS.c.name == name).values(said=said))
    if not known.rowcount:
        connection.execute(insert(PROGRESS).values(name=name, said=said))


def _within(state: State, subject: str, since: float) -> Iterator[ColumnElement[bool]]:
    table = INCIDENTS.c
    if state == "open":
        yield table.ended_at.is_(None)
    elif state == "ended":
        yield table.ended_at.is_not(None)
    if since:
        yield or_(table.ended_at.is_(None), table.ended_at >= since)
    if subject:
        within = (table.subject.startswith(f"{subject}{mark}", autoescape=True) for mark in "./")
        touched = table.affected.contains(json.dumps(subject), autoescape=True)
        yield or_(table.subject == subject, touched, *within)


def _delivery(row: RowMapping) -> Delivery:
    title = str(json.loads(row["notice"])["title"])
    return Delivery(row["channel"], title, row["state"], row["due_at"], row["attempts"], row["error"], row["sent_at"])
