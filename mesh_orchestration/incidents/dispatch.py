"""Who is told what: from a message to letters in the queue, for owners, for those affected and for readers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

from sqlalchemy import Connection

from mesh_orchestration.contract.mesh import Mesh
from mesh_orchestration.incidents.about import About, Lookup, about
from mesh_orchestration.incidents.channels import Routes
from mesh_orchestration.incidents.decide import Desk
from mesh_orchestration.incidents.delivery import enqueue
from mesh_orchestration.incidents.model import Message, Mute
from mesh_orchestration.incidents.notice import Notice, concerns_readers
from mesh_orchestration.incidents.policy import Policy
from mesh_orchestration.incidents.store import Store, mutes
from mesh_orchestration.settings import Settings

_FOR_READERS = ("opened", "escalated", "recovered")

Work = Callable[[Desk], None]


@dataclass(frozen=True)
class Circle:
    """Everything that decisions and messages are made with, besides what happened."""

    settings: Settings
    mesh: Mesh
    serving: Lookup

    @cached_property
    def policy(self) -> Policy:
        return Policy.of(self.settings)

    @cached_property
    def routes(self) -> Routes:
        return Routes.load(self.settings)


def decide(store: Store, circle: Circle, work: Work, *, now: float) -> None:
    """Do ``work`` at a desk: incidents, timeline and letters are written in one transaction, or nothing is."""
    with store.writing() as connection:
        desk = Desk(connection, circle.mesh, circle.policy, _Dispatch(connection, circle, now), now)
        work(desk)
        desk.sweep()
        desk.write()


@dataclass(frozen=True)
class _Dispatch:
    connection: Connection
    circle: Circle
    now: float

    def __call__(self, message: Message) -> str:
        """Queue the letters of ``message``; says why nobody is told, else nothing."""
        if mute := self._mute(message):
            return f"nobody is told: {mute.by} muted {mute.subject}" + (f" ({mute.reason})" if mute.reason else "")
        found = about(self.circle.mesh, message.subject or message.incident.subject, self.circle.serving)
        policy, routes = self.circle.policy, self.circle.routes
        if message.transition == "unanswered" and policy.escalate_to:
            found = replace(found, owners=policy.escalate_to)
        notice = self._notice(message, found)
        channels = routes.channels(notice.letter.to)
        enqueue(self.connection, notice.letter, channels, incident=message.incident.id, policy=policy, now=self.now)
        if message.transition in _FOR_READERS and concerns_readers(message.incident):
            self._readers(notice, {channel.name for channel in channels})
        return ""

    def _readers(self, notice: Notice, told: set[str]) -> None:
        """Letters for those who only read it; nobody gets two of the same message."""
        incident, routes = notice.message.incident.id, self.circle.routes
        for owner in sorted(set(notice.about.readers.values()) - set(notice.about.owners)):
            channels = [channel for channel in routes.people([owner]) if channel.name not in told]
            told |= {channel.name for channel in channels}
            letter = replace(notice, reader=owner).letter
            enqueue(self.connection, letter, channels, incident=incident, policy=self.circle.policy, now=self.now)

    def _notice(self, message: Message, found: About) -> Notice:
        url, routes = self.circle.settings.get("MESH_URL", "http://127.0.0.1:3000"), self.circle.routes
        return Notice(message, found, url, routes.page.removesuffix("/incidents"), templates=routes.templates)

    def _mute(self, message: Message) -> Mute | None:
        subject = message.subject or message.incident.subject
        return next((mute for mute in self._mutes if mute.covers(subject)), None)

    @cached_property
    def _mutes(self) -> tuple[Mute, ...]:
        return mutes(self.connection, self.now)
