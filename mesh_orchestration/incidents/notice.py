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
from functools import cached_property
from typing import Any, Literal

from mesh_orchestration.incidents.about import About
from mesh_orchestration.incidents.model import Incident, Message
from mesh_orchestration.incidents.templates import SHIPPED, SUFFIX, Templates

PAYLOAD_VERSION = 1
DIGEST = f"digest{SUFFIX}"
Tone = Literal["success", "warning", "failure"]
_EVENTS = {"affected": "opened", "escalated": "worse", "unanswered": "escalated"}
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


def together(letters: Sequence[Letter], *, page: str, templates: Templates = SHIPPED) -> Letter:
    """Many letters to one channel as one; ``page`` is where all incidents are shown."""
    digest = hashlib.sha256("\n".join(letter.key for letter in letters).encode()).hexdigest()
    text = templates.text(DIGEST, digest_facts(letters, page=page))
    title = _title(text)
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


def digest_facts(letters: Sequence[Letter], *, page: str) -> dict[str, Any]:
    """What a template can say of many letters."""
    troubles = sum(letter.tone != "success" for letter in letters)
    titles = [letter.title for letter in letters]
    return {"troubles": troubles, "recoveries": len(letters) - troubles, "titles": titles, "page": page}


def concerns_readers(incident: Incident) -> bool:
    """Whether those who read the incident's subject are told, too: errors that keep new data from them."""
    return incident.level == "error" and incident.kind in _CONCERNS_READERS


@dataclass(frozen=True)
class Notice:
    """A message together with whom it concerns; ``url`` is the address of Dagster's UI and ``page`` that of the
    catalog, without a trailing slash. ``reader`` is the owner it is for where that one only reads the subject, and
    ``templates`` are the words."""

    message: Message
    about: About
    url: str = ""
    page: str = ""
    reader: str = ""
    templates: Templates = SHIPPED

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
    def template(self) -> str:
        """The name of the template that says it: who it is for and what happened."""
        transition = self.message.transition
        audience = "reader" if self.reader else "late" if self.message.subject else "owner"
        return f"{audience}.{_EVENTS.get(transition, transition)}{SUFFIX}"

    @property
    def title(self) -> str:
        """One line: the state, the subject, what happened."""
        return _title(self.text)

    @cached_property
    def text(self) -> str:
        """The whole message in plain text, one fact a line; the first line is the title."""
        return self.templates.text(self.template, self.facts)

    @property
    def facts(self) -> dict[str, Any]:
        """What a template can say: the names of the payload, empty where that has null, and a few more."""
        message, incident = self.message, self.message.incident
        published, said = message.last_published, self._said
        return {name: "" if fact is None else fact for name, fact in said.items()} | {
            "findings": message.findings,
            "error": message.error.strip(),
            "readers": dict(sorted(self.about.readers.items())),
            "incident": {**said["incident"], "check": incident.check, "domain": incident.domain},
            "serving_unknown": self.about.unknown,
            "last_published": "" if published is None else _moment(published),
            "lasted": _length(message.at - incident.opened_at),
            "reader": self.reader,
            "reads": sorted(name for name, owner in self.about.readers.items() if owner == self.reader),
            "page": f"{self.page}/incidents/{incident.id}" if self.page else "",
        }

    @property
    def run_url(self) -> str:
        return f"{self.url}/runs/{self.message.run_id}" if self.url and self.message.run_id else ""

    @property
    def payload(self) -> dict[str, Any]:
        """The JSON of the webhook; its schema is ``webhook.schema.json``."""
        return {**self._said, "title": self.title, "text": self.text}

    @property
    def _said(self) -> dict[str, Any]:
        message, incident = self.message, self.message.incident
        serving = self.about.serving
        return {
            "version": PAYLOAD_VERSION,
            "idempotency_key": message.key,
            "transition": message.transition,
            "subject": message.subject or incident.subject,
            "at": _moment(message.at),
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


def _title(text: str) -> str:
    return text.partition("\n")[0].strip()


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")


def _length(seconds: float) -> str:
    minutes, rest = divmod(max(0, round(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    parts = [f"{days} d" if days else "", f"{hours} h" if hours else "", f"{minutes} min" if minutes else ""]
    return " ".join(part for part in parts if part) or f"{rest} s"
