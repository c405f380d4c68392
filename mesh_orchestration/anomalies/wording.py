"""Anomalies in words: a value in its own unit, and why it is odd in one sentence."""

from __future__ import annotations

from datetime import timedelta

from mesh_orchestration.anomalies.series import DISTINCT, FAILING, GAP, METRICS, NULLS, Expected, Key
from mesh_orchestration.contract.duration import span

_NAMES = {
    "rows": "rows",
    "gap": "time between publications",
    "delay": "age of the newest event",
    "nulls": "nulls",
    "mean": "mean",
    "distinct": "distinct values",
    "failing": "rows that fail",
}


def title(key: Key) -> str:
    """What a series is about: ``rows``, ``nulls of amount``."""
    if not key.subject:
        return _NAMES[key.metric]
    return f"{_NAMES[key.metric]} {'' if key.metric == FAILING else 'of '}{key.subject}"


def amount(metric: str, value: float) -> str:
    """A value in the unit of its metric: ``1,204``, ``3.5%``, ``2h 5m``."""
    unit = METRICS[metric].unit
    if unit == "seconds":
        return span(timedelta(seconds=round(value)))
    if unit == "share":
        return f"{value * 100:.3g}%"
    return f"{value:,.0f}" if unit in ("rows", "values") else f"{value:,.6g}"


def usual(metric: str, expected: Expected) -> str:
    """The expected range: ``980 to 1,050``, ``at most 2h``."""
    if METRICS[metric].late:
        return f"at most {amount(metric, expected.high)}"
    low, high = amount(metric, expected.low), amount(metric, expected.high)
    return f"{low} to {high}" if low != high else low


def sentence(key: Key, value: float, expected: Expected) -> str:
    """What was seen, what was expected, from what, and how far off it is."""
    rhythm = f", {expected.rhythm} rhythm" if expected.rhythm else ""
    seen, range_ = amount(key.metric, value), usual(key.metric, expected)
    told = f"{title(key)}: {seen}, expected {range_} ({expected.points} publications{rhythm})"
    return f"{told}; {_off(key.metric, value, expected.middle)}"


def silence(value: float, expected: Expected) -> str:
    """That a publication is overdue, by the pauses between earlier ones."""
    return (
        f"nothing was published for {amount(GAP, value)}; the pause is usually {amount(GAP, expected.middle)}, "
        f"{usual(GAP, expected)} ({expected.points} publications)"
    )


def _off(metric: str, value: float, middle: float) -> str:
    common = amount(metric, middle)
    if metric in (NULLS, FAILING):
        return f"usual is {common}, {abs(value - middle) * 100:.3g} points {'less' if value < middle else 'more'}"
    if middle == 0 or METRICS[metric].unit == "seconds":
        return f"usual is {common}"
    share = value / middle - 1
    word = {True: "fewer", False: "more"} if metric in ("rows", DISTINCT) else {True: "lower", False: "higher"}
    return f"usual is {common}, {abs(share) * 100:,.3g}% {word[share < 0]}"
