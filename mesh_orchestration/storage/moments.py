"""Moments as stores keep them: whole microseconds since 1970 in UTC, which sort and compare alike in every database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def microseconds(moment: datetime) -> int:
    """How a moment is kept."""
    return (moment - EPOCH) // _MICROSECOND


def moment(microseconds: int) -> datetime:
    """The moment that is kept as ``microseconds``."""
    return EPOCH + microseconds * _MICROSECOND
