"""How often usual publications are told as odd, how many odd ones are found, and what a judgement costs.

Made-up series with a known seed: noise, growth, daily and weekly seasons, shares, means and a random walk. The last
value of each is judged as it is, and once more changed (half the rows, three times the nulls, a mean 30 % off).
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial

import numpy as np
import numpy.typing as npt

from bench.measure import Result, Row, Sample, timed
from mesh_orchestration.anomalies.baseline import expect
from mesh_orchestration.anomalies.series import METRICS, Point

Values = npt.NDArray[np.float64]
BEGIN = datetime(2026, 1, 5, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
TRIALS = 300


def level(noise: np.random.Generator, length: int) -> Values:
    return 1000 * np.exp(noise.normal(0, 0.05, length))


def growing(noise: np.random.Generator, length: int) -> Values:
    return (10_000 + 300 * np.arange(length)) * np.exp(noise.normal(0, 0.01, length))


def hourly(noise: np.random.Generator, length: int) -> Values:
    return level(noise, length) * (1 + 0.8 * np.sin(2 * np.pi * np.arange(length) / 24))


def daily(noise: np.random.Generator, length: int) -> Values:
    return level(noise, length) * np.where(np.arange(length) % 7 >= 5, 0.3, 1)


def both(noise: np.random.Generator, length: int) -> Values:
    return hourly(noise, length) * np.where((np.arange(length) // 24) % 7 >= 5, 0.5, 1)


def nulls(noise: np.random.Generator, length: int) -> Values:
    return noise.binomial(5000, 0.02, length) / 5000


def mean(noise: np.random.Generator, length: int) -> Values:
    return noise.normal(3.1, 0.05, length)


def walk(noise: np.random.Generator, length: int) -> Values:
    return 1000 + np.cumsum(noise.normal(0, 5, length))


@dataclass(frozen=True)
class Judged:
    """How many usual publications were told as odd, how many odd ones were found, and what all of it took."""

    told: int
    found: int
    spent: Sample


Judge = Callable[[Sequence[Point], Point, str], bool]
Case = tuple[Callable[[np.random.Generator, int], Values], timedelta, int, str, float]
CASES: tuple[Case, ...] = (
    *((level, HOUR, length, "rows", 0.5) for length in (12, 20, 30, 100)),
    *((growing, DAY, length, "rows", 0.7) for length in (12, 30, 100)),
    *((hourly, HOUR, length, "rows", 0.5) for length in (80, 150)),
    *((daily, DAY, length, "rows", 0.5) for length in (28, 60, 200)),
    (both, HOUR, 719, "rows", 0.5),
    *((nulls, HOUR, length, "nulls", 3) for length in (12, 50)),
    *((mean, HOUR, length, "mean", 1.3) for length in (12, 50)),
    *((walk, HOUR, length, "mean", 1.3) for length in (12, 50)),
)


def run() -> tuple[Result, ...]:
    """Every series of ``CASES`` judged ``TRIALS`` times; the anchor is what people write first: three deviations."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        deviations = [_judged(case, _within_deviations) for case in CASES]
        ours = [_judged(case, _as_expected) for case in CASES]
    anchor = _row("anchor: three deviations around the mean, all series", deviations)
    rows = [_row(f"{case[0].__name__}, {case[2]} points", [one]) for case, one in zip(CASES, ours, strict=True)]
    together, count = _row("all series", ours, anchor), len(CASES) * TRIALS
    told = {name: sum(one.told for one in judged) for name, judged in (("anchor", deviations), ("ours", ours))}
    found = {name: sum(one.found for one in judged) for name, judged in (("anchor", deviations), ("ours", ours))}
    return (
        Result(
            title="Anomalies",
            question="How often are usual publications told as odd, how many odd ones are found, what does it cost?",
            rows=(anchor, together, *rows),
            aims=(
                ("usual publications told as odd, %", 0.5, 100 * told["ours"] / count),
                ("odd publications missed, %", 1.0, 100 - 100 * found["ours"] / count),
                ("one judgement of the slowest series, ms", 50.0, max(row.wall for row in rows) * 1000),
            ),
            notes=(
                f"of {count} usual ones {told['ours']} were told as odd, of {count} odd ones {found['ours']} found",
                f"by the anchor {told['anchor']} and {found['anchor']}; it takes {anchor.wall * 1e6:.0f} µs",
                "times are those of one judgement; each series is judged as it is and once more changed",
            ),
        ),
    )


def _judged(case: Case, holds: Judge) -> Judged:
    """What ``holds`` says of ``TRIALS`` series of a case."""
    series, step, length, metric, factor = case
    chance = np.random.default_rng(1)
    told = found = 0
    spent = Sample(0.0, 0.0)
    for _ in range(TRIALS):
        values = series(chance, length + 1)
        *history, usual = (Point(BEGIN + step * number, number, float(value)) for number, value in enumerate(values))
        verdicts: list[bool] = []
        for last in (usual, replace(usual, value=usual.value * factor)):
            one = timed(partial(_judge, verdicts, partial(holds, history, last, metric)))
            spent = Sample(spent.wall + one.wall, spent.cpu + one.cpu)
        told += not verdicts[0]
        found += not verdicts[1]
    return Judged(told, found, spent)


def _judge(verdicts: list[bool], holds: Callable[[], bool]) -> None:
    verdicts.append(holds())


def _as_expected(history: Sequence[Point], last: Point, metric: str) -> bool:
    expected = expect(history, last.at, METRICS[metric])
    assert expected is not None
    return expected.holds(last.value)


def _within_deviations(history: Sequence[Point], last: Point, _: str) -> bool:
    values = np.array([point.value for point in history])
    return bool(abs(last.value - values.mean()) <= 3 * values.std())


def _row(label: str, judged: Sequence[Judged], anchor: Row | None = None) -> Row:
    calls = 2 * TRIALS * len(judged)
    wall, cpu = sum(one.spent.wall for one in judged) / calls, sum(one.spent.cpu for one in judged) / calls
    ratios = (wall / anchor.wall, cpu / anchor.cpu) if anchor else (0.0, 0.0)
    return Row(label, wall, cpu, wall_ratio=ratios[0], cpu_ratio=ratios[1], runs=calls)
