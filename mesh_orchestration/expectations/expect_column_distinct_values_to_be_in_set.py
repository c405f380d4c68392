"""Every distinct value is a member of a set."""

from mesh_orchestration.expectations import arguments as args
from mesh_orchestration.expectations.base import column_aggregate, judge_members
from mesh_orchestration.expectations.ordering import fewer
from mesh_orchestration.expectations.question import Members

EXPECTATION = column_aggregate(
    args.VALUE_SET,
    order=(fewer("value_set"),),
    ask=lambda given: Members(given["column"], tuple(given["value_set"]), absent=False),
    judge=judge_members,
)
