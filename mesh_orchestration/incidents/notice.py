"""A message as people and programs read it: title, text and the JSON of the webhook.

Three kinds of people read it, each in words of their own: the owner of what is wrong, the owner of a product that is
late because of it, and those who only read what is wrong.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from mesh_orchestration.incidents.about import About
from mesh_orchestration.incidents.model import Incident, Message

PAYLOAD_VERSION = 1
Tone = Literal["success", "warning", "failure"]
_HEADLINES = {
    "contract": ("not published, the contract is broken", "published again"),
    "check": ("published with a warning", "the warning is over"),
    "freshness": ("older than its SLA", "fresh again"),
    "run": ("a run failed", "runs again"),
    "sla": ("its {check} SLA is broken", "its {check} SLA is kept again"),
    "anomaly": ("unusual {check}", "usual again"),
    "drift": ("its source or model changed its shape", "has the expected shape again"),
    "platform": ("does not do its work", "does its work again"),
}
_SHOWN = 20
_CONCERNS_READERS = ("contract", "freshness", "sla", "drift", "run")


@dataclass(frozen=True)
class Letter:
    """What a channel sends. ``to`` are the owners it is for; ``key`` is equal for every attempt to say the same."""

    key: str
    title: str
    text: str
    tone: Tone
    to: tuple[str, ...] = ()
    payload: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, text: str) -> Letter:
        """The letter that ``plain`` was made of."""
        said = json.loads(text)
        return cls(**{**said, "to": tuple(said["to"])})

    @property
    def plain(self) -> str:
        """The letter as JSON."""
        return json.dumps(asdict(self))


def together(letters: Sequence[Letter], *, page: str) -> Letter:
    """Many letters to one channel as one; ``page`` is where all incidents are shown."""
    digest = hashlib.sha256("\n".join(letter.key for letter in letters).encode()).hexdigest()
    troubles = sum(letter.tone != "success" for letter in letters)
    title = f"[{troubles} TROUBLES, {len(letters) - troubles} RECOVERIES] told together because there are so many"
    shown = [f"- {letter.title}" for letter in letters[:_SHOWN]]
    more = [f"and {len(letters) - _SHOWN} more"] if len(letters) > _SHOWN else []
    text = "\n".join([title, *shown, *more, f"All: {page}"])
    tones = {letter.tone for letter in letters}
    worst: Tone = "failure" if "failure" in tones else "warning" if "warning" in tones else "success"
    payload = {
        "version": PAYLOAD_VERSION,
        "idempotency_key": digest,
        "transition": "digest",
        "title": title,
        "text": text,
        "notices": [letter.payload for letter in letters],
    }
    return Letter(digest, title, text, worst, letters[0].to, payload)


def concerns_readers(incident: Incident) -> bool:
    """Whether those who read the incident's subject are told, too: errors that keep new data from them."""
    return incident.level == "error" and incident.kind in _CONCERNS_READERS


@dataclass(frozen=True)
class Notice:
    """A message together with whom it concerns; ``url`` is the address of Dagster's UI and ``page`` that of the
    catalog, without a trailing slash. ``reader`` is the owner it is for where that one only reads the subject."""

    message: Message
    about: About
    url: str = ""
    page: str = ""
    reader: str = ""

    @property
    def letter(self) -> Letter:
        """What the channels send."""
        tone: Tone = "failure" if self.message.incident.level == "error" else "warning"
        to = (self.reader,) if self.reader else self.about.owners
        return Letter(
            key=f"{self.message.key}:{self.reader}" if self.reader else self.message.key,
            title=self.title,
            text=self.text,
            tone="success" if self.message.transition == "recovered" else tone,
            to=to,
            payload=self.payload,
        )

    @property
    def title(self) -> str:
        """One line: the state, the subject, what happened."""
        incident = self.message.incident
        mark = "RESOLVED" if self.message.transition == "recovered" else incident.level.upper()
        if self.message.subject:
            return f"[{mark}] {self.message.subject}: late because of {incident.subject}"
        if self.reader:
            mark = mark if self.message.transition == "recovered" else "NOTICE"
            return f"[{mark}] {incident.subject}, which you read: {self._headline}"
        return f"[{mark}] {incident.subject}: {self._headline}"

    @property
    def _headline(self) -> str:
        message, incident = self.message, self.message.incident
        if message.transition == "flapping":
            return "breaks and recovers again and again; you hear of it when it has calmed down"
        if message.transition == "unanswered":
            return f"nobody has acknowledged this for {_length(message.at - incident.opened_at)}"
        if incident.kind == "freshness" and incident.level == "warn" and message.transition == "opened":
            return "close to the limit of its SLA"
        trouble, recovery = _HEADLINES[incident.kind]
        return (recovery if message.transition == "recovered" else trouble).format(check=incident.check)

    @property
    def run_url(self) -> str:
        return f"{self.url}/runs/{self.message.run_id}" if self.url and self.message.run_id else ""

    @property
    def text(self) -> str:
        """The whole message in plain text, one fact a line."""
        if self.reader:
            lines = self._for_reader()
        elif self.message.subject:
            lines = self._for_affected()
        else:
            lines = self._recovery() if self.message.transition == "recovered" else self._trouble()
        if self.about.owners:
            lines.append(f"Owner: {', '.join(self.about.owners)}")
        if self.run_url and not self.reader:
            lines.append(f"Run: {self.run_url}")
        lines.append(f"Incident: {self.message.incident.id}")
        if self.page:
            lines.append(f"Page: {self.page}/incidents/{self.message.incident.id}")
        return "\n".join(line for line in lines if line)

    def _trouble(self) -> list[str]:
        message = self.message
        lines = [self.title, f"Since: {_moment(message.incident.opened_at)}"]
        lines += [f"- {finding}" for finding in message.findings]
        if message.error:
            lines.append(message.error.strip())
        if message.last_published is not None:
            lines.append(f"Last publication: {_moment(message.last_published)}")
        return [*lines, self._consumers(), self._readers(), self._next_step()]

    def _for_reader(self) -> list[str]:
        reads = sorted(name for name, owner in self.about.readers.items() if owner == self.reader)
        serving, over = self.about.serving, self.message.transition == "recovered"
        lines = [self.title, f"You read it in: {', '.join(reads)}"]
        if over:
            lines.append("New data comes again; you need do nothing.")
        elif serving:
            lines.append(
                f"You go on reading snapshot {serving.snapshot} from {_moment(serving.since)}: "
                "it is whole and checked, and gets older until this is mended."
            )
        else:
            lines.append("Its owner was told; you need do nothing unless your own work cannot wait.")
        return lines

    def _for_affected(self) -> list[str]:
        message, incident = self.message, self.message.incident
        return [
            self.title,
            f"Since: {_moment(message.at)}",
            f"The cause is upstream: {incident.subject} ({incident.kind}), since {_moment(incident.opened_at)}.",
            message.error.strip(),
            self._consumers(),
            self._readers(),
            "Its owner was told; yours follows by itself when that is mended.",
        ]

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
        if incident.kind in ("check", "freshness", "anomaly"):
            return f"Next: mesh show {incident.subject}"
        if incident.kind == "sla":
            return f"Next: mesh sla {incident.subject}"
        if incident.kind == "platform":
            return "Next: mesh doctor"
        return f"Next: open the run, mend the cause, then mesh run {incident.domain}"

    @property
    def payload(self) -> dict[str, Any]:
        """The JSON of the webhook; its schema is ``alerts/webhook.schema.json``."""
        message, incident = self.message, self.message.incident
        serving = self.about.serving
        return {
            "version": PAYLOAD_VERSION,
            "idempotency_key": message.key,
            "transition": message.transition,
            "subject": message.subject or incident.subject,
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
                "affected": dict(incident.affected),
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
