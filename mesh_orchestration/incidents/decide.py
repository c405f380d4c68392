"""From signals to incidents: what is one cause, when it began, what it took with it, when it is over.

A ``Desk`` lives as long as one transaction. A signal that is known is the same incident seen again; one that only
follows from an open incident (a product late because another was refused) joins it; any other opens one, and what
was seen before and follows from that is merged into it.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from mesh_orchestration.contract.mesh import Mesh
from mesh_orchestration.contract.model import DataProduct
from mesh_orchestration.incidents.about import by_name, sources_of
from mesh_orchestration.incidents.model import Incident, Message, Moment, Transition
from mesh_orchestration.incidents.policy import Policy
from mesh_orchestration.incidents.signals import Change, Signal, Signals
from mesh_orchestration.incidents.store import incident_of
from mesh_orchestration.incidents.symptoms import FOLLOWS, Symptoms
from mesh_orchestration.incidents.tables import INCIDENTS, MOMENTS, SIGNALS
from mesh_orchestration.incidents.wording import clearing, evidence, reason

FLAPS = 3
_CAUSES = ("contract", "run", "drift", "freshness", "sla")
_REPEATS_KEPT = 20  # lines of a timeline that only say "again"

Tell = Callable[[Message], str]


@dataclass(frozen=True)
class _Known:
    incident: str
    source: str
    signal: Signal


@dataclass
class Desk:
    """Decides within one transaction, at ``now``; ``write`` ends it. ``tell`` takes what is to be told, and says why
    nobody is (else nothing)."""

    connection: Connection
    mesh: Mesh
    policy: Policy
    tell: Tell
    now: float
    _signals: dict[str, _Known] = field(init=False)
    _incidents: dict[str, Incident] = field(init=False)
    _moments: list[tuple[str, Moment]] = field(init=False, default_factory=list)
    _written: dict[str, Incident] = field(init=False)

    def __post_init__(self) -> None:
        self._signals = dict(_known(self.connection))
        wanted = INCIDENTS.c.ended_at.is_(None) | INCIDENTS.c.id.in_(select(SIGNALS.c.incident))
        rows = self.connection.execute(select(INCIDENTS).where(wanted)).mappings()
        self._incidents = {row["id"]: incident_of(row) for row in rows}
        self._written = dict(self._incidents)

    @cached_property
    def _products(self) -> Mapping[str, DataProduct]:
        return by_name(self.mesh)

    @cached_property
    def _symptoms(self) -> Symptoms:
        return Symptoms(self.mesh, self._products)

    def signals(self, source: str) -> dict[str, Signal]:
        """What ``source`` has said and not cleared."""
        return {key: known.signal for key, known in self._signals.items() if known.source == source}

    def take(self, source: str, changes: Iterable[Change], now: Signals | None = None) -> None:
        """Decide what follows from ``changes`` of a source; ``now`` are its signals after them, where those know more
        than the changes."""
        for change in changes:
            match change.what:
                case "raised":
                    self._raised(source, change)
                case "again" | "worse":
                    self._again(source, change)
                case "cleared" | "gone":
                    self._cleared(change)
        for key, signal in (now or {}).items():
            if known := self._signals.get(key):
                self._signals[key] = replace(known, signal=signal)

    def sweep(self) -> None:
        """End what has calmed down, and say what nobody has acknowledged for too long."""
        at = self.now
        for incident in [one for one in self._incidents.values() if one.ended_at is None]:
            if incident.settles_at is not None and incident.settles_at <= at:
                self._end(incident, at)
            elif self._unanswered(incident):
                incident = self._keep(replace(incident, unanswered_at=at))
                self._tell(incident, "unanswered", at, "nobody acknowledged it in time")

    def write(self) -> None:
        """Write what was decided."""
        self._write_signals()
        for incident in self._incidents.values():
            self._write_incident(incident)
        if self._moments:
            self.connection.execute(insert(MOMENTS), [moment_row(name, moment) for name, moment in self._moments])

    def _write_signals(self) -> None:
        before = dict(_known(self.connection))
        for key in before.keys() - self._signals.keys():
            self.connection.execute(delete(SIGNALS).where(SIGNALS.c.key == key))
        for key, known in self._signals.items():
            if before.get(key) == known:
                continue
            said = {"incident": known.incident, "source": known.source, "subject": known.signal.subject}
            said["signal"] = json.dumps(known.signal.plain)
            if key in before:
                self.connection.execute(update(SIGNALS).where(SIGNALS.c.key == key).values(**said))
            else:
                self.connection.execute(insert(SIGNALS).values(key=key, **said))

    def _raised(self, source: str, change: Change) -> None:
        signal = change.signal
        incident = self._cause(signal)
        if incident is not None:
            incident = self._join(incident, change)
        else:
            incident = self._calm(change) or self._flapping(change) or self._open(change)
            incident = self._absorb(incident, signal)
        self._signals[signal.key] = _Known(incident.id, source, signal)

    def _again(self, source: str, change: Change) -> None:
        signal = change.signal
        known = self._signals.get(signal.key)
        incident = self._incidents[known.incident] if known else None
        if incident is None or incident.ended_at is not None:
            self._raised(source, change)  # what somebody resolved by hand happened again
            return
        own = incident.subject == signal.subject
        worse = own and change.what == "worse"
        seen = replace(
            incident,
            times=incident.times + 1,
            seen_at=change.at,
            run_id=change.run_id or incident.run_id,
            failing=signal.failing if own and incident.kind == signal.kind else incident.failing,
            level="error" if worse else incident.level,
            told_at=self.now if worse else incident.told_at,
        )
        self._keep(seen)
        if seen.level != incident.level:
            self._tell(seen, "escalated", change.at, reason(signal), signal)
        elif seen.times <= _REPEATS_KEPT:
            self._note(seen, Moment(change.at, "again", reason(signal), evidence=evidence(signal)))

    def _cleared(self, change: Change) -> None:
        known = self._signals.pop(change.signal.key, None)
        incident = self._incidents[known.incident] if known else None
        if incident is None or incident.ended_at is not None:
            return
        left = [one.signal for one in self._signals.values() if one.incident == incident.id]
        if left:
            self._note(incident, Moment(change.at, "better", clearing(change, left)))
        elif change.what == "gone":
            self._keep(replace(incident, ended_at=change.at, end="recovered"))
            self._note(incident, Moment(change.at, "recovered", "this is no longer promised"))
        elif incident.flapping:
            calm = self._keep(replace(incident, settles_at=change.at + self.policy.flap_seconds))
            self._note(calm, Moment(change.at, "calm", "well now; it is over once it has stayed so"))
        else:
            self._end(incident, change.at, change.run_id)

    def _end(self, incident: Incident, at: float, run_id: str = "") -> None:
        over = self._keep(replace(incident, ended_at=at, end="recovered", settles_at=None))
        self._tell(over, "recovered", at, "everything that was wrong is well again", run_id=run_id)

    def _open(self, change: Change) -> Incident:
        signal = change.signal
        incident = Incident(
            id=str(uuid.uuid4()),
            subject=signal.subject,
            kind=signal.kind,
            level=signal.level,
            opened_at=change.at,
            run_id=signal.run_id,
            check=signal.check,
            failing=signal.failing,
            seen_at=change.at,
            told_at=self.now,
        )
        self._keep(incident)
        self._tell(incident, "opened", change.at, reason(signal), signal)
        return incident

    def _absorb(self, cause: Incident, signal: Signal) -> Incident:
        """Merge into ``cause`` what is only lateness that follows from it and was seen before it."""
        held: dict[str, list[_Known]] = {}
        for known in self._signals.values():
            held.setdefault(known.incident, []).append(known)
        signals = {name: [known.signal for known in all_of_it] for name, all_of_it in held.items()}
        for symptom in tuple(self._symptoms.of(cause, signal.at, self._incidents.values(), signals=signals)):
            self._keep(replace(symptom, ended_at=self.now, end="merged", settles_at=None))
            text = f"it follows from {cause.subject} ({cause.kind}) and goes on there"
            self._note(symptom, Moment(self.now, "merged", text, evidence={"incident": cause.id}))
            text = f"{symptom.subject} ({symptom.check or symptom.kind}) was seen before and follows from this"
            self._note(cause, Moment(self.now, "merged", text, evidence={"incident": symptom.id}))
            for known in held[symptom.id]:
                cause = self._join(cause, Change(known.signal, "raised", self.now, known.signal.run_id))
                self._signals[known.signal.key] = replace(known, incident=cause.id)
        return cause

    def _calm(self, change: Change) -> Incident | None:
        """The open incident that is only waiting to be over."""
        for incident in self._incidents.values():
            if incident.ended_at is None and incident.settles_at is not None and _same(incident, change.signal):
                seen = replace(incident, settles_at=None, times=incident.times + 1, seen_at=change.at)
                self._note(seen, Moment(change.at, "again", reason(change.signal), evidence=evidence(change.signal)))
                return self._keep(seen)
        return None

    def _flapping(self, change: Change) -> Incident | None:
        """The last incident of the same kind, opened again because this is the third time in a short while."""
        table, signal = INCIDENTS.c, change.signal
        for incident in self._incidents.values():
            if incident.ended_at is not None:
                self._write_incident(incident)  # so that the question below finds what ended a moment ago
        rows = self.connection.execute(
            select(INCIDENTS)
            .where(table.subject == signal.subject, table.kind == signal.kind, table.check == signal.check)
            .where(table.end == "recovered", table.opened_at > change.at - self.policy.flap_seconds)
            .order_by(table.opened_at.desc())
        ).mappings()
        lately = [incident_of(row) for row in rows]
        if len(lately) < FLAPS - 1:
            return None
        last = replace(lately[0], ended_at=None, end="", flapping=True, seen_at=change.at)
        incident = replace(last, times=last.times + 1)
        self._written[incident.id] = lately[0]
        self._keep(incident)
        self._tell(incident, "flapping", change.at, reason(signal), signal)
        return incident

    def _write_incident(self, incident: Incident) -> None:
        known = self._written.get(incident.id)
        if known is None:
            self.connection.execute(insert(INCIDENTS).values(**_row(incident)))
        elif known != incident:
            self.connection.execute(update(INCIDENTS).where(INCIDENTS.c.id == incident.id).values(**_row(incident)))
        self._written[incident.id] = incident

    def _join(self, incident: Incident, change: Change) -> Incident:
        signal = change.signal
        affected, elsewhere = dict(incident.affected), signal.subject != incident.subject
        product = self._products.get(signal.subject)
        told = signal.subject in affected or not elsewhere or product is None
        if product is not None and elsewhere:
            affected[signal.subject] = product.owner
        worse = not elsewhere and (incident.level, signal.level) == ("warn", "error")
        joined = replace(incident, affected=affected, seen_at=change.at)
        if worse:
            joined = replace(joined, level="error", told_at=self.now)
        self._keep(joined)
        if worse:
            self._tell(joined, "escalated", change.at, reason(signal), signal)
        elif told:
            self._note(joined, Moment(change.at, "joined", reason(signal), evidence=evidence(signal)))
        else:
            self._tell(joined, "affected", change.at, reason(signal), signal)
        return joined

    def _cause(self, signal: Signal) -> Incident | None:
        """The open incident that ``signal`` only follows from."""
        here = [one for one in self._incidents.values() if one.ended_at is None]
        if signal.kind in ("run", "drift") and signal.run_id:
            same_run = (one for one in here if one.run_id == signal.run_id and one.kind == signal.kind)
            return next((one for one in same_run if self._says(one, signal)), None)
        if signal.check not in FOLLOWS.get(signal.kind, ()):
            return None
        for subject in (signal.subject, *sources_of(self.mesh, self._products, signal.subject)):
            places = (subject, subject.split(".", 1)[0])
            for one in here:
                own = subject == signal.subject
                if one.subject in places and self._explains(one, own=own):
                    return one
        domain = signal.subject.split(".", 1)[0]
        platform = (one for one in here if one.kind == "platform")
        return next((one for one in platform if one.check == "daemon" or one.domain == domain), None)

    def _explains(self, incident: Incident, *, own: bool) -> bool:
        """Whether lateness can come from ``incident``, of the product itself (``own``) or one that it reads."""
        if incident.kind not in _CAUSES or (incident.level == "warn" and not own):
            return False
        return incident.kind != "sla" or incident.check in FOLLOWS["sla"]

    def _says(self, incident: Incident, signal: Signal) -> bool:
        """Whether a signal of the incident has the same error, apart from the step's name."""
        mine = signal.error.split(": ", 1)[-1]
        others = (one.signal for one in self._signals.values() if one.incident == incident.id)
        return any(other.error.split(": ", 1)[-1] == mine for other in others)

    def _unanswered(self, incident: Incident) -> bool:
        answered = incident.acknowledged_at is not None or incident.unanswered_at is not None
        if answered or incident.level != "error" or incident.flapping or not self.policy.escalate_seconds:
            return False
        return incident.told_at + self.policy.escalate_seconds <= self.now

    def _keep(self, incident: Incident) -> Incident:
        self._incidents[incident.id] = incident
        return incident

    def _note(self, incident: Incident, moment: Moment) -> None:
        self._moments.append((incident.id, moment))

    def _tell(
        self,
        incident: Incident,
        transition: Transition,
        at: float,
        text: str,
        signal: Signal | None = None,
        run_id: str = "",
    ) -> None:
        self._note(incident, Moment(at, transition, text, evidence=evidence(signal) if signal else {}))
        key = f"{incident.id}:{transition}"
        if transition == "affected" and signal:
            key += f":{signal.subject}"
        elif incident.flapping:
            key += f":{incident.times}"
        said: dict[str, Any] = {"run_id": run_id}
        if signal:
            said = {
                "run_id": signal.run_id,
                "findings": signal.findings,
                "error": signal.error,
                "last_published": signal.last_published,
                "subject": signal.subject if transition == "affected" else "",
            }
        if untold := self.tell(Message(incident, transition, at, key, **said)):
            self._note(incident, Moment(at, "muted", untold))


def moment_row(incident: str, moment: Moment) -> dict[str, Any]:
    """A line of the timeline as a row of the table."""
    return {"incident": incident, **asdict(moment), "evidence": json.dumps(moment.evidence)}


def _known(connection: Connection) -> Iterator[tuple[str, _Known]]:
    for row in connection.execute(select(SIGNALS)).mappings():
        yield row["key"], _Known(row["incident"], row["source"], Signal.of(json.loads(row["signal"])))


def _same(incident: Incident, signal: Signal) -> bool:
    return (incident.subject, incident.kind, incident.check) == (signal.subject, signal.kind, signal.check)


def _row(incident: Incident) -> Mapping[str, Any]:
    said = asdict(incident)
    flapping, failing = int(incident.flapping), json.dumps(incident.failing)
    return said | {"flapping": flapping, "failing": failing, "affected": json.dumps(dict(incident.affected))}
