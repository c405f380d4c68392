"""The sum of the values lies between two bounds; the sum of no values is 0."""

from mesh_orchestration.expectations import arguments as args
from mesh_orchestration.expectations.base import column_aggregate, judge_between
from mesh_orchestration.expectations.ordering import BETWEEN
from mesh_orchestration.expectations.question import Measure

EXPECTATION = column_aggregate(
    *args.NUMBERS,
    rule=args.bounded,
    order=(BETWEEN,),
    ask=lambda given: Measure("sum", given["column"]),
    judge=judge_between,
)
