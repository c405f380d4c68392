"""Numbers, times and durations as people read them; each is a filter of the templates by its own name."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta

from jinja2 import pass_context
from jinja2.runtime import Context
from markupsafe import Markup, escape

from mesh_orchestration.catalog.search import Span
from mesh_orchestration.contract.duration import parse_duration
from mesh_orchestration.sla.promises import AT_MOST, THROUGHPUT
from mesh_orchestration.sla.wording import burn as sla_burn

NOTHING = "–"
_STEPS = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))
_SPOKEN = ((31_536_000, "year"), (86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second"))
_PIECES = re.compile(r"[^._@/:-]*[._@/:-]+|[^._@/:-]+")
_NOTHING_SAID: Mapping[str, str] = {}
_CHECK = re.compile(r"\bcheck (\w+) \([^()]*\)")
_BYTES = ("B", "kB", "MB", "GB", "TB", "PB")


def number(value: float | None) -> str:
    """``1,234,567``; fractions with at most three digits."""
    if value is None:
        return NOTHING
    return f"{value:,}" if isinstance(value, int) else f"{value:,.3f}".rstrip("0").rstrip(".")


def percent(share: float | None, digits: int = 1) -> str:
    """A share from 0 to 1 as percent with at most so many digits after the point; never rounded up to what it is not,
    nor down to 0 %."""
    if share is None:
        return NOTHING
    steps = math.floor(share * 100 * 10**digits + 1e-6)
    shown = f"{(steps or (1 if share > 0 else 0)) / 10**digits:.{digits}f}"
    return f"{shown.rstrip('0').rstrip('.') if '.' in shown else shown}\u202f%"


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


def breakable(text: str) -> Markup:
    """A long name that may be broken after its dots, lines, strokes and its @."""
    return Markup("<wbr>").join(escape(piece) for piece in _PIECES.findall(text))


def reason(text: str, said: Mapping[str, str] = _NOTHING_SAID) -> str:
    """Why a publication was refused, with its checks in words instead of their names, as far as ``said`` has them."""

    def words(found: re.Match[str]) -> str:
        name = found[1]
        return f"\u201c{said.get(name) or name.removeprefix('contract__').replace('__', ' ')}\u201d"

    return re.sub(r" found ([\d,]+) unexpected of ", r" is broken by \1 of ", _CHECK.sub(words, text))


def spoken(value: timedelta | str) -> str:
    """A length of time as people say it: ``1 hour``, ``3 years``, ``1 day 12 hours``."""
    left = int((parse_duration(value) if isinstance(value, str) else value).total_seconds())
    parts = []
    for step, unit in _SPOKEN:
        if unit == "year" and left % step:
            continue
        count, left = divmod(left, step)
        parts += [plural(count, unit)] if count else []
    return " ".join(parts) or "no time"


def amount(value: float | None, level: str) -> str:
    """What was measured, or promised, of a service level, in its own unit."""
    if value is None:
        return NOTHING
    if level in AT_MOST:
        return duration(round(value) if abs(value) >= 1 else value)
    return percent(value, 4) if level != THROUGHPUT else f"{number(value * 3600)} rows/h"


def burn(rate: float | None) -> str:
    """A burn rate: ``1.5×`` uses the error budget up one and a half times."""
    return NOTHING if rate is None else sla_burn(rate)


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
    "breakable": breakable,
    "reason": reason,
    "spoken": spoken,
    "amount": amount,
    "burn": burn,
}
