"""The number of rows lies between two bounds."""

from mesh_orchestration.expectations import arguments as args
from mesh_orchestration.expectations.base import Expectation, judge_between
from mesh_orchestration.expectations.ordering import BETWEEN
from mesh_orchestration.expectations.question import Measure

EXPECTATION = Expectation(
    domain="table",
    arguments=args.COUNTS,
    rule=args.bounded,
    order=(BETWEEN,),
    ask=lambda _: Measure("rows"),
    judge=judge_between,
)
