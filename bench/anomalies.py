"""How often usual publications are told as odd, how many odd ones are found, and what a judgement costs.

    python -m bench.anomalies [--trials 300]

Made-up series with a known seed: noise, growth, daily and weekly seasons, shares, means and a random walk. The last
value of each is judged as it is, and once more changed (half the rows, three times the nulls, a mean 30 % off).
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import numpy as np
import numpy.typing as npt

from mesh_orchestration.anomalies.baseline import expect
from mesh_orchestration.anomalies.series import METRICS, Point

Values = npt.NDArray[np.float64]
BEGIN = datetime(2026, 1, 5, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
NOISE = np.random.default_rng(1)


def level(length: int) -> Values:
    return 1000 * np.exp(NOISE.normal(0, 0.05, length))


def growing(length: int) -> Values:
    return (10_000 + 300 * np.arange(length)) * np.exp(NOISE.normal(0, 0.01, length))


def hourly(length: int) -> Values:
    return level(length) * (1 + 0.8 * np.sin(2 * np.pi * np.arange(length) / 24))


def daily(length: int) -> Values:
    return level(length) * np.where(np.arange(length) % 7 >= 5, 0.3, 1)


def both(length: int) -> Values:
    return hourly(length) * np.where((np.arange(length) // 24) % 7 >= 5, 0.5, 1)


def nulls(length: int) -> Values:
    return NOISE.binomial(5000, 0.02, length) / 5000


def mean(length: int) -> Values:
    return NOISE.normal(3.1, 0.05, length)


def walk(length: int) -> Values:
    return 1000 + np.cumsum(NOISE.normal(0, 5, length))


Case = tuple[Callable[[int], Values], timedelta, int, str, float]
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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--trials", type=int, default=300)
    trials = parser.parse_args().trials
    warnings.simplefilter("ignore")
    total = np.zeros(3, dtype=int)
    for series, step, length, metric, factor in CASES:
        false = found = 0
        begun = time.perf_counter()
        for _ in range(trials):
            values = series(length + 1)
            points = [Point(BEGIN + step * number, number, float(value)) for number, value in enumerate(values)]
            expected = expect(points[:-1], points[-1].at, METRICS[metric])
            assert expected is not None
            false += not expected.holds(points[-1].value)
            found += not expected.holds(points[-1].value * factor)
        cost = 1000 * (time.perf_counter() - begun) / trials
        total += [trials, false, found]
        print(f"{series.__name__:8} {length:4} points: {false:2} false, {found}/{trials} found, {cost:5.1f} ms")
    print(f"together: {total[1]} false of {total[0]}, {total[2]} of {total[0]} found")


if __name__ == "__main__":
    main()
