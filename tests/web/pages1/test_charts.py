"""Charts: well-formed pictures whose numbers are right, told in words and in a table too."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mesh_orchestration.web.charts import Bar, Limit, Point, bars, gauge, line, sparkline, strip

START = datetime(2026, 11, 1, tzinfo=UTC)
VALUES = st.one_of(st.none(), st.floats(-1e12, 1e12, allow_nan=False))


def points(*values: float | None) -> list[Point]:
    return [Point(START + timedelta(days=number), value) for number, value in enumerate(values)]


def drawn(chart: str) -> ET.Element:
    """The parsed picture; whatever is no XML raises."""
    return ET.fromstring(chart)


def ordinates(chart: str) -> list[float]:
    path = next(one.get("d", "") for one in drawn(chart).iter("path") if one.get("class") == "line")
    return [float(y) for y in re.findall(r"[ML][\d.]+ ([\d.]+)", path)]


def test_a_higher_value_is_drawn_higher() -> None:
    first, second, third = ordinates(line(points(1, 3, 2), "Rows"))
    assert second < third < first


def test_a_gap_is_a_gap() -> None:
    assert str(line(points(1, 2, None, 4, 5), "Rows")).count('class="line"') == 2


def test_a_value_alone_between_gaps_is_a_dot() -> None:
    assert 'class="dot' in line(points(*[1.0, 2.0] * 30, None, 9, None, 1, 2), "Rows")


def test_what_was_expected_is_a_band_and_what_is_odd_is_marked() -> None:
    odd = Point(START + timedelta(days=2), 9.0, "bad", "too many", 1.0, 3.0)
    expected = [Point(START + timedelta(days=day), 2.0, low=1.0, high=3.0) for day in range(2)]
    chart = drawn(line([*expected, odd], "Rows"))
    assert [one.get("class") for one in chart.iter("path")] == ["band", "line"]
    assert [one.findtext("title") for one in chart.iter("circle") if one.get("class") == "dot bad"] == [
        "2026-11-03 00:00 UTC: 9 too many"
    ]


def test_a_chart_says_in_words_and_in_a_table_what_it_shows() -> None:
    chart = drawn(line(points(1, 2500, None), "Rows", limits=[Limit(3000, "at most")]))
    assert chart.findtext("./svg/desc") == (
        "2 values from 2026-11-01 00:00 UTC to 2026-11-02 00:00 UTC: least 1, most 2,500, last 2,500; 0 flagged."
    )
    assert [row.findtext("td") for row in chart.iter("tr")] == ["1", "2,500", "none"]


def test_bars_grow_from_zero_with_their_value() -> None:
    chart = drawn(bars([Bar("a", 1), Bar("b", 4), Bar("c", 0)], "Reads"))
    first, second, none = (float(one.get("height", "")) for one in chart.iter("rect"))
    assert second == pytest.approx(4 * first, rel=0.02)
    assert none == 0


@pytest.mark.parametrize(
    ("unit", "top", "shown"), [("s", 90.0, "50\u202fs"), ("B", 3_000_000.0, "2.0\u202fMB"), ("", 2_000.0, "1k")]
)
def test_an_axis_says_its_unit(unit: str, top: float, shown: str) -> None:
    assert shown in [one.text for one in drawn(bars([Bar("a", top)], "Run time", unit=unit)).iter("text")]


def test_what_is_counted_has_no_halves_on_its_axis() -> None:
    assert [one.text for one in drawn(bars([Bar("a", 1)], "Reads")).iter("text")] == ["0", "1", "a"]


def test_bars_without_any_value_say_so() -> None:
    assert "No values yet" in bars([Bar("a", 0), Bar("b", 0)], "Reads")


@pytest.mark.parametrize(("share", "target", "tone"), [(0.999, 0.99, "good"), (0.98, 0.99, "bad"), (0.5, None, "")])
def test_a_gauge_is_good_when_the_target_is_met(share: float, target: float | None, tone: str) -> None:
    chart = gauge(share, "Freshness", target=target)
    [filled] = [one for one in drawn(chart).iter("path") if (one.get("class") or "").startswith("fill")]
    assert filled.get("class", "").split()[1:] == ([tone] if tone else [])


def test_nearly_everything_is_not_shown_as_everything() -> None:
    assert "100\u202f%" not in gauge(0.999999, "Freshness")


def test_failed_ticks_differ_in_more_than_colour() -> None:
    passed, failed = drawn(strip([("good", "passed"), ("bad", "failed")], "Check")).iter("rect")
    assert passed.get("height") != failed.get("height")


def test_text_of_others_is_text() -> None:
    hostile = "</svg><script>alert(1)</script>"
    for chart in (line(points(1), hostile), bars([Bar(hostile, 1, hostile, hostile)], hostile), gauge(0.5, hostile),
                  sparkline([1, 2], hostile, tone=hostile), strip([(hostile, hostile)], hostile)):  # fmt: skip
        assert [one.tag for one in drawn(chart).iter() if one.tag == "script"] == []


@given(st.lists(VALUES, max_size=30))
def test_every_course_of_values_gives_a_picture_within_its_frame(values: list[float | None]) -> None:
    chart = str(line(points(*values), "Rows"))
    drawn(chart)
    assert "nan" not in chart.split("<details>")[0]
    assert all(0 <= float(y) <= 170 for y in re.findall(r'c[y]="([-\d.]+)"', chart))
