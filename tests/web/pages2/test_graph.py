"""The layout of a graph: left to right, in order, nothing on top of anything."""

from __future__ import annotations

import math
import time
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from mesh_orchestration.web.graph import GAP, WIDTH, Card, Line, Picture, Row, draw
from mesh_orchestration.web.layers import layered


def graph(*arcs: str, rows: int = 0) -> tuple[list[Card], list[Line]]:
    """``graph("ab", "bc")``: a leads to b, b to c."""
    names = sorted(set("".join(arcs)))
    columns = tuple(Row(f"c{number}") for number in range(rows))
    return [Card(name, name, "product", rows=columns) for name in names], [Line(*arc) for arc in arcs]


def layers_of(picture: Picture) -> dict[str, int]:
    found = sorted({one.x for one in picture.cards})
    return {one.card.key: found.index(one.x) for one in picture.cards}


def test_a_card_stands_right_of_everything_it_comes_from() -> None:
    assert layers_of(draw(*graph("ab", "bc", "ac", "dc"))) == {"a": 0, "b": 1, "d": 1, "c": 2}


def test_a_circle_is_drawn_with_one_line_that_runs_back() -> None:
    picture = draw(*graph("ab", "bc", "ca"))
    assert layers_of(picture) == {"a": 0, "b": 1, "c": 2}
    assert [curve.line for curve in picture.curves if curve.backward] == [Line("c", "a")]


def test_a_card_that_reads_itself_has_no_line() -> None:
    assert draw(*graph("aa")).curves == ()


def test_lines_that_need_not_cross_do_not() -> None:
    found = layered(["a", "b", "c", "x", "y", "z"], [("a", "z"), ("b", "y"), ("c", "x")])
    assert found.layers in {(("a", "b", "c"), ("z", "y", "x")), (("c", "b", "a"), ("x", "y", "z"))}


def test_a_long_line_bends_around_what_stands_between() -> None:
    found = layered(["a", "b", "c"], [("a", "b"), ("b", "c"), ("a", "c")])
    assert len(found.layers[1]) == 2
    assert len(found.chains["a", "c"]) == 3


def test_a_line_between_columns_ends_at_their_rows() -> None:
    cards, _ = graph("ab", rows=3)
    picture = draw(cards, [Line("a", "b", "c2", "c0")])
    first, last = picture.cards
    assert picture.curves[0].path.startswith(f"M{first.x + WIDTH:g} {first.row_y('c2'):g}")
    assert picture.curves[0].tip.startswith(f"M{last.x:g} {last.row_y('c0'):g}")


def test_lines_to_cards_that_are_not_shown_are_left_out() -> None:
    cards, _ = graph("ab")
    assert draw(cards, [Line("a", "elsewhere")]).curves == ()


def test_nothing_is_a_picture_too() -> None:
    assert draw([], []).cards == ()


@given(st.lists(st.tuples(st.integers(0, 14), st.integers(0, 14)), max_size=40))
@settings(max_examples=40, deadline=None)
def test_no_card_touches_another_and_all_lie_within_the_picture(arcs: list[tuple[int, int]]) -> None:
    cards = [Card(str(number), str(number), "product", rows=(Row("c"),) * (number % 4)) for number in range(15)]
    picture = draw(cards, [Line(str(source), str(target)) for source, target in arcs])
    assert sorted(one.card.key for one in picture.cards) == sorted(card.key for card in cards)
    columns: dict[float, list[tuple[float, float]]] = {}
    for one in picture.cards:
        columns.setdefault(one.x, []).append((one.y, one.y + one.card.height))
        assert 0 <= one.x <= picture.width - WIDTH
        assert 0 <= one.y <= picture.height - one.card.height
    for column in columns.values():
        for (_, bottom), (top, _) in pairwise(sorted(column)):
            assert top - bottom >= GAP - 0.2
    assert len(picture.curves) == len({arc for arc in arcs if arc[0] != arc[1]})


def test_two_hundred_cards_are_placed_at_once() -> None:
    cards = [Card(str(number), str(number), "product") for number in range(200)]
    lines = [Line(str(number // 2), str(number)) for number in range(1, 200)]
    lines += [Line(str(number), str(number + 60)) for number in range(0, 140, 3)]
    begin = time.perf_counter()
    picture = draw(cards, lines)
    assert time.perf_counter() - begin < 2
    assert math.isfinite(picture.height)
