"""The words of incidents: what is kept of each, and what is told of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from mesh_orchestration.incidents.events import Finding

Kind = Literal["contract", "check", "freshness", "run", "sla", "anomaly", "drift", "platform"]
Level = Literal["warn", "error"]
Transition = Literal["opened", "escalated", "affected", "flapping", "unanswered", "recovered"]
End = Literal["", "recovered", "resolved", "merged"]


def domain_of(subject: str) -> str:
    """The domain, or the location, that ``subject`` belongs to."""
    return subject.split("/", 1)[0].split(".", 1)[0]


@dataclass(frozen=True)
class Incident:
    """One cause of trouble. All moments are seconds since 1970, UTC.

    ``subject`` is a product's address, a domain, ``location/job`` or a part of the platform. ``failing`` are the
    checks, assets or service levels that have to be well again, ``affected`` the products downstream that it made
    late, with their owners. ``times`` counts how often it was seen; ``told_at`` is when it was told at its level,
    ``unanswered_at`` when it was escalated because nobody acknowledged it; ``end`` says how it ended.
    """

    id: str
    subject: str
    kind: Kind
    level: Level
    opened_at: float
    run_id: str = ""
    check: str = ""
    failing: tuple[str, ...] = ()
    seen_at: float = 0.0
    times: int = 1
    affected: Mapping[str, str] = field(default_factory=dict)
    acknowledged_at: float | None = None
    acknowledged_by: str = ""
    told_at: float = 0.0
    unanswered_at: float | None = None
    flapping: bool = False
    settles_at: float | None = None
    ended_at: float | None = None
    end: End = ""

    @property
    def state(self) -> str:
        """``open``, ``acknowledged``, ``recovered``, ``resolved`` or ``merged`` (into its cause)."""
        return self.end or ("acknowledged" if self.acknowledged_at is not None else "open")

    @property
    def domain(self) -> str:
        """The domain it belongs to; the location's name where it is no domain's."""
        return domain_of(self.subject)


@dataclass(frozen=True)
class Moment:
    """One line of an incident's timeline: what happened when, who did it (empty: the mesh), and the evidence."""

    at: float
    what: str
    text: str
    by: str = ""
    evidence: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Delivery:
    """One message of an incident to one channel: ``waiting``, ``sent`` or ``given up`` after ``attempts``."""

    channel: str
    title: str
    state: str
    due_at: float
    attempts: int
    error: str = ""
    sent_at: float | None = None


@dataclass(frozen=True)
class Mute:
    """Nobody is told of ``subject`` (an address, a domain or ``*``) until ``until``; it is recorded all the same."""

    subject: str
    since: float
    until: float
    by: str
    reason: str

    def covers(self, subject: str) -> bool:
        """Whether nobody is told of ``subject`` either."""
        return self.subject in (subject, domain_of(subject), "*")


@dataclass(frozen=True)
class Message:
    """One thing to tell of an incident. ``key`` is equal for every attempt to say the same thing; ``at`` is when it
    happened; ``subject`` is whom it concerns where that is not the incident's own subject."""

    incident: Incident
    transition: Transition
    at: float
    key: str
    run_id: str = ""
    findings: tuple[Finding, ...] = ()
    error: str = ""
    last_published: float | None = None
    subject: str = ""
