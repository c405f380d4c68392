"""Durations and times as a contract writes them: ``15m``, ``1h 30m``, ``PT15M``, ``now - 2h``."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import NoReturn

_LONGEST = 100  # characters; the patterns below are only tried on texts that somebody may have meant
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_PART = re.compile(r"(\d+(?:\.\d+)?)\s*(s|m|h|d|w)(?:[a-z]*)", re.IGNORECASE)
_ISO = re.compile(r"^P(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?$")
_SPANS = (("d", 86400), ("h", 3600), ("m", 60), ("s", 1))
_RELATIVE = re.compile(r"^now(?:\s*\(\s*\))?\s*(?:([+-])\s*(.+))?$", re.IGNORECASE)


def parse_duration(text: str) -> timedelta:
    """The length of time written as ``15m``, ``1h 30m``, ``7 days`` or ISO 8601 ``PT15M``;
    raises ValueError on anything else."""
    word = str(text).strip()
    try:
        return _length(word) if len(word) <= _LONGEST else _refuse(f"{word[:20]}…")
    except OverflowError:
        raise ValueError(f"'{word}' is longer than a calendar; write e.g. 15m, 1h, 2d or PT15M") from None


def _length(word: str) -> timedelta:
    if word and word != "P" and (match := _ISO.match(word)):
        weeks, days, hours, minutes, seconds = (int(part or 0) for part in match.groups())
        return timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds)
    parts = _PART.findall(word)
    if not parts or _PART.sub("", word).strip(" ,"):
        _refuse(word)
    return timedelta(seconds=sum(float(number) * _UNITS[unit.lower()] for number, unit in parts))


def _refuse(word: str) -> NoReturn:
    raise ValueError(f"'{word}' is not a duration; write e.g. 15m, 1h, 2d or PT15M")


def resolve_relative(value: object, now: datetime) -> object:
    """``now - 2h`` and ``now`` as a datetime relative to ``now``; every other value unchanged.

    Raises ValueError for a time before or after every calendar.
    """
    if not isinstance(value, str) or len(value) > _LONGEST or not (match := _RELATIVE.match(value.strip())):
        return value
    sign, length = match.groups()
    if not sign:
        return now
    try:
        return now - parse_duration(length) if sign == "-" else now + parse_duration(length)
    except OverflowError:
        raise ValueError(f"'{value}' is before or after every calendar; write a time nearer to now") from None


def span(length: timedelta | None) -> str:
    """A length of time in its two largest units: ``1d 2h``, ``3m 5s``; ``-`` for none."""
    if length is None:
        return "-"
    seconds = int(max(length.total_seconds(), 0))
    parts: list[str] = []
    for unit, size in _SPANS:
        count, seconds = divmod(seconds, size)
        if count or (unit == "s" and not parts):
            parts.append(f"{count}{unit}")
    return " ".join(parts[:2])
