"""The share of rows with a value lies between two bounds; 0 without rows."""

from mesh_orchestration.expectations import arguments as args
from mesh_orchestration.expectations.base import column_aggregate, judge_share
from mesh_orchestration.expectations.ordering import BETWEEN
from mesh_orchestration.expectations.question import Measure, Measures

EXPECTATION = column_aggregate(
    *args.SHARES,
    rule=args.bounded,
    order=(BETWEEN,),
    ask=lambda given: Measures((Measure("present", given["column"]), Measure("rows"))),
    judge=judge_share,
)
