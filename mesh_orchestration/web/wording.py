"""Numbers, times and durations as people read them; each is a filter of the templates by its own name."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta

from jinja2 import pass_context
from jinja2.runtime import Context
from markupsafe import Markup, escape

from mesh_orchestration.catalog.search import Span

NOTHING = "–"
_STEPS = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))
_BYTES = ("B", "kB", "MB", "GB", "TB", "PB")


def number(value: float | None) -> str:
    """``1,234,567``; fractions with at most three digits."""
    if value is None:
        return NOTHING
    return f"{value:,}" if isinstance(value, int) else f"{value:,.3f}".rstrip("0").rstrip(".")


def percent(share: float | None, digits: int = 1) -> str:
    """A share from 0 to 1 as percent; never rounded up to a full 100 % nor down to 0 %."""
    if share is None:
        return NOTHING
    if share in (0, 1):
        return f"{share:.0%}".replace("%", "\u202f%")
    smallest = 10.0**-digits
    shown = min(max(share * 100, smallest), 100 - smallest) if 0 < share < 1 else share * 100
    return f"{shown:.{digits}f}\u202f%"


def size(count: float | None) -> str:
    """Bytes in the unit that gives one to three digits before the point."""
    if count is None:
        return NOTHING
    left = float(count)
    for unit in _BYTES:
        if left < 1000 or unit == _BYTES[-1]:
            break
        left /= 1000
    return f"{left:.0f}\u202f{unit}" if unit == "B" or left >= 100 else f"{left:.1f}\u202f{unit}"


def duration(value: timedelta | float | None) -> str:
    """A span of time (timedelta or seconds) in its two largest units: ``2 d 3 h``."""
    if value is None:
        return NOTHING
    seconds = value.total_seconds() if isinstance(value, timedelta) else float(value)
    if abs(seconds) < 1:
        return f"{seconds * 1000:.0f}\u202fms"
    if abs(seconds) < 10:
        return f"{seconds:.1f}\u202fs"
    parts: list[str] = []
    sign, left = ("-" if seconds < 0 else ""), abs(round(seconds))
    for step, unit in _STEPS:
        count, left = divmod(left, step)
        if count and len(parts) < 2:
            parts.append(f"{count}\u202f{unit}")
        elif parts:
            break
    return sign + " ".join(parts)


def moment(value: datetime | float | str | None) -> datetime | None:
    """A time as the stores give it (datetime, seconds since 1970, ISO 8601 text; without zone it is UTC)."""
    if not value:
        return None
    if isinstance(value, int | float):
        return datetime.fromtimestamp(value, UTC)
    given = datetime.fromisoformat(value) if isinstance(value, str) else value
    return given.replace(tzinfo=UTC) if given.tzinfo is None else given.astimezone(UTC)


def stamp(value: datetime | float | str | None) -> str:
    """``2026-11-21 06:00 UTC``."""
    given = moment(value)
    return f"{given:%Y-%m-%d %H:%M} UTC" if given else NOTHING


@pass_context
def ago(context: Context, value: datetime | float | str | None) -> Markup:
    """``<time>`` that reads ``3 h ago`` or ``in 2 d``; the exact moment is its title."""
    given = moment(value)
    if given is None:
        return escape(NOTHING)
    now: datetime = context["now"]
    away = (now - given).total_seconds()
    text = f"{_coarse(away)} ago" if away > 0 else f"in {_coarse(-away)}"
    mark = Markup('<time datetime="{}" title="{}">{}</time>')
    return mark.format(given.isoformat(), stamp(given), text if abs(away) >= 5 else "just now")


def when(value: datetime | float | str | None) -> Markup:
    """``<time>`` that reads as the exact moment."""
    given = moment(value)
    if given is None:
        return escape(NOTHING)
    return Markup('<time datetime="{}">{}</time>').format(given.isoformat(), stamp(given))


def plural(count: int, one: str, many: str = "") -> str:
    """``1 product``, ``3 products``."""
    return f"{number(count)} {one if count == 1 else many or one + 's'}"


def spans(pieces: Iterable[Span]) -> Markup:
    """A search result's text, what was looked for within ``<mark>``."""
    hit = Markup("<mark>{}</mark>")
    return Markup("").join(hit.format(one.text) if one.hit else escape(one.text) for one in pieces)


def _coarse(seconds: float) -> str:
    for step, unit in _STEPS:
        if seconds >= step:
            return f"{int(seconds // step)}\u202f{unit}"
    return "1\u202fs"


FILTERS: dict[str, Callable[..., object]] = {
    "number": number,
    "percent": percent,
    "size": size,
    "duration": duration,
    "stamp": stamp,
    "ago": ago,
    "when": when,
    "plural": plural,
    "spans": spans,
}
