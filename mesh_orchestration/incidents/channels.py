"""Where letters go: the log, a JSON webhook, e-mail over SMTP, and anything Apprise has a URL for."""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import smtplib
import urllib.error
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Protocol
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from mesh_orchestration.errors import MeshError, SettingsError
from mesh_orchestration.incidents.notice import Letter
from mesh_orchestration.incidents.templates import SHIPPED, Templates
from mesh_orchestration.settings import Settings

TIMEOUT = 10.0
_log = logging.getLogger("mesh.alerts")


class DeliveryError(MeshError):
    """A channel did not take a letter; the message names the channel, never a secret. ``down`` when the
    whole service could not be reached, so that trying it again at once is a waste of time."""

    def __init__(self, message: str, *, down: bool = False) -> None:
        self.down = down
        super().__init__(message)


class Channel(Protocol):
    """One way to tell people. ``name`` is stable, unique and free of secrets; ``service`` is what several
    channels share and what may be down."""

    @property
    def name(self) -> str: ...

    @property
    def service(self) -> str: ...

    def send(self, letter: Letter) -> None:
        """Deliver ``letter``; raises DeliveryError when that failed and may be tried again."""
        ...


@dataclass(frozen=True)
class LogChannel:
    """The process's log: always on, never fails."""

    name: str = "log"
    service: str = "log"

    def send(self, letter: Letter) -> None:
        # Not information: a code server logs from warnings on, and who saw the alert must see its end.
        _log.warning("%s", letter.text)


@dataclass(frozen=True)
class WebhookChannel:
    """POSTs the letter's payload as JSON; ``secret`` signs the body (HMAC-SHA256)."""

    url: str = field(repr=False)
    secret: str = field(default="", repr=False)
    timeout: float = TIMEOUT

    @property
    def name(self) -> str:
        return f"webhook {urlsplit(self.url).hostname}"

    @property
    def service(self) -> str:
        return self.name

    def send(self, letter: Letter) -> None:
        body = json.dumps(letter.payload).encode()
        headers = {"Content-Type": "application/json", "Idempotency-Key": letter.key}
        if self.secret:
            digest = hmac.new(self.secret.encode(), body, hashlib.sha256).hexdigest()
            headers["X-Mesh-Signature"] = f"sha256={digest}"
        request = urllib.request.Request(self.url, body, headers)  # noqa: S310 (scheme checked where it is read)
        try:
            with urllib.request.urlopen(request, timeout=self.timeout):  # noqa: S310
                pass
        except urllib.error.HTTPError as error:
            raise DeliveryError(f"{self.name} answered {error.code} {error.reason}") from None
        except OSError as error:
            raise DeliveryError(f"{self.name} cannot be reached: {error}", down=True) from None


@dataclass(frozen=True)
class EmailChannel:
    """Sends plain text over SMTP to the addresses in ``to``."""

    url: str = field(repr=False)
    sender: str
    to: tuple[str, ...]
    timeout: float = TIMEOUT

    @property
    def name(self) -> str:
        return f"e-mail {', '.join(self.to)}"

    @property
    def service(self) -> str:
        return f"SMTP server {urlsplit(self.url).hostname}"

    def send(self, letter: Letter) -> None:
        mail = EmailMessage()
        mail["Subject"], mail["From"], mail["To"] = letter.title, self.sender, ", ".join(self.to)
        mail["Message-ID"] = f"<{hashlib.sha256(letter.key.encode()).hexdigest()}@mesh>"
        mail["X-Mesh-Idempotency-Key"] = letter.key
        mail.set_content(letter.text)
        try:
            self._submit(mail)
        except smtplib.SMTPRecipientsRefused as error:
            raise DeliveryError(f"{self.name} was refused by the {self.service}: {error}") from None
        except (OSError, smtplib.SMTPException) as error:
            raise DeliveryError(f"{self.name} was not accepted by the {self.service}: {error}", down=True) from None

    def _submit(self, mail: EmailMessage) -> None:
        parts = urlsplit(self.url)
        host = parts.hostname or "localhost"
        secure = parts.scheme == "smtps"
        connect = smtplib.SMTP_SSL if secure else smtplib.SMTP
        with connect(host, parts.port or (465 if secure else 25), timeout=self.timeout) as server:
            if not secure and parse_qs(parts.query).get("starttls"):
                server.starttls()
            if parts.username:
                server.login(unquote(parts.username), unquote(parts.password or ""))
            server.send_message(mail)


@dataclass(frozen=True)
class AppriseChannel:
    """Any service Apprise has a URL for (Slack, Teams, Matrix, PagerDuty …)."""

    url: str = field(repr=False)

    @property
    def name(self) -> str:
        digest = hashlib.sha256(self.url.encode()).hexdigest()[:8]
        return f"apprise {urlsplit(self.url).scheme} {digest}"  # the rest of such a URL is a secret

    @property
    def service(self) -> str:
        return self.name

    def send(self, letter: Letter) -> None:
        import apprise

        service = apprise.Apprise()
        if not service.add(self.url):
            raise DeliveryError(f"{self.name}: Apprise knows no such URL; mend MESH_ALERT_URLS")
        if not service.notify(title=letter.title, body=letter.text, notify_type=letter.tone):
            raise DeliveryError(f"{self.name} did not take the letter")


@dataclass(frozen=True)
class Routes:
    """The configured channels: what every message to owners gets, what teams get, how e-mail leaves the
    house, the page (URL) that shows all incidents, and the words of messages."""

    always: tuple[Channel, ...]
    general: tuple[Channel, ...] = ()
    teams: dict[str, tuple[Channel, ...]] = field(default_factory=dict)
    smtp_url: str = field(default="", repr=False)
    sender: str = ""
    page: str = ""
    templates: Templates = SHIPPED

    @classmethod
    def load(cls, settings: Settings) -> Routes:
        """The channels that the settings name; raises SettingsError on a URL that no channel can use."""
        always: list[Channel] = [LogChannel()]
        if webhook := settings.get("MESH_ALERT_WEBHOOK"):
            _checked("MESH_ALERT_WEBHOOK", webhook, ("http", "https"))
            always.append(WebhookChannel(webhook, settings.get("MESH_ALERT_WEBHOOK_SECRET")))
        prefix = "MESH_ALERT_URLS_"
        teams = {
            name.removeprefix(prefix).lower(): _apprise(urls)
            for name, urls in settings.environ.items()
            if name.startswith(prefix) and urls
        }
        page = f"{settings.get('MESH_SERVE_URL', 'http://127.0.0.1:5000')}/incidents"
        smtp = settings.get("MESH_SMTP_URL")
        if smtp:
            host = _checked("MESH_SMTP_URL", smtp, ("smtp", "smtps")).hostname
            sender = settings.get("MESH_SMTP_FROM", f"mesh@{host}")
        general, words = _apprise(settings.get("MESH_ALERT_URLS")), Templates.of(settings)
        return cls(tuple(always), general, teams, smtp, sender if smtp else "", page, words)

    def channels(self, owners: Sequence[str]) -> tuple[Channel, ...]:
        """Where a message to ``owners`` of what is wrong goes: always the log and the webhook, and to the people."""
        chosen = {channel.name: channel for channel in (*self.always, *self.people(owners))}
        return tuple(chosen.values())

    def people(self, owners: Sequence[str]) -> tuple[Channel, ...]:
        """How to reach ``owners``: one that is an e-mail address gets e-mail (the general URLs when no SMTP server is
        set); ``team:orders`` gets the URLs of MESH_ALERT_URLS_ORDERS, or the general ones, as do no owners at all."""
        chosen: dict[str, Channel] = {}
        mails = tuple(owner for owner in owners if "@" in owner)
        named = [owner for owner in owners if "@" not in owner]
        if mails and self.smtp_url:
            channel = EmailChannel(self.smtp_url, self.sender, mails)
            chosen[channel.name] = channel
        wanted: list[Sequence[Channel]] = [
            self.teams.get(owner.removeprefix("team:").lower().replace("-", "_"), self.general) for owner in named
        ]
        if (mails and not self.smtp_url) or not owners:
            wanted.append(self.general)
        chosen |= {channel.name: channel for channels in wanted for channel in channels}
        return tuple(chosen.values())


def _apprise(urls: str) -> tuple[Channel, ...]:
    return tuple(AppriseChannel(url) for url in urls.replace(",", " ").split())


def _checked(name: str, url: str, schemes: tuple[str, ...]) -> SplitResult:
    parts = urlsplit(url)
    if parts.scheme not in schemes or not parts.hostname:
        raise SettingsError(f"{name} is not a URL such as {schemes[0]}://host:port/ ({' or '.join(schemes)})")
    return parts
