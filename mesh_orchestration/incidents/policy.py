"""When people are told: flapping, escalation, quiet hours and storms, as the settings say."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from mesh_orchestration.errors import SettingsError
from mesh_orchestration.settings import Settings

_HOURS = re.compile(r"(\d\d?):(\d\d)\s*-\s*(\d\d?):(\d\d)(?:\s+(\S+))?")


@dataclass(frozen=True)
class QuietHours:
    """A stretch of each day, from ``start`` to ``end`` in ``zone``; it may go over midnight."""

    start: time
    end: time
    zone: tzinfo = UTC

    def over(self, now: float) -> float:
        """When the quiet hours that hold at ``now`` are over (seconds since 1970); ``now`` outside of them."""
        here = datetime.fromtimestamp(now, self.zone)
        quiet = self.start <= here.time() < self.end
        if self.start > self.end:
            quiet = here.time() >= self.start or here.time() < self.end
        if not quiet:
            return now
        ends = here.replace(hour=self.end.hour, minute=self.end.minute, second=0, microsecond=0)
        return (ends if ends > here else ends + timedelta(days=1)).timestamp()


@dataclass(frozen=True)
class Policy:
    """What the settings say about telling people; all lengths in seconds.

    The third opening of the same incident within ``flap_seconds`` makes it flap: it then ends only after it was calm
    for as long. An error that nobody acknowledged for ``escalate_seconds`` (0: never) goes to ``escalate_to``. A
    channel that got ``storm`` messages within ``storm_seconds`` gets the next ones together.
    """

    flap_seconds: float = 1800.0
    escalate_seconds: float = 3600.0
    escalate_to: tuple[str, ...] = ()
    quiet: QuietHours | None = None
    storm: int = 5
    storm_seconds: float = 300.0
    attempts: int = 30

    @classmethod
    def of(cls, settings: Settings) -> Policy:
        """The policy of the settings; raises SettingsError naming the setting that is wrong."""
        return cls(
            flap_seconds=settings.integer("MESH_INCIDENTS_FLAP_SECONDS", 1800),
            escalate_seconds=settings.integer("MESH_INCIDENTS_ESCALATE_SECONDS", 3600),
            escalate_to=tuple(settings.get("MESH_INCIDENTS_ESCALATE_TO").replace(",", " ").split()),
            quiet=_quiet(settings.get("MESH_INCIDENTS_QUIET")),
            storm=max(1, settings.integer("MESH_INCIDENTS_STORM", 5)),
            storm_seconds=settings.integer("MESH_INCIDENTS_STORM_SECONDS", 300),
            attempts=max(1, settings.integer("MESH_ALERT_ATTEMPTS", 30)),
        )


def _quiet(text: str) -> QuietHours | None:
    if not text:
        return None
    try:
        match = _HOURS.fullmatch(text.strip())
        if match is None:
            raise ValueError(text)
        start, end = time(int(match[1]), int(match[2])), time(int(match[3]), int(match[4]))
        return QuietHours(start, end, ZoneInfo(match[5]) if match[5] else UTC)
    except (ValueError, ZoneInfoNotFoundError):
        raise SettingsError(
            f"MESH_INCIDENTS_QUIET={text!r} is not a stretch of the day; give e.g. "
            "MESH_INCIDENTS_QUIET='22:00-07:00 Europe/Berlin'"
        ) from None
