"""What history lets expect of the next number: a season where there is one, a trend, and the usual scatter around it.

Seasons are taken out by STL (Cleveland et al. 1990), or MSTL for several, in its robust form, so that odd values of
the past do not become the rule; where there is none, a robust line (Huber's M-estimator) goes through the newest
points. The scatter is the robust scale of what is left. Nothing here reads a clock.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from mesh_orchestration.anomalies.series import Expected, Metric, Point

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Array = npt.NDArray[np.float64]

ENOUGH = 12
"""How many publications a baseline needs."""
TOLERANCE = 5.0
"""How many times the usual scatter a value may be off."""
_RECENT = 30
_DAY = timedelta(days=1)
_SEASONS = {"daily": _DAY, "weekly": 7 * _DAY}
_SMOOTH = 13
"""Over how many rounds a season may change its form (``n_s`` of STL)."""
_ROUNDS = {"inner_iter": 2, "outer_iter": 4}
_WORTH = 0.7
"""The share of the scatter that may be left when the rounds before foretell the next one."""
_STRENGTH = 0.5
"""The share of the scatter that a season has to explain before it counts (Wang, Smith and Hyndman 2006)."""


def expect(
    history: Sequence[Point], at: datetime, metric: Metric, *, enough: int = ENOUGH, tolerance: float = TOLERANCE
) -> Expected | None:
    """The range that ``history`` (oldest first) lets expect at ``at``; None when it is too short to say."""
    import numpy as np

    if len(history) < enough:
        return None
    values = np.array([point.value for point in history], dtype=float)
    if np.ptp(values[-_RECENT:]) == 0:
        return _range(float(values[-1]), 0.0, metric, len(history))
    scaled = np.log1p(np.maximum(values, 0)) if metric.scaled else values
    if metric.late:
        return _longest(values, metric, tolerance)
    seconds = np.array([point.at.timestamp() for point in history])
    found = _seasonal(scaled, seconds, at.timestamp()) or (*_line(scaled, seconds, at.timestamp()), "")
    middle, scatter, rhythm = found
    # Few points know their scatter badly: the range is wider then.
    off = tolerance * scatter * (1 + 6 / len(history))
    if not metric.scaled:
        return _range(middle, off, metric, len(history), rhythm)
    low, high = float(np.expm1(middle - off)), float(np.expm1(min(middle + off, 600.0)))
    centre = max(float(np.expm1(middle)), 0.0)
    floor = _floor(centre, metric)
    return Expected(max(min(low, centre - floor), 0.0), max(high, centre + floor), centre, len(history), rhythm)


def _range(middle: float, off: float, metric: Metric, points: int, rhythm: str = "") -> Expected:
    off = max(off, _floor(middle, metric))
    low, high = middle - off, middle + off
    if metric.unit != "number":
        low = max(low, 0.0)
    if metric.unit == "share":
        high = min(high, 1.0)
    return Expected(0.0 if metric.late else low, high, middle, points, rhythm)


def _floor(middle: float, metric: Metric) -> float:
    return max(metric.floor, metric.relative * abs(middle), 1e-9 * abs(middle))


def _longest(values: Array, metric: Metric, tolerance: float) -> Expected:
    """Lengths of time: a pause is usual when it is no longer than the longer ones before (of weekends, of nights)."""
    import numpy as np
    from statsmodels.robust.scale import mad

    middle = float(np.median(values))
    longest = max(middle + tolerance * float(mad(values)), float(np.quantile(values, 0.95)))
    return _range(middle, longest * (1 + metric.relative) - middle, metric, len(values))


def _line(values: Array, seconds: Array, at: float) -> tuple[float, float]:
    """A robust line through the newest points: what it says of ``at``, and the scatter around it."""
    import numpy as np
    from statsmodels.robust.norms import HuberT
    from statsmodels.robust.robust_linear_model import RLM

    values, seconds = values[-_RECENT:], seconds[-_RECENT:]
    span = max(float(seconds[-1] - seconds[0]), 1.0)
    places = (seconds - seconds[0]) / span
    level = float(np.median(values))
    flat = _scale(values - level)
    if flat == 0:  # most are the very same: a line has nothing to add
        return level, float(np.std(values - level)) / 2
    fit = RLM(values, np.column_stack([np.ones_like(places), places]), M=HuberT()).fit()
    left = values - fit.fittedvalues
    scatter = _scale(left)
    if scatter > 0.7 * flat:  # no trend that is worth following
        return level, flat
    ahead = min((at - seconds[0]) / span, 1 + 3 / len(values))  # after a long silence a line is no prophecy
    return float(fit.params[0] + fit.params[1] * ahead), max(scatter, 1e-12)


def _seasonal(values: Array, seconds: Array, at: float) -> tuple[float, float, str] | None:
    """What the seasons of the series say of ``at``, the scatter around them and their names; None without a season."""
    import numpy as np
    from statsmodels.tsa.seasonal import MSTL, STL

    step = float(np.median(np.diff(seconds)))
    if step <= 0:
        return None
    places = np.rint((seconds - seconds[0]) / step).astype(int)
    length = int(places[-1]) + 1
    if length > 3 * len(values) or len(np.unique(places)) < 0.8 * len(values):
        return None  # publications without any rhythm
    periods = {
        name: round(season.total_seconds() / step)
        for name, season in _SEASONS.items()
        if 4 <= round(season.total_seconds() / step) <= length // 3
    }
    if not periods:
        return None
    grid = np.interp(np.arange(length), places, values)
    longest = max(periods.values())
    jump = max(1, longest // 10)
    jumps = {"trend_jump": jump, "low_pass_jump": jump}
    if len(periods) == 1:
        fit = STL(grid, period=longest, seasonal=_SMOOTH, robust=True, **jumps).fit(**_ROUNDS)
        seasons = np.asarray(fit.seasonal)[:, None]
    else:
        said = {"robust": True, **jumps, **_ROUNDS}
        windows = [_SMOOTH] * len(periods)
        fit = MSTL(grid, periods=list(periods.values()), windows=windows, stl_kwargs=said).fit()
        seasons = np.asarray(fit.seasonal)
    left = grid - np.asarray(fit.trend) - seasons.sum(axis=1)
    kept = {
        name: (period, seasons[:, number])
        for number, (name, period) in enumerate(periods.items())
        if _strength(left, seasons[:, number]) >= _STRENGTH
    }
    if not kept:
        return None
    trend, begin = np.asarray(fit.trend), 2 * max(period for period, _ in kept.values())
    places = np.array([*range(begin, length), max(round((at - seconds[0]) / step), length)])
    told = np.sum([_again(season, period, places) for period, season in kept.values()], axis=0)
    without = grid[begin:] - trend[begin:]
    off = _scale(without - told[:-1])
    if off > _WORTH * _scale(without):
        return None  # it explains the past and foretells nothing
    return float(trend[-1] + told[-1]), off, " and ".join(kept)


def _again(season: Array, period: int, places: npt.NDArray[np.int_]) -> Array:
    """What a season was when it last stood where it stands at ``places``: the mean of the two rounds before each."""
    import numpy as np

    rounds = np.maximum(1, -(-(places - len(season) + 1) // period))
    return np.asarray((season[places - rounds * period] + season[places - (rounds + 1) * period]) / 2)


def _strength(left: Array, season: Array) -> float:
    import numpy as np

    both = float(np.var(left + season))
    return 0.0 if both == 0 else max(0.0, 1 - float(np.var(left)) / both)


def _scale(left: Array) -> float:
    """How far values usually are from the middle, as a standard deviation; a few that are far off do not count."""
    import numpy as np
    from statsmodels.robust.scale import mad

    return max(float(mad(left, center=0)), float(np.quantile(np.abs(left), 0.8)) / 1.2816)
