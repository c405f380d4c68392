"""Each of some quantiles lies in its range, within a relative 0.0001 of its ends."""

from math import inf
from typing import Any

from mesh_orchestration.expectations import arguments as args
from mesh_orchestration.expectations.arguments import Arguments
from mesh_orchestration.expectations.base import column_aggregate
from mesh_orchestration.expectations.ordering import Ordering, Relation, ranges, together
from mesh_orchestration.expectations.question import Quantiles, Reading, Verdict

_METHODS = ("linear", "lower", "higher", "midpoint", "nearest")


def _fits(value: Any, low: Any, high: Any) -> bool:
    if value is None or value != value:  # NaN is the only value unequal to itself
        return False
    return (
        _close(value, low)
        or _close(value, high)
        or (-inf if low is None else low) <= value <= (inf if high is None else high)
    )


def _close(value: Any, bound: Any) -> bool:
    return bound is not None and abs(float(value) - float(bound)) <= 1e-8 + 1e-4 * abs(float(bound))


def _judge(given: Arguments, reading: Reading) -> Verdict:
    ranges = given["quantile_ranges"]
    fits = [_fits(value, *bounds) for value, bounds in zip(reading.value, ranges["value_ranges"], strict=True)]
    observed = {"quantiles": list(ranges["quantiles"]), "values": list(reading.value)}
    return Verdict(all(fits), observed, {"success_details": fits})


def _relate(old: Arguments, new: Arguments) -> Relation:
    before, after = old["quantile_ranges"], new["quantile_ranges"]
    if list(before["quantiles"]) != list(after["quantiles"]):
        return "changed"
    return together(map(ranges, before["value_ranges"], after["value_ranges"]))


EXPECTATION = column_aggregate(
    args.Argument("quantile_ranges", args.quantile_ranges, required=True),
    args.Argument("allow_relative_error", args.one_of(False, *_METHODS), default=False),
    ask=lambda given: Quantiles(
        given["column"],
        tuple(given["quantile_ranges"]["quantiles"]),
        given["allow_relative_error"] or "nearest",
    ),
    judge=_judge,
    order=(Ordering(("quantile_ranges",), _relate),),
)
