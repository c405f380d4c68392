"""The distinct values are exactly the members of a set."""

from mesh_orchestration.expectations import arguments as args
from mesh_orchestration.expectations.base import column_aggregate, judge_members
from mesh_orchestration.expectations.question import Members

EXPECTATION = column_aggregate(
    args.VALUE_SET,
    ask=lambda given: Members(given["column"], tuple(given["value_set"])),
    judge=judge_members,
)
