"""The largest value lies between two bounds."""

from mesh_orchestration.expectations import arguments as args
from mesh_orchestration.expectations.base import column_aggregate, judge_between
from mesh_orchestration.expectations.ordering import BETWEEN
from mesh_orchestration.expectations.question import Measure

EXPECTATION = column_aggregate(
    *args.BOUNDS,
    rule=args.bounded,
    order=(BETWEEN,),
    ask=lambda given: Measure("max", given["column"]),
    judge=judge_between,
)
