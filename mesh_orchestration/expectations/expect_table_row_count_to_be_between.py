"""The number of rows lies between two bounds."""

from mesh_orchestration.expectations import arguments as args
from mesh_orchestration.expectations.base import Expectation, judge_between
from mesh_orchestration.expectations.question import Measure

EXPECTATION = Expectation(
    domain="table",
    arguments=args.COUNTS,
    rule=args.bounded,
    ask=lambda _: Measure("rows"),
    judge=judge_between,
)
