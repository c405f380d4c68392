"""A message as people and programs read it: title, text and the JSON of the webhook."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

from mesh_orchestration.incidents.signals import Message

PAYLOAD_VERSION = 1
_HEADLINES = {
    ("contract", "opened"): "not published, the contract is broken",
    ("contract", "recovered"): "published again",
    ("check", "opened"): "published with a warning",
    ("check", "recovered"): "the warning is over",
    ("freshness", "opened"): "older than its SLA",
    ("freshness", "escalated"): "older than its SLA",
    ("freshness", "recovered"): "fresh again",
    ("run", "opened"): "a run failed",
    ("run", "recovered"): "runs again",
}


@dataclass(frozen=True)
class Serving:
    """The snapshot that consumers read now; ``since`` is its publication, seconds since 1970."""

    snapshot: int
    since: float


@dataclass(frozen=True)
class About:
    """What the contracts say about an incident's subject: who owns it and, by address, who reads it.
    ``serving`` is None when nothing was published; ``unknown`` when the warehouse cannot be asked."""

    owners: tuple[str, ...] = ()
    readers: dict[str, str] = field(default_factory=dict)
    serving: Serving | None = None
    unknown: bool = False


@dataclass(frozen=True)
class Notice:
    """A message together with whom it concerns; ``url`` is the web UI's address, without a trailing slash."""

    message: Message
    about: About
    url: str = ""

    @property
    def key(self) -> str:
        return self.message.key

    @property
    def title(self) -> str:
        """One line: the state, the subject, what happened."""
        message = self.message
        incident = message.incident
        mark = "RESOLVED" if message.transition == "recovered" else incident.level.upper()
        headline = _HEADLINES[incident.kind, message.transition]
        if incident.kind == "freshness" and incident.level == "warn" and message.transition == "opened":
            headline = "close to the limit of its SLA"
        return f"[{mark}] {incident.subject}: {headline}"

    @property
    def run_url(self) -> str:
        return f"{self.url}/runs/{self.message.run_id}" if self.url and self.message.run_id else ""

    @property
    def text(self) -> str:
        """The whole message in plain text, one fact a line."""
        lines = self._recovery() if self.message.transition == "recovered" else self._trouble()
        if self.about.owners:
            lines.append(f"Owner: {', '.join(self.about.owners)}")
        if self.run_url:
            lines.append(f"Run: {self.run_url}")
        lines.append(f"Incident: {self.message.incident.id}")
        return "\n".join(line for line in lines if line)

    def _trouble(self) -> list[str]:
        message = self.message
        lines = [self.title, f"Since: {_moment(message.at)}"]
        lines += [f"- {finding}" for finding in message.findings]
        if message.error:
            lines.append(message.error.strip())
        if message.last_published is not None:
            lines.append(f"Last publication: {_moment(message.last_published)}")
        return [*lines, self._consumers(), self._readers(), self._next_step()]

    def _recovery(self) -> list[str]:
        message = self.message
        incident = message.incident
        what = ", ".join(incident.failing) or incident.kind
        lasted = f"Open for {_length(message.at - incident.opened_at)}, since {_moment(incident.opened_at)}"
        return [self.title, f"Recovered: {what}", lasted, self._consumers()]

    def _consumers(self) -> str:
        serving, message = self.about.serving, self.message
        if serving is None:
            if self.about.unknown:
                return "What consumers get is not known: the warehouse cannot be read."
            refused = message.incident.kind == "contract" and message.transition == "opened"
            return "Consumers have nothing to read yet: nothing was ever published." if refused else ""
        still = "" if message.transition == "recovered" else "still "
        return f"Consumers {still}get snapshot {serving.snapshot} from {_moment(serving.since)}."

    def _readers(self) -> str:
        told = ", ".join(f"{address} ({owner})" for address, owner in sorted(self.about.readers.items()))
        return f"Read by: {told}" if told else ""

    def _next_step(self) -> str:
        incident = self.message.incident
        if incident.kind == "contract":
            return f"Next: mesh rejected {incident.subject}"
        if incident.kind in ("check", "freshness"):
            return f"Next: mesh show {incident.subject}"
        domain = incident.subject.split(".", 1)[0].split("/", 1)[0]
        return f"Next: open the run, mend the cause, then mesh run {domain}"

    @property
    def payload(self) -> dict[str, Any]:
        """The JSON of the webhook; its schema is ``alerts/webhook.schema.json``."""
        message, incident = self.message, self.message.incident
        serving = self.about.serving
        return {
            "version": PAYLOAD_VERSION,
            "idempotency_key": self.key,
            "transition": message.transition,
            "at": _moment(message.at),
            "title": self.title,
            "text": self.text,
            "owners": list(self.about.owners),
            "readers": dict(self.about.readers),
            "incident": {
                "id": incident.id,
                "subject": incident.subject,
                "kind": incident.kind,
                "level": incident.level,
                "check": incident.check or None,
                "opened_at": _moment(incident.opened_at),
                "failing": list(incident.failing),
            },
            "findings": [asdict(finding) for finding in message.findings],
            "error": message.error or None,
            "run_id": message.run_id or None,
            "run_url": self.run_url or None,
            "serving": {"snapshot": serving.snapshot, "since": _moment(serving.since)} if serving else None,
        }


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")


def _length(seconds: float) -> str:
    minutes, rest = divmod(max(0, round(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    parts = [f"{days} d" if days else "", f"{hours} h" if hours else "", f"{minutes} min" if minutes else ""]
    return " ".join(part for part in parts if part) or f"{rest} s"
