"""What history lets expect: made-up series with a season, a trend, noise, and odd values put in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

import numpy as np
import numpy.typing as npt
import pytest

from mesh_orchestration.anomalies.baseline import expect
from mesh_orchestration.anomalies.series import METRICS, Expected, Point

BEGIN = datetime(2026, 1, 5, tzinfo=UTC)  # a Monday
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
Noise = np.random.Generator
Series = Callable[[Noise, int], npt.NDArray[np.float64]]


def points(values: Sequence[float] | npt.NDArray[np.float64], step: timedelta) -> list[Point]:
    return [Point(BEGIN + step * number, number, float(value)) for number, value in enumerate(values)]


def expected(values: Sequence[float] | npt.NDArray[np.float64], step: timedelta, metric: str = "rows") -> Expected:
    """What all but the last value let expect of it."""
    said = points(values, step)
    found = expect(said[:-1], said[-1].at, METRICS[metric])
    assert found is not None
    return found


def level(noise: Noise, length: int) -> npt.NDArray[np.float64]:
    return 1000 * np.exp(noise.normal(0, 0.05, length))


def growing(noise: Noise, length: int) -> npt.NDArray[np.float64]:
    return (10_000 + 300 * np.arange(length)) * np.exp(noise.normal(0, 0.01, length))


def by_hour(noise: Noise, length: int) -> npt.NDArray[np.float64]:
    return level(noise, length) * (1 + 0.8 * np.sin(2 * np.pi * np.arange(length) / 24))


def by_weekday(noise: Noise, length: int) -> npt.NDArray[np.float64]:
    return level(noise, length) * np.where(np.arange(length) % 7 >= 5, 0.3, 1.0)


def by_both(noise: Noise, length: int) -> npt.NDArray[np.float64]:
    return by_hour(noise, length) * np.where((np.arange(length) // 24) % 7 >= 5, 0.5, 1.0)


@pytest.mark.parametrize(
    ("series", "step", "length", "rhythm"),
    [(level, HOUR, 12, ""), (level, HOUR, 60, ""), (growing, DAY, 30, ""), (by_hour, HOUR, 100, "daily"),
     (by_weekday, DAY, 40, "weekly"), (by_both, HOUR, 600, "daily and weekly")],
)  # fmt: skip
def test_what_is_usual_is_not_told_and_half_or_twice_of_it_is(
    series: Series, step: timedelta, length: int, rhythm: str
) -> None:
    noise, false, missed = np.random.default_rng(7), 0, 0
    trials = 3 if length > 300 else 20
    for _ in range(trials):
        values = series(noise, length + 1)
        found = expected(values, step)
        false += not found.holds(values[-1])
        missed += found.holds(values[-1] / 2) + found.holds(values[-1] * 2)
    assert (false, missed, found.rhythm) == (0, 0, rhythm)


def test_a_value_of_the_busy_hour_is_odd_at_night() -> None:
    values = by_hour(np.random.default_rng(1), 24 * 6 + 19)  # the last is of 18:00, the quietest hour
    found = expected(values, HOUR)
    assert found.high < values.max() / 3
    assert not found.holds(1000)


def test_odd_values_of_the_past_do_not_become_the_rule() -> None:
    values = level(np.random.default_rng(2), 41)
    values[[5, 14, 22, 30]] = 10
    found = expected(values, HOUR)
    assert not found.holds(10)
    assert found.holds(1000)


def test_too_short_a_history_says_nothing() -> None:
    said = points([100] * 11, DAY)
    assert expect(said, BEGIN + 11 * DAY, METRICS["rows"]) is None


def test_a_series_that_never_moved_has_a_little_room() -> None:
    rows = expected([1000] * 20, DAY)
    assert (rows.low, rows.high) == (950, 1050)
    nulls = expected([0.0] * 20, DAY, "nulls")
    assert (nulls.low, nulls.high) == (0.0, 0.01)


def test_a_share_stays_between_nothing_and_everything() -> None:
    found = expected(np.random.default_rng(3).uniform(0, 1, 30), DAY, "nulls")
    assert 0 <= found.low < found.high <= 1


def test_a_mean_may_be_negative() -> None:
    found = expected(np.random.default_rng(4).normal(-50, 1, 30), DAY, "mean")
    assert found.low < -50 < found.high < 0


def test_pauses_of_weekends_are_usual_and_short_ones_never_odd() -> None:
    pauses = [24 * 3600.0, 24 * 3600, 24 * 3600, 24 * 3600, 72 * 3600] * 6
    found = expected([*pauses, 0], DAY, "gap")
    assert found.low == 0
    assert 72 * 3600 < found.high < 100 * 3600


def test_publications_without_a_rhythm_have_no_season() -> None:
    noise = np.random.default_rng(5)
    moments = np.cumsum(noise.exponential(3600, 101))
    values = level(noise, 101)
    said = [Point(BEGIN + timedelta(seconds=at), 1, value) for at, value in zip(moments, values, strict=True)]
    found = expect(said[:-1], said[-1].at, METRICS["rows"])
    assert found is not None
    assert (found.rhythm, found.holds(1000), found.holds(500)) == ("", True, False)
