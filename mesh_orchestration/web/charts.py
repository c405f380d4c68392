"""Charts as SVG drawn here: each has a title, a description in words, and its numbers as a table.

No style and no script is inline: shapes carry classes that mesh.css colours. Tones are good, warn, bad or none.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from markupsafe import Markup

from mesh_orchestration.web.wording import duration, number, percent, size, stamp

WIDTH, HEIGHT = 520, 160
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 12, 12, 26
TONES = ("", "good", "warn", "bad")
_ROW = Markup('<tr><th scope="row">{}</th><td>{}</td><td>{}</td></tr>')


class Point(NamedTuple):
    """One value at one time; ``low`` and ``high`` are what was expected; a value of None is a gap."""

    at: datetime
    value: float | None
    tone: str = ""
    note: str = ""
    low: float | None = None
    high: float | None = None


class Limit(NamedTuple):
    """A horizontal line that a value should keep above or below."""

    value: float
    label: str


class Bar(NamedTuple):
    label: str
    value: float
    tone: str = ""
    note: str = ""


def line(points: Sequence[Point], title: str, *, unit: str = "", limits: Sequence[Limit] = ()) -> Markup:
    """A line over time with the expected band behind it; flagged points (with a tone) are marked."""
    known = [point for point in points if point.value is not None]
    if not known:
        return _nothing(title)
    plane = _Plane.of(points, [limit.value for limit in limits])
    parts = [plane.axes(unit, points)]
    parts += [_band(plane, points)]
    for limit in limits:
        parts += [_limit(plane, limit)]
    for run in _runs(points):
        path = " ".join(f"{'ML'[index > 0]}{x:.1f} {y:.1f}" for index, (x, y) in enumerate(map(plane.place, run)))
        parts.append(Markup('<path class="line" d="{}"/>').format(path))
    alone = {run[0].at for run in _runs(points) if len(run) == 1}
    parts += [_dot(plane, point, unit) for point in known if point.tone or point.at in alone or len(known) <= 40]
    rows = [(stamp(point.at), _shown(point.value, unit), point.note) for point in points]
    last, values = known[-1], [point.value for point in known if point.value is not None]
    flagged = sum(point.tone in ("warn", "bad") for point in known)
    told = (
        f"{len(known)} values from {stamp(known[0].at)} to {stamp(last.at)}: least {_shown(min(values), unit)}, "
        f"most {_shown(max(values), unit)}, last {_shown(last.value, unit)}; {flagged} flagged."
    )
    return _figure(title, told, Markup("").join(parts), rows=rows)


def bars(values: Sequence[Bar], title: str, *, unit: str = "") -> Markup:
    """Upright bars, one a label, from zero."""
    if not any(bar.value for bar in values) and unit != "%":
        return _nothing(title)
    top = 1.0 if unit == "%" else _nice(max(max(bar.value for bar in values), 0.0))
    plane = _Plane(0, float(len(values)), 0.0, top, whole=_whole(bar.value for bar in values))
    parts = [plane.grid(unit)]
    step = (WIDTH - _LEFT - _RIGHT) / len(values)
    wide = min(step * 0.72, 44)
    every = math.ceil(len(values) / 6)
    for index, bar in enumerate(values):
        middle = _LEFT + step * (index + 0.5)
        y = plane.y(max(bar.value, 0.0))
        tall = max(plane.y(0.0) - y, 1.0 if bar.value else 0.0)
        shape = Markup('<rect class="bar {}" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}" rx="1.5">')
        parts.append(shape.format(_tone(bar.tone), middle - wide / 2, plane.y(0.0) - tall, wide, tall))
        parts.append(Markup("<title>{}: {} {}</title></rect>").format(bar.label, _shown(bar.value, unit), bar.note))
        if index % every == 0:
            label = Markup('<text x="{:.1f}" y="{}" text-anchor="{}">{}</text>')
            crowded = index == 0 and every > 1
            place = (_LEFT, "start") if crowded else (middle, "middle")
            parts.append(label.format(place[0], HEIGHT - 6, place[1], bar.label))
    most = max(values, key=lambda bar: bar.value)
    told = f"{len(values)} bars; most: {most.label} with {_shown(most.value, unit)}."
    rows = [(bar.label, _shown(bar.value, unit), bar.note) for bar in values]
    return _figure(title, told, Markup("").join(parts), rows=rows)


def sparkline(values: Sequence[float | None], title: str, *, tone: str = "") -> Markup:
    """A small line without axes, for a row of a table; its last value is a dot."""
    known = [value for value in values if value is not None]
    if not known:
        return Markup('<span class="soft">–</span>')
    low, high = min(known), max(known)
    step = 104 / max(len(values) - 1, 1)
    places = [
        (3 + index * step, 13.0 if high == low else 22 - 18 * (value - low) / (high - low))
        for index, value in enumerate(values)
        if value is not None
    ]
    path = " ".join(f"{'ML'[index > 0]}{x:.1f} {y:.1f}" for index, (x, y) in enumerate(places))
    told = f"{title}: {len(known)} values, least {number(low)}, most {number(high)}, last {number(known[-1])}"
    shape = Markup(
        '<svg class="spark" viewBox="0 0 110 26" role="img" aria-label="{}"><title>{}</title>'
        '<path class="line" d="{}"/><circle class="dot {}" cx="{:.1f}" cy="{:.1f}" r="2.4"/></svg>'
    )
    return shape.format(told, told, path, _tone(tone), *places[-1])


def strip(marks: Sequence[tuple[str, str]], title: str) -> Markup:
    """A row of ticks ``(tone, what it says)``, oldest left; a failed one is taller, so that colour is not alone."""
    shape = Markup('<rect class="mark {}" x="{}" y="{}" width="4" height="{}" rx="1"><title>{}</title></rect>')
    drawn = Markup("").join(
        shape.format(_tone(tone), index * 6, 7 if tone in ("good", "") else 1, 10 if tone in ("good", "") else 16, said)
        for index, (tone, said) in enumerate(marks)
    )
    wide = max(len(marks) * 6 - 2, 1)
    frame = Markup('<svg class="strip" viewBox="0 0 {} 18" width="{}" height="18" role="img" aria-label="{}">{}</svg>')
    return frame.format(wide, wide, title, drawn)


def gauge(share: float | None, title: str, *, target: float | None = None) -> Markup:
    """Three quarters of a ring filled by ``share`` (0 to 1), with a tick at ``target``."""
    if share is None:
        return _nothing(title)
    kind = "" if target is None else "good" if share >= target else "bad"
    held = min(max(share, 0.0), 1.0)
    parts = [Markup('<path class="track" d="{}"/>').format(_arc(1.0))]
    if held > 0:
        parts.append(Markup('<path class="fill {}" d="{}"/>').format(_tone(kind), _arc(held)))
    if target is not None:
        (ax, ay), (bx, by) = _on_ring(target, 38), _on_ring(target, 52)
        tick = Markup('<line class="tick" x1="{:.2f}" y1="{:.2f}" x2="{:.2f}" y2="{:.2f}"/>')
        parts.append(tick.format(ax, ay, bx, by))
    label = Markup('<text class="value" x="60" y="66" text-anchor="middle">{}</text>')
    parts.append(label.format(percent(share, 2 if share > 0.99 else 1)))
    if target is not None:
        aim = Markup('<text x="60" y="84" text-anchor="middle">of {}</text>')
        parts.append(aim.format(percent(target, 2 if target > 0.99 else 1)))
    told = f"{percent(share, 2)}" + (f" where {percent(target, 2)} is promised" if target is not None else "")
    shape = Markup(
        '<figure class="chart gauge"><svg viewBox="0 0 120 104" role="img" aria-label="{}: {}"><title>{}: {}</title>{}'
        "</svg><figcaption>{}</figcaption></figure>"
    )
    return shape.format(title, told, title, told, Markup("").join(parts), title)


class _Plane(NamedTuple):
    """Where a time and a value are in the picture."""

    start: float
    end: float
    low: float
    high: float
    whole: bool = False

    @classmethod
    def of(cls, points: Sequence[Point], more: Sequence[float]) -> _Plane:
        seen = [v for p in points for v in (p.value, p.low, p.high) if v is not None] + list(more)
        low, high = min(seen), max(seen)
        low = 0.0 if 0 <= low < high * 0.7 else low
        room = (high - low) * 0.06 or abs(high) * 0.1 or 1.0
        times = [point.at.timestamp() for point in points]
        start, end = min(times), max(times)
        if start == end:
            start, end = start - 1, end + 1
        return cls(start, end, low if low == 0 else low - room, high + room, whole=_whole(seen))

    def x(self, at: datetime) -> float:
        return _LEFT + (WIDTH - _LEFT - _RIGHT) * (at.timestamp() - self.start) / (self.end - self.start)

    def y(self, value: float) -> float:
        return _TOP + (HEIGHT - _TOP - _BOTTOM) * (1 - (value - self.low) / (self.high - self.low))

    def place(self, point: Point) -> tuple[float, float]:
        assert point.value is not None
        return self.x(point.at), self.y(point.value)

    def grid(self, unit: str) -> Markup:
        """Three to five lines at round values, with their labels."""
        parts = []
        for value in _ticks(self.low, self.high, whole=self.whole and unit != "%"):
            rule = Markup(
                '<line class="axis" x1="{}" x2="{}" y1="{:.1f}" y2="{:.1f}"/>'
                '<text x="{}" y="{:.1f}" text-anchor="end">{}</text>'
            )
            y = self.y(value)
            parts.append(rule.format(_LEFT, WIDTH - _RIGHT, y, y, _LEFT - 6, y + 4, _short(value, unit)))
        return Markup("").join(parts)

    def axes(self, unit: str, points: Sequence[Point]) -> Markup:
        """The grid, and the first, middle and last time below it."""
        days = self.end - self.start > 2 * 86_400
        first, last = min(point.at for point in points), max(point.at for point in points)
        marks = [(first, "start"), (last, "end")] if first != last else [(first, "middle")]
        parts = [self.grid(unit)]
        for at, anchor in marks:
            text = Markup('<text x="{:.1f}" y="{}" text-anchor="{}">{}</text>')
            shown = at.strftime("%d %b" if days else "%d %b %H:%M").lstrip("0")
            parts.append(text.format(self.x(at), HEIGHT - 6, anchor, shown))
        return Markup("").join(parts)


def _band(plane: _Plane, points: Sequence[Point]) -> Markup:
    known = [point for point in points if point.low is not None and point.high is not None]
    if len(known) < 2:
        return Markup("")
    upper = [f"{plane.x(p.at):.1f} {plane.y(p.high):.1f}" for p in known if p.high is not None]
    lower = [f"{plane.x(p.at):.1f} {plane.y(p.low):.1f}" for p in reversed(known) if p.low is not None]
    return Markup('<path class="band" d="M{}Z"/>').format(" L".join(upper + lower))


def _limit(plane: _Plane, limit: Limit) -> Markup:
    y = plane.y(limit.value)
    shape = Markup(
        '<line class="limit" x1="{}" x2="{}" y1="{:.1f}" y2="{:.1f}"/>'
        '<text class="limit-label" x="{}" y="{:.1f}" text-anchor="end">{}</text>'
    )
    return shape.format(_LEFT, WIDTH - _RIGHT, y, y, WIDTH - _RIGHT, y - 4, limit.label)


def _dot(plane: _Plane, point: Point, unit: str) -> Markup:
    x, y = plane.place(point)
    shape = Markup('<circle class="dot {}" cx="{:.1f}" cy="{:.1f}" r="{}"><title>{}: {} {}</title></circle>')
    radius = 4 if point.tone in ("warn", "bad") else 2.4
    return shape.format(_tone(point.tone), x, y, radius, stamp(point.at), _shown(point.value, unit), point.note)


def _runs(points: Sequence[Point]) -> list[list[Point]]:
    """The stretches without a gap."""
    runs: list[list[Point]] = [[]]
    for point in points:
        if point.value is None:
            runs.append([])
        else:
            runs[-1].append(point)
    return [run for run in runs if run]


def _figure(title: str, told: str, drawing: Markup, *, rows: Sequence[tuple[str, str, str]]) -> Markup:
    body = Markup("").join(
        Markup('<tr><th scope="row">{}</th><td>{}</td><td>{}</td></tr>').format(*row) for row in rows
    )
    shape = Markup(
        '<figure class="chart"><figcaption>{}</figcaption>'
        '<svg viewBox="0 0 {} {}" role="img" aria-label="{}: {}"><title>{}</title><desc>{}</desc>{}</svg>'
        '<details><summary>Numbers</summary><div class="scroll"><table><tbody>{}</tbody></table></div></details>'
        "</figure>"
    )
    return shape.format(title, WIDTH, HEIGHT, title, told, title, told, drawing, body)


def _nothing(title: str) -> Markup:
    return Markup(
        '<figure class="chart"><figcaption>{}</figcaption><p class="empty">No values yet.</p></figure>'
    ).format(title)


def _tone(tone: str) -> str:
    return tone if tone in TONES else ""


def _shown(value: float | None, unit: str) -> str:
    if value is None:
        return "none"
    if unit in ("%", "s", "B"):
        return percent(value, 2) if unit == "%" else duration(value) if unit == "s" else size(value)
    return f"{number(value)}{' ' + unit if unit else ''}"


def _short(value: float, unit: str) -> str:
    """A value of an axis in few letters; a share when the unit is ``%``, a length of time when it is ``s``."""
    if unit == "%":
        return f"{value * 100:.6g}\u202f%"
    if unit in ("s", "B") and value:
        return duration(value) if unit == "s" else size(value)
    for step, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= step:
            return f"{value / step:.4g}{letter}"
    return f"{value:.4g}"


def _whole(values: Iterable[float]) -> bool:
    """Whether there is no half of what is counted."""
    return all(float(value).is_integer() for value in values)


def _ticks(low: float, high: float, *, whole: bool) -> list[float]:
    step = _nice((high - low) / 4)
    if whole:
        step = max(step, 1.0)
    first = math.ceil(low / step - 1e-9)
    return [index * step for index in range(first, math.floor(high / step + 1e-9) + 1)]


def _nice(value: float) -> float:
    """The next of 1, 2, 5 times a power of ten that is not below ``value``."""
    power = 10.0 ** math.floor(math.log10(value))
    return next(step * power for step in (1, 2, 5, 10) if step * power >= value * (1 - 1e-9))


def _on_ring(share: float, radius: float) -> tuple[float, float]:
    angle = math.radians(135 + 270 * share)
    return 60 + radius * math.cos(angle), 58 + radius * math.sin(angle)


def _arc(share: float) -> str:
    (ax, ay), (bx, by) = _on_ring(0.0, 45), _on_ring(share, 45)
    return f"M{ax:.2f} {ay:.2f}A45 45 0 {int(share * 270 > 180)} 1 {bx:.2f} {by:.2f}"
