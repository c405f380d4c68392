"""Moments: always in UTC, and kept by every store as whole microseconds since 1970, which sort and compare alike."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def in_utc(moment: datetime) -> datetime:
    """The moment in UTC, where it is taken to be when it names no zone; raises OverflowError beyond the calendar."""
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def microseconds(moment: datetime) -> int:
    """How a moment is kept."""
    return (moment - EPOCH) // _MICROSECOND


def moment(microseconds: int) -> datetime:
    """The moment that is kept as ``microseconds``."""
    return EPOCH + microseconds * _MICROSECOND
