"""A lineage graph as a picture: where each card stands and how each line runs, left to right, in pixels.

Nothing here knows what the cards stand for, or draws; the template does.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from mesh_orchestration.web.layers import Layered, is_bend, layered

WIDTH, HEAD, ROW = 248, 46, 22
GAP, LANE, MARGIN = 14, 84, 24
_BEND = 12  # the height that a line takes where it passes a layer
_PASSES = 8
_TIP = 7
_PAGE = 1090  # pixels that a wide page has for a picture


@dataclass(frozen=True)
class Row:
    """A column on a card; ``marked`` when it is the one that was asked for, or lies on its way."""

    name: str
    note: str = ""
    link: str = ""
    marked: bool = False

    @property
    def short_name(self) -> str:
        return fitting(self.name, 29)


@dataclass(frozen=True)
class Card:
    """A node: ``kind`` and ``group`` (0 to 7) choose its looks, ``group_name`` says the group in words; ``state`` is
    what is wrong with it, empty when nothing is; ``whole`` its name in full where ``title`` is not."""

    key: str
    title: str
    kind: str
    group_name: str = ""
    group: int = 0
    note: str = ""
    link: str = ""
    rows: tuple[Row, ...] = ()
    chosen: bool = False
    state: str = ""
    whole: str = ""

    @property
    def height(self) -> int:
        return HEAD + ROW * len(self.rows) + (6 if self.rows else 0)

    @property
    def short_title(self) -> str:
        return fitting(self.title, 25)

    @property
    def short_group(self) -> str:
        return fitting(self.group_name, 34 if self.kind == "product" and not self.state else 25)


@dataclass(frozen=True)
class Line:
    """From one card to another; from row to row where those are given."""

    source: str
    target: str
    source_row: str = ""
    target_row: str = ""
    kind: str = "reads"


@dataclass(frozen=True)
class Placed:
    """A card and its upper left corner."""

    card: Card
    x: float
    y: float

    def row_y(self, row: str) -> float:
        """The middle of a row; of the head when there is no such row."""
        names = [one.name for one in self.card.rows]
        return self.y + (HEAD + ROW * (names.index(row) + 0.5) if row in names else HEAD / 2)


@dataclass(frozen=True)
class Curve:
    """A line as the ``d`` of an SVG path, and of its arrow head."""

    line: Line
    path: str
    tip: str
    backward: bool = False


@dataclass(frozen=True)
class Picture:
    """The whole, ``width`` by ``height``; the cards in reading order: layer by layer, from top to bottom."""

    width: float
    height: float
    cards: tuple[Placed, ...] = ()
    curves: tuple[Curve, ...] = ()
    chosen: Placed | None = None

    @property
    def size(self) -> str:
        """How tall a frame suits it where the page is wide: small, middle or large."""
        shown = self.height * min(1.25, _PAGE / max(self.width, 1))
        return "small" if shown < 260 else "middle" if shown < 420 else "large"


def draw(cards: Sequence[Card], lines: Iterable[Line]) -> Picture:
    """The picture of ``cards`` and of those ``lines`` that have both ends among them."""
    by_key = {card.key: card for card in cards}
    known = [line for line in dict.fromkeys(lines) if line.source in by_key and line.target in by_key]
    order = [card.key for card in sorted(cards, key=lambda card: (card.group_name, card.title, card.key))]
    found = layered(order, ((line.source, line.target) for line in known))
    heights = {member: by_key[member].height if member in by_key else _BEND for row in found.layers for member in row}
    tops = _tops(found, heights)
    placed = {
        member: Placed(by_key[member], MARGIN + place * (WIDTH + LANE), tops[member])
        for place, layer in enumerate(found.layers)
        for member in layer
        if not is_bend(member)
    }
    curves = tuple(_curve(line, found, placed, tops) for line in known if line.source != line.target)
    return Picture(
        width=2 * MARGIN + len(found.layers) * WIDTH + max(0, len(found.layers) - 1) * LANE,
        height=MARGIN + max((tops[member] + heights[member] for member in heights), default=MARGIN),
        cards=tuple(placed.values()),
        curves=curves,
        chosen=next((one for one in placed.values() if one.card.chosen), None),
    )


def fitting(text: str, letters: int) -> str:
    """``text`` in at most so many letters; what does not fit is left out of its middle, as names differ at the end."""
    if len(text) <= letters:
        return text
    tail = letters // 2
    return f"{text[: letters - tail - 1]}…{text[-tail:]}"


def _tops(found: Layered, heights: Mapping[str, float]) -> dict[str, float]:
    """The upper edge of each member: as near as may be to the middle of its neighbours, in order, without overlap."""
    middles: dict[str, float] = {}
    for layer in found.layers:
        at = 0.0
        for member in layer:
            middles[member] = at + heights[member] / 2
            at += heights[member] + GAP
    left: dict[str, list[str]] = {}
    right: dict[str, list[str]] = {}
    for chain in found.chains.values():
        for one, other in pairwise(chain):
            right.setdefault(one, []).append(other)
            left.setdefault(other, []).append(one)
    for number in range(_PASSES):
        near, layers = (left, found.layers) if number % 2 == 0 else (right, found.layers[::-1])
        for layer in layers:
            wanted = [_mean([middles[one] for one in near.get(member, ())], middles[member]) for member in layer]
            middles |= dict(zip(layer, _spread(wanted, [heights[member] for member in layer]), strict=True))
    tops = {member: middle - heights[member] / 2 for member, middle in middles.items()}
    above = min(tops.values(), default=0.0)
    return {member: round(top - above + MARGIN, 1) for member, top in tops.items()}


def _spread(wanted: Sequence[float], heights: Sequence[float]) -> list[float]:
    """The middles nearest to the ``wanted`` ones (least squares) that keep order and gaps: pool adjacent violators."""
    offsets = [0.0]
    for one, other in pairwise(heights):
        offsets.append(offsets[-1] + (one + other) / 2 + GAP)
    blocks: list[tuple[float, int]] = []
    for middle, offset in zip(wanted, offsets, strict=False):
        mean, count = middle - offset, 1
        while blocks and blocks[-1][0] > mean:
            before, members = blocks.pop()
            mean, count = (before * members + mean * count) / (members + count), members + count
        blocks.append((mean, count))
    flat = [mean for mean, count in blocks for _ in range(count)]
    return [mean + offset for mean, offset in zip(flat, offsets, strict=False)]


def _curve(line: Line, found: Layered, placed: Mapping[str, Placed], tops: Mapping[str, float]) -> Curve:
    arc = (line.source, line.target)
    backward = arc in found.backward
    chain = found.chains[arc]
    first, last = placed[chain[0]], placed[chain[-1]]
    rows = (line.target_row, line.source_row) if backward else (line.source_row, line.target_row)
    start, end = (first.x + WIDTH, first.row_y(rows[0])), (last.x, last.row_y(rows[1]))
    stretch = (first.x + WIDTH, last.x - _TIP) if not backward else (first.x + WIDTH + _TIP, last.x)
    path = [f"M{stretch[0]:g} {start[1]:g}"]
    x, y = stretch[0], start[1]
    for place, bend in enumerate(chain[1:-1], start=1):
        left, at = first.x + place * (WIDTH + LANE), tops[bend] + _BEND / 2
        path.append(_bow(x, y, left, at))
        path.append(f"H{left + WIDTH:g}")
        x, y = left + WIDTH, at
    path.append(_bow(x, y, stretch[1], end[1]))
    point, way = (start, -1) if backward else (end, 1)
    tip = f"M{point[0]:g} {point[1]:g}l{-way * _TIP} -4v8z"
    return Curve(line, "".join(path), tip, backward)


def _bow(x: float, y: float, to_x: float, to_y: float) -> str:
    middle = (x + to_x) / 2
    return f"C{middle:g} {y:g} {middle:g} {to_y:g} {to_x:g} {to_y:g}"


def _mean(values: Sequence[float], otherwise: float) -> float:
    return sum(values) / len(values) if values else otherwise
