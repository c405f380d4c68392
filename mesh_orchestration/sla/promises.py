"""What a contract's ``sla`` promises, as numbers that can be compared."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from mesh_orchestration.contract.duration import parse_duration
from mesh_orchestration.contract.model import Sla
from mesh_orchestration.settings import Settings

FRESHNESS, EVENT_FRESHNESS, AVAILABILITY = "freshness", "event_freshness", "availability"
COMPLETENESS, ACCURACY, LATENCY, THROUGHPUT = "completeness", "accuracy", "latency", "throughput"
LEVELS = (FRESHNESS, EVENT_FRESHNESS, AVAILABILITY, COMPLETENESS, ACCURACY, LATENCY, THROUGHPUT)
"""The service levels that are measured, in the order in which they are shown."""
AT_MOST = frozenset({FRESHNESS, EVENT_FRESHNESS, LATENCY})
"""Those that are kept by a small value; the others are kept by a large one."""
_RATE = re.compile(r"^([\d.,_ ]*\d)\s*([km])?(?:\s+[a-z]+)?\s*(?:/|\bper\b)\s*([a-z]+)$", re.IGNORECASE)
_UNITS = {"s": 1, "sec": 1, "second": 1, "m": 60, "min": 60, "minute": 60, "h": 3600, "hour": 3600, "d": 86400,
          "day": 86400}  # fmt: skip
_TIMES = {"": 1, "k": 1e3, "m": 1e6}


@dataclass(frozen=True)
class Promise:
    """One service level: ``threshold`` in seconds, as a share (0 to 1) or in rows a second; None when what the
    contract says cannot be measured. ``said`` is the contract's own word for it."""

    level: str
    threshold: float | None
    said: str

    def keeps(self, value: float) -> bool:
        """Whether ``value`` keeps the promise."""
        if self.threshold is None:
            return False
        return value <= self.threshold if self.level in AT_MOST else value >= self.threshold


def promises(sla: Sla) -> Mapping[str, Promise]:
    """The service levels of a contract by name, in the order of ``LEVELS``."""
    lengths = {FRESHNESS: sla.freshness, EVENT_FRESHNESS: sla.event_freshness, LATENCY: sla.latency}
    shares = {AVAILABILITY: sla.availability, COMPLETENESS: sla.completeness, ACCURACY: sla.accuracy}
    found = {name: Promise(name, parse_duration(said).total_seconds(), said) for name, said in lengths.items() if said}
    found |= {name: Promise(name, share, f"{share:.6%}") for name, share in shares.items() if share is not None}
    if sla.throughput is not None:
        found[THROUGHPUT] = Promise(THROUGHPUT, rate(sla.throughput), sla.throughput)
    return {name: found[name] for name in LEVELS if name in found}


def every(settings: Settings) -> timedelta:
    """How often the recorder looks at the mesh: MESH_SLA_SECONDS (60)."""
    return timedelta(seconds=max(1, settings.integer("MESH_SLA_SECONDS", 60)))


def rate(text: str) -> float | None:
    """Rows a second in ``1000 rows/s``, ``10k events per minute`` or ``5/h``; None for any other text."""
    match = _RATE.match(text.strip())
    if not match:
        return None
    number, times, unit = match[1].translate(str.maketrans("", "", ",_ ")), (match[2] or "").lower(), match[3].lower()
    seconds = _UNITS.get(unit) or _UNITS.get(unit.removesuffix("s"))
    if not seconds or number.count(".") > 1:
        return None
    return float(number) * _TIMES[times] / seconds
