"""The number of distinct values, as a share of the values, lies between two bounds; 0 without values."""

from mesh_orchestration.expectations import arguments as args
from mesh_orchestration.expectations.base import column_aggregate, judge_share
from mesh_orchestration.expectations.ordering import BETWEEN
from mesh_orchestration.expectations.question import Measure, Measures

EXPECTATION = column_aggregate(
    *args.SHARES,
    rule=args.bounded,
    order=(BETWEEN,),
    ask=lambda given: Measures((Measure("distinct", given["column"]), Measure("present", given["column"]))),
    judge=judge_share,
)
