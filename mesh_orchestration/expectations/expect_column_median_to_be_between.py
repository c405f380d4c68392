"""The median of the values lies between two bounds."""

from mesh_orchestration.expectations import arguments as args
from mesh_orchestration.expectations.base import column_aggregate, judge_between
from mesh_orchestration.expectations.ordering import BETWEEN
from mesh_orchestration.expectations.question import Quantiles, Reading

EXPECTATION = column_aggregate(
    *args.NUMBERS,
    rule=args.bounded,
    order=(BETWEEN,),
    ask=lambda given: Quantiles(given["column"], (0.5,), "linear"),
    judge=lambda given, reading: judge_between(given, Reading(reading.value[0])),
)
